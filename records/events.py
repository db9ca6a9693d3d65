"""Defines what a call tells its record: small events, each a JSON line that can be told again without harm.

Only the standard library: a call's process makes them, and has nothing of a database in its memory.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

# What an event is about; docs/records.md says which fields each has.
BEGUN, ANSWERED, LEFT, ENDED, DIED = "begun", "answered", "left", "ended", "died"
HEARD, REPLIED, TOOL, FAULT, TRANSFER = "heard", "replied", "tool", "fault", "transfer"
CONSENT, USAGE, RECORDING, OUTCOME, DROPPED = "consent", "usage", "recording", "outcome", "dropped"
KINDS = frozenset(
    (
        BEGUN, ANSWERED, LEFT, ENDED, DIED, HEARD, REPLIED, TOOL, FAULT, TRANSFER, CONSENT, USAGE, RECORDING, OUTCOME,
        DROPPED,
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One thing that happened in a call, told by the `generation`-th agent that carries it."""

    call: str
    generation: int
    sequence: int
    """Counts an agent's events of one call: an event is known by these three."""
    kind: str
    at: float
    """Unix time, in seconds."""
    about: dict[str, Any] = field(default_factory=dict)

    def as_line(self) -> bytes:
        """Write the event as one line of JSON."""
        return _encoded(asdict(self)) + b"\n"


def _encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), default=str).encode()


def read_line(line: bytes) -> CallEvent | None:
    """Read a line back; None for one that was torn, or that is none of ours."""
    try:
        content = json.loads(line)
        event = CallEvent(**content)
    except (ValueError, TypeError, RecursionError):
        return None
    whole = (
        isinstance(event.call, str) and 0 < len(event.call) <= 64
        and type(event.generation) is int and type(event.sequence) is int
        and isinstance(event.at, int | float) and isinstance(event.about, dict)
        and event.kind in KINDS
    )  # fmt: skip
    return event if whole else None


# Kind -> what of it was said, or keyed in.
_WORDS = {HEARD: ("heard",), REPLIED: ("reply",), TOOL: ("arguments",), TRANSFER: ("to",), BEGUN: ("number",),
          OUTCOME: ("summary", "outcome")}  # fmt: skip


def without_words(line: bytes) -> bytes:
    """Return an event's line without what was said, and as long as it was; any other line as it is."""
    event = read_line(line)
    for name in () if event is None else _WORDS.get(event.kind, ()):
        value = event.about.get(name) if event is not None else None
        written = _encoded({name: value})[1:-1]
        if value is not None and len(written) >= len(empty := b'"%s":null' % name.encode()):
            line = line.replace(written, empty + b" " * (len(written) - len(empty)))
    return line


def call_id_of(room_sid: str) -> str:
    """Return the id of the call in a LiveKit room: whoever is sent into the same room carries the same call."""
    return hashlib.sha256(f"vaani call\n{room_sid}".encode()).hexdigest()[:32]


def tombstone_of(call_id: str) -> str:
    """Return what an erased call leaves: enough to know it again, nothing to find it by."""
    return hashlib.sha256(call_id.encode()).hexdigest()
