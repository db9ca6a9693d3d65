"""Seals the state of a call, so that its room can carry it and nobody in the room can read it.

Pure: bytes in, bytes out. docs/decisions/0007-call-state-in-sealed-room-metadata.md says why it lives in the room.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import TypeAdapter

from records.events import call_id_of
from worker.language import LanguageState
from worker.ticket import Ticket

METADATA_KEY = "vaani.call"
FOREIGN_KEY = "metadata"
VERSION = "v1."
NONCE_BYTES = 12
# Every change of the room's metadata goes to everybody in the room: a conversation keeps its newest part only.
MAX_CONVERSATION_BYTES = 12_000
LONGEST_SEALED_CHARACTERS = 64_000


@dataclass(frozen=True, slots=True)
class CallState:
    """Snapshots one call, as another worker needs it to go on."""

    agent: str
    """Identity of the agent that wrote it."""
    language: str
    started_at: float
    """Epoch seconds: the longest call counts from here, whoever carries it."""
    turns: int = 0
    messages: tuple[tuple[str, str], ...] = ()
    """(role, text), role `user` or `assistant`, oldest first."""
    summary: str = ""
    """What was said before these, in a few sentences; nothing in a short call."""
    cut_short: bool = False
    """Something was being said when the writer left."""
    over: bool = False
    """The call has been ended on purpose: nobody is to come after."""
    beat: int = 0
    """Counts up while the writer lives."""
    # What else the turns have decided about the language. Beside `language`, not in it: an older release reads that.
    language_wished: bool = False
    language_leaning: str | None = None
    language_leaning_turns: int = 0
    call_id: str = ""
    """Under which the call's record is kept."""
    consent: dict[str, Any] = field(default_factory=dict)
    """What the caller has decided about the keeping of this call: worker.consent."""

    @property
    def language_state(self) -> LanguageState:
        """Return what the turns so far have decided about the language, as the next turn needs it."""
        return LanguageState(
            self.language,
            wished=self.language_wished,
            leaning=self.language_leaning,
            leaning_turns=self.language_leaning_turns,
        )


@dataclass(frozen=True, slots=True)
class Succession:
    """Says why an agent is sent into a room that had one; travels as the dispatch's metadata."""

    reason: str
    """`crashed`, `lost`, `handover`, or `busy`: there is nobody to talk to, say so."""
    generation: int = 0
    """Becomes part of the agent's identity: LiveKit lets one identity be in a room once, so two can never stay."""
    previous: str = ""
    """Identity of the agent before."""
    caller: str = ""
    """The fingerprint of the call's ticket (worker.ticket)."""
    ticket_at_seconds: float = 0.0
    """Unix time at which that ticket was made; 0 for a call without one."""
    call_id: str = ""
    """Under which the call's record is kept, if whoever sends the agent knows it."""
    traceparent: str = ""
    """Which trace the call belongs to, from its ticket."""
    first_metadata: str = ""
    """What the dispatch said that began the call: of an outbound one, what it is for."""

    @property
    def identity(self) -> str:
        """Return the identity of the agent that follows this."""
        return f"vaani-{'busy' if self.reason == 'busy' else f'agent-{self.generation}'}"

    @property
    def ticket(self) -> Ticket:
        """Return the ticket that the call began with."""
        return Ticket(self.ticket_at_seconds, self.caller, traceparent=self.traceparent)


def id_of_call(room_sid: str, succession: Succession | None) -> str:
    """Return the id under which a call is kept: what the agents before this one have used, else its room's."""
    return (succession.call_id if succession is not None else "") or call_id_of(room_sid)


Sealed = TypeVar("Sealed", CallState, Succession)


class Seal:
    """Seals and opens texts; bound to LiveKit's API secret, which every worker of a project has and no caller."""

    def __init__(self, api_secret: str) -> None:
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"vaani call state v1").derive(api_secret.encode())
        self._cipher = AESGCM(key)

    def seal(self, content: CallState | Succession, room: str) -> str:
        """Return a text that only this project's workers can read, and only for this room and this kind of content."""
        nonce = os.urandom(NONCE_BYTES)
        plain = json.dumps(asdict(content), ensure_ascii=False).encode(errors="replace")
        sealed = self._cipher.encrypt(nonce, plain, _bound_to(type(content), room))
        return VERSION + base64.urlsafe_b64encode(nonce + sealed).decode()

    def open_state(self, text: str, room: str) -> CallState | None:
        """Open what we sealed for this room; None for anything else."""
        return self._open(text, room, CallState)

    def open_succession(self, text: str, room: str) -> Succession | None:
        """Open what we sealed for this room; None for anything else."""
        return self._open(text, room, Succession)

    def _open(self, text: str, room: str, kind: type[Sealed]) -> Sealed | None:
        if not text.startswith(VERSION) or len(text) > LONGEST_SEALED_CHARACTERS:
            return None
        try:
            raw = base64.b64decode(text.removeprefix(VERSION), altchars=b"-_", validate=True)
            plain = self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _bound_to(kind, room))
            # Workers of two releases share a server: an older one ignores what a newer one has added, and takes what
            # it cannot understand for nothing.
            return TypeAdapter(kind).validate_json(plain)
        except (InvalidTag, ValueError):
            return None


def _bound_to(kind: type[CallState | Succession], room: str) -> bytes:
    return f"{kind.__name__}\n{room}".encode()


def without_half_characters(text: str) -> str:
    """Replace half surrogate pairs by `?`: JSON can carry one, UTF-8 and therefore LiveKit cannot."""
    return text.encode(errors="replace").decode()


def newest(
    messages: Iterable[tuple[str, str]], most_bytes: int = MAX_CONVERSATION_BYTES
) -> tuple[tuple[str, str], ...]:
    """Return the end of a conversation that fits; a last message that is too long alone is cut."""
    kept: list[tuple[str, str]] = []
    room_left = most_bytes
    for role, said in reversed(list(messages)):
        text = without_half_characters(said)
        size = len(text.encode())
        if size > room_left:
            if not kept:
                kept.append((role, text.encode()[-most_bytes:].decode(errors="ignore")))
            break
        kept.append((role, text))
        room_left -= size
    return tuple(reversed(kept))


def into_metadata(existing: str, sealed: str) -> str:
    """Return the room's metadata with our part laid into it; what somebody else has put there stays."""
    content = _as_object(existing)
    if content is None:
        content = {FOREIGN_KEY: existing} if existing else {}
    return without_half_characters(json.dumps(content | {METADATA_KEY: sealed}, ensure_ascii=False))


def from_metadata(metadata: str) -> str:
    """Return our part of the room's metadata, or nothing."""
    content = _as_object(metadata)
    sealed = content.get(METADATA_KEY) if content else None
    return sealed if isinstance(sealed, str) else ""


def _as_object(metadata: str) -> dict[str, Any] | None:
    try:
        content = json.loads(metadata)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
