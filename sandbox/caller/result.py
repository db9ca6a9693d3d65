"""What a placed call came to: exactly `out/call.json` of interfaces.md, plus the documented keys below it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class CallError:
    """Something that made the call worse than good. `at_seconds` is on the clock of `call.wav`."""

    code: str
    message: str
    at_seconds: float


@dataclass(frozen=True, slots=True)
class TurnResult:
    """One turn that was spoken.

    The first eight fields are fixed by interfaces.md. `started_seconds` and `ended_seconds` are the first and the last
    voiced frame on the clock of `call.wav`; `barge_in_seconds` is voice onset to the agent's silence, when the agent
    was speaking at the onset; `stages` is what the worker said about its own time (`vaani.turn`).
    """

    said: str
    heard: str
    heard_language: str | None
    reply: str
    reply_language: str | None
    scripted: bool
    voice_to_voice_seconds: float | None
    cut_off: bool
    language: str = "en-IN"
    started_seconds: float = 0.0
    ended_seconds: float = 0.0
    barge_in_seconds: float | None = None
    stages: Mapping[str, Any] | None = None

    @property
    def answered(self) -> bool:
        return self.voice_to_voice_seconds is not None


@dataclass(frozen=True, slots=True)
class CallResult:
    """One call.

    The first four fields are fixed by interfaces.md. `ended_by` is `agent`, `caller`, `connection` or None (never
    connected); `agent_audio` lists when the agent was audible; `transcript` is every line of both sides as the room
    told it (`by` caller or agent); `worst_late_seconds` is how late the caller's own
    microphone once was: above 0.05 the machine was too busy for the figures to be trusted.
    """

    room: str
    greeting_seconds: float | None
    turns: tuple[TurnResult, ...]
    errors: tuple[CallError, ...]
    plan: str = "call"
    turns_planned: int = 0
    greeting: str = ""
    ended_by: str | None = None
    duration_seconds: float = 0.0
    agent_audio: tuple[tuple[float, float], ...] = ()
    transcript: tuple[Mapping[str, Any], ...] = ()
    notices: tuple[Mapping[str, Any], ...] = ()
    usage: Mapping[str, Any] | None = None
    cost_rupees: float | None = None
    worst_late_seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Every planned turn was answered and nothing went wrong."""
        answered = sum(turn.answered for turn in self.turns)
        return not self.errors and self.greeting_seconds is not None and answered == self.turns_planned

    def to_json(self) -> dict[str, Any]:
        """The object of `out/call.json`; times in seconds, rounded to the millisecond."""
        names = self.__slots__
        values = {name: getattr(self, name) for name in names}
        values["turns"] = [{name: getattr(turn, name) for name in turn.__slots__} for turn in self.turns]
        values["errors"] = [{name: getattr(error, name) for name in error.__slots__} for error in self.errors]
        rounded: dict[str, Any] = _rounded(values)
        return rounded

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.to_json(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, Mapping):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return value
