"""Reads a list of calls, page by page: the last page costs as much as the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from console.cursors import Place
from console.filters import Filters
from console.reading.conditions import CALLS, narrowed, resolved

PAGE_CALLS = 50
SHOWN = (
    "id", "started_at", "answered_at", "ended_at", "end_reason", "channel", "direction", "caller", "languages",
    "turn_count", "fault_count", "length_seconds", "latency_seconds", "slowest_seconds", "rupees", "failed",
    "attention", "attention_reasons", "recording",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CallsPage:
    """One page of a list, and where the next begins, if there is one."""

    calls: Sequence[Row[Any]]
    next_place: Place | None


async def page_of_calls(
    connection: AsyncConnection, filters: Filters, *, behind: Place | None = None, limit: int = PAGE_CALLS
) -> CallsPage:
    """Read the calls that are meant, the newest first, from behind a place on."""
    dialect = connection.dialect.name
    query = narrowed(_columns(dialect), filters, dialect)
    query = query.order_by(CALLS.c.started_at.desc(), CALLS.c.id.desc()).limit(limit + 1)
    if behind is not None:
        query = query.where(
            tuple_(CALLS.c.started_at, CALLS.c.id)
            < tuple_(literal(behind.started_at, CALLS.c.started_at.type), literal(behind.call_id, CALLS.c.id.type))
        )
    rows = (await connection.execute(query)).all()
    shown = rows[:limit]
    goes_on = len(rows) > limit
    return CallsPage(shown, Place(shown[-1].started_at, shown[-1].id) if goes_on else None)


async def calls_to_hear(
    connection: AsyncConnection, filters: Filters, *, limit: int = PAGE_CALLS
) -> Sequence[Row[Any]]:
    """Read what somebody should hear first: the most urgent first, of equal ones the newest."""
    dialect = connection.dialect.name
    query = narrowed(_columns(dialect), filters, dialect).where(CALLS.c.attention > 0)
    query = query.order_by(CALLS.c.attention.desc(), CALLS.c.started_at.desc(), CALLS.c.id.desc()).limit(limit)
    rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
    return rows


def _columns(dialect: str) -> Select[Any]:
    return select(*(CALLS.c[name] for name in SHOWN), resolved(dialect).label("resolved"))
