"""Reads which calls are going on, and where each stands; no words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from console.reading.conditions import CALLS, TURNS
from records.figures import latency_of

SHOWN_MAX = 200
SILENT_AFTER = timedelta(hours=1)
"""A call that told nothing for so long is not going on: its process is gone and nobody has closed its record."""


async def calls_going_on(connection: AsyncConnection) -> list[dict[str, Any]]:
    """Each call in progress, the longest first: its state, and its last turn in numbers."""
    since = datetime.now(UTC) - SILENT_AFTER
    calls = select(
        CALLS.c.id, CALLS.c.started_at, CALLS.c.answered_at, CALLS.c.channel, CALLS.c.direction, CALLS.c.language,
        CALLS.c.turn_count, CALLS.c.fault_count, CALLS.c.rescues,
    ).where(CALLS.c.ended_at.is_(None), CALLS.c.last_event_at > since)  # fmt: skip
    rows = (await connection.execute(calls.order_by(CALLS.c.started_at).limit(SHOWN_MAX))).all()
    turns = await _last_turns(connection, [row.id for row in rows])
    return [_told(row, turns.get(row.id)) for row in rows]


async def _last_turns(connection: AsyncConnection, call_ids: list[str]) -> dict[str, Any]:
    numbers = (
        select(TURNS.c.call_id, func.max(TURNS.c.number).label("number"))
        .where(TURNS.c.call_id.in_(call_ids)).group_by(TURNS.c.call_id).subquery()
    )  # fmt: skip
    query = select(TURNS.c.call_id, TURNS.c.at, TURNS.c.replied_at, TURNS.c.reply_language, TURNS.c.stages_seconds)
    query = query.join(numbers, and_(TURNS.c.call_id == numbers.c.call_id, TURNS.c.number == numbers.c.number))
    # Of two agents' tries at one turn, the later is the one that counts.
    return {row.call_id: row for row in (await connection.execute(query.order_by(TURNS.c.generation))).all()}


def _told(call: Any, turn: Any) -> dict[str, Any]:
    state = "ringing" if call.answered_at is None else "greeted" if turn is None else "talking"
    if turn is not None and turn.replied_at is None:
        state = "answering"
    return {
        "id": call.id, "started_at": call.started_at.isoformat(), "channel": call.channel, "direction": call.direction,
        "language": (turn.reply_language if turn else None) or call.language, "state": state,
        "turns": call.turn_count, "faults": call.fault_count, "rescues": call.rescues,
        "last_turn_at": turn.at.isoformat() if turn else None,
        "latency_seconds": latency_of(turn.stages_seconds) if turn and turn.replied_at else None,
    }  # fmt: skip
