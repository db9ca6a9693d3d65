"""Reads all of one call, and leaves out what the viewer may not read before anything else sees it."""

from __future__ import annotations

from collections.abc import Sequence
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
    """A record for those who see numbers only: nothing that was said, nobody's number, nothing free in an outcome."""
    outcome = record["outcome"] if isinstance(record["outcome"], dict) else {}
    return record | {
        "number": None, "summary": None, "recording": None, "room": None,
        "outcome": {name: value for name, value in outcome.items() if isinstance(value, _PLAIN_OUTCOMES)},
        "turns": [
            turn | {"heard": None, "reply": None, "tools": [_without_arguments(tool) for tool in turn["tools"]]}
            for turn in record["turns"]
        ],
        "tools_before_turns": [_without_arguments(tool) for tool in record["tools_before_turns"]],
        "faults": [fault | {"said": None} for fault in record["faults"]],
        "transfers": [transfer | {"to": None} for transfer in record["transfers"]],
        "consents": [consent | {"reference": None} for consent in record["consents"]],
        "consent": record["consent"] and record["consent"] | {"reference": None},
    }  # fmt: skip


def _without_arguments(tool: dict[str, Any]) -> dict[str, Any]:
    return tool | {"arguments": None}


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
