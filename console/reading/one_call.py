"""Reads all of one call, and leaves out what the viewer may not read before anything else sees it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from console.errors import Refusal
from console.reading.conditions import CALLS
from records.reading import read_record
from records.schema import Base

_AGENTS = Base.metadata.tables["call_agents"]
_NUMBERS = (
    "id", "channel", "direction", "caller", "started_at", "answered_at", "ended_at", "end_reason", "failed",
    "languages", "handovers", "rescues", "usage", "rupees", "unpriced", "outcome_status", "words_kept",
    "events_dropped",
)  # fmt: skip
_NUMBERS_OF_A_TURN = (
    "number", "at", "replied_at", "heard_language", "reply_language", "language_reason", "interrupted",
    "stages_seconds",
)  # fmt: skip
_NUMBERS_OF_A_CONSENT = ("at", "purpose", "state", "by", "language", "notice_version", "turn")
_PLAIN_OUTCOMES = (bool, int, float, type(None))
"""What of an outcome is no words of anybody's."""


@dataclass(frozen=True, slots=True)
class CallView:
    """One call, as far as its viewer may see it."""

    record: dict[str, Any]
    figures: Row[Any]
    """What is derived of it: lengths, latencies, attention."""
    agents: Sequence[Row[Any]]
    """Everybody who carried the call, the first left out."""

    @property
    def started_at(self) -> datetime:
        return datetime.fromisoformat(self.record["started_at"])

    @property
    def greeting_seconds(self) -> float | None:
        """How long the caller waited for the first word."""
        answered = self.record["answered_at"]
        return (datetime.fromisoformat(answered) - self.started_at).total_seconds() if answered else None

    def faults_between(self, begins: str | None, ends: str | None) -> list[dict[str, Any]]:
        """The faults from one moment on, before another; None is no bound."""
        return [
            fault for fault in self.record["faults"]
            if (begins is None or fault["at"] >= begins) and (ends is None or fault["at"] < ends)
        ]  # fmt: skip


async def view_of(connection: AsyncConnection, call_id: str, *, with_words: bool) -> CallView:
    """Read a call.

    Raises:
        Refusal: 404, when there is none, or none any more.
    """
    record = await read_record(connection, call_id)
    if record is None:
        raise Refusal(404, "no_such_call")
    figures = CALLS.c["length_seconds", "latency_seconds", "slowest_seconds", "attention", "attention_reasons"]
    derived = (await connection.execute(select(*figures).where(CALLS.c.id == call_id))).one()
    agents = select(_AGENTS).where(_AGENTS.c.call_id == call_id, _AGENTS.c.generation > 0)
    rows = (await connection.execute(agents.order_by(_AGENTS.c.generation))).all()
    return CallView(record if with_words else without_words(record), derived, rows)


def without_words(record: dict[str, Any]) -> dict[str, Any]:
    """A record for those who see numbers only: what is listed here, and nothing that a later release may add."""
    outcome = record["outcome"] if isinstance(record["outcome"], dict) else {}
    return _only(record, _NUMBERS, {
        "number": None, "summary": None, "recording": None, "room": None,
        "outcome": {name: value for name, value in outcome.items() if isinstance(value, _PLAIN_OUTCOMES)},
        "promises": [_only(promise, ("status", "tool"), {"what": None}) for promise in record.get("promises") or []],
        "turns": [
            _only(turn, _NUMBERS_OF_A_TURN, {"heard": None, "reply": None, "tools": _tools(turn["tools"])})
            for turn in record["turns"]
        ],
        "tools_before_turns": _tools(record["tools_before_turns"]),
        "faults": [_only(fault, ("at", "code", "detail"), {"said": None}) for fault in record["faults"]],
        "transfers": [_only(transfer, ("at", "outcome"), {"to": None}) for transfer in record["transfers"]],
        "consents": [_only(consent, _NUMBERS_OF_A_CONSENT, {"reference": None}) for consent in record["consents"]],
        "consent": record["consent"] and _only(record["consent"], _NUMBERS_OF_A_CONSENT, {"reference": None}),
    })  # fmt: skip


def _only(whole: dict[str, Any], names: Iterable[str], besides: dict[str, Any]) -> dict[str, Any]:
    return {name: whole[name] for name in names if name in whole} | besides


def _tools(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_only(tool, ("name", "outcome", "ms"), {"arguments": None}) for tool in tools]


async def recording_of(connection: AsyncConnection, call_id: str) -> str:
    """Where the recording of a call lies.

    Raises:
        Refusal: 404.
    """
    row = (await connection.execute(select(CALLS.c.recording).where(CALLS.c.id == call_id))).one_or_none()
    if row is None:
        raise Refusal(404, "no_such_call")
    if not row.recording:
        raise Refusal(404, "no_recording")
    return str(row.recording)
