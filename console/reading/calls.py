"""Reads a list of calls, page by page: the last page costs as much as the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Row, Select, any_, literal, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from console.cursors import Place
from console.filters import Filters
from console.reading.conditions import CALLS, POSTGRESQL, WORDS, narrowed, resolved, said, said_in

PAGE_CALLS = 50
FEW_CALLS = 10_000
"""So many are sorted in a moment; words of more calls are met often enough on the way back in time."""
NEWEST_CALLS = 5_000
"""So many are looked through for words before the index is asked."""
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
    rows = await _met_among_the_newest(connection, filters, behind, limit) if filters.q else None
    if rows is None:
        query = _from_the_newest(await _narrowed(connection, filters), behind)
        rows = (await connection.execute(query.limit(limit + 1))).all()
    shown = rows[:limit]
    goes_on = len(rows) > limit
    return CallsPage(shown, Place(shown[-1].started_at, shown[-1].id) if goes_on else None)


def _from_the_newest(query: Select[Any], behind: Place | None) -> Select[Any]:
    query = query.order_by(CALLS.c.started_at.desc(), CALLS.c.id.desc())
    if behind is None:
        return query
    place = tuple_(literal(behind.started_at, CALLS.c.started_at.type), literal(behind.call_id, CALLS.c.id.type))
    return query.where(tuple_(CALLS.c.started_at, CALLS.c.id) < place)


async def _met_among_the_newest(
    connection: AsyncConnection, filters: Filters, behind: Place | None, limit: int
) -> Sequence[Row[Any]] | None:
    """Look for words in the newest calls, one after another; None where these do not fill the page.

    A word that fills it is said so often that to look it up in an index is to read the whole index of it.
    """
    dialect = connection.dialect.name
    dated = narrowed(select(CALLS.c.started_at), Filters(since=filters.since, until=filters.until), dialect)
    oldest = (await connection.execute(_from_the_newest(dated, behind).offset(NEWEST_CALLS).limit(1))).scalar()
    query = narrowed(_columns(dialect), replace(filters, q=""), dialect).where(said_in(CALLS.c.id, filters.q))
    if oldest is not None:
        query = query.where(CALLS.c.started_at >= oldest)
    rows = (await connection.execute(_from_the_newest(query, behind).limit(limit + 1))).all()
    return rows if oldest is None or len(rows) > limit else None


async def calls_to_hear(
    connection: AsyncConnection, filters: Filters, *, limit: int = PAGE_CALLS
) -> Sequence[Row[Any]]:
    """Read what somebody should hear first: the most urgent first, of equal ones the newest."""
    query = (await _narrowed(connection, filters)).where(CALLS.c.attention > 0)
    query = query.order_by(CALLS.c.attention.desc(), CALLS.c.started_at.desc(), CALLS.c.id.desc()).limit(limit)
    rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
    return rows


async def _narrowed(connection: AsyncConnection, filters: Filters) -> Select[Any]:
    """What is shown of the calls that are meant."""
    dialect = connection.dialect.name
    query = narrowed(_columns(dialect), replace(filters, q=""), dialect)
    return query.where(await _found_by_words(connection, filters.q)) if filters.q else query


async def _found_by_words(connection: AsyncConnection, words: str) -> ColumnElement[bool]:
    """Calls in which these words were said; few are looked up first.

    PostgreSQL guesses how often a word is there, and where it guesses too high it goes through all calls by their time.
    """
    dialect = connection.dialect.name
    found = select(WORDS.c.call_id).where(said(words, dialect))
    if dialect == POSTGRESQL:
        await connection.execute(text("SET LOCAL enable_seqscan = off"))  # by the index of words
        ids = (await connection.execute(found.limit(FEW_CALLS + 1))).scalars().all()
        await connection.execute(text("SET LOCAL enable_seqscan = on"))
        if len(ids) <= FEW_CALLS:
            return CALLS.c.id == any_(literal(list(ids), ARRAY(CALLS.c.id.type)))
    return CALLS.c.id.in_(found)


def _columns(dialect: str) -> Select[Any]:
    return select(*(CALLS.c[name] for name in SHOWN), resolved(dialect).label("resolved"))
