"""Removes calls, or what was said in them: what retention and erasure have in common.

A call under a legal hold is touched by neither. What is removed is gone from the database's own files too: SQLite
overwrites it and is compacted, PostgreSQL's tables are written anew without it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from records.engine import without_transaction
from records.schema import Access, Base, Call, CallWords, DailyNumbers
from records.withdrawal import forget_words
from records.writing import upsert

CALLS = Base.metadata.tables[Call.__tablename__]
DAYS = Base.metadata.tables[DailyNumbers.__tablename__]
CHUNK_CALLS = 500


async def forget_all_said(connection: AsyncConnection, calls: Collection[str]) -> None:
    """Remove what was said in calls that are over, what can be searched of it, and room names that tell a number."""
    await forget_words(connection, calls)
    await connection.execute(delete(CallWords).where(CallWords.call_id.in_(calls)))
    # LiveKit names the rooms of phone calls after the number, and where words were kept the name is whole.
    phones = update(CALLS).where(CALLS.c.id.in_(calls), CALLS.c.channel == "phone")
    await connection.execute(phones.values(room=""))


async def remove_calls(connection: AsyncConnection, calls: Sequence[Row[Any]]) -> None:
    """Remove these rows of `calls` and all that belongs to them; their sums go into the numbers of their days."""
    await _add_to_days(connection, calls)
    ids = [call.id for call in calls]
    await connection.execute(update(Access).where(Access.call_id.in_(ids)).values(call_id=None, detail=None))
    await connection.execute(delete(Call).where(Call.id.in_(ids)))


async def _add_to_days(connection: AsyncConnection, calls: Sequence[Row[Any]]) -> None:
    days: dict[tuple[Any, ...], dict[str, Any]] = {}
    for call in calls:
        key = (call.started_at.date(), call.channel, call.direction)
        sums = days.setdefault(key, dict(zip(("day", "channel", "direction"), key, strict=True)))
        for name, value in numbers_of(call).items():
            sums[name] = sums.get(name, 0) + value
    if not days:
        return
    statement = upsert(connection, DAYS)
    added = {name: DAYS.c[name] + statement.excluded[name] for name in numbers_of(calls[0])}
    statement = statement.on_conflict_do_update(index_elements=["day", "channel", "direction"], set_=added)
    await connection.execute(statement, [days[key] for key in sorted(days)])


def numbers_of(call: Row[Any]) -> dict[str, float]:
    """Return what one call adds to the numbers of its day."""
    ended = call.ended_at or call.last_event_at
    return {
        "calls": 1, "answered": int(call.answered_at is not None), "failed": int(call.failed),
        "seconds": max(0.0, (ended - call.started_at).total_seconds()), "turns": call.turn_count,
        "faults": call.fault_count, "rescues": call.rescues, "rupees": call.rupees or 0.0,
        "unpriced": int(call.rupees is None and bool(call.usage)),
    }  # fmt: skip


async def recordings_of(connection: AsyncConnection, calls: Collection[str]) -> list[str]:
    """Return where the recordings of these calls lie."""
    query = select(CALLS.c.recording).where(CALLS.c.id.in_(calls), CALLS.c.recording.is_not(None))
    return [row.recording for row in await connection.execute(query)]


async def compact(engine: AsyncEngine) -> bool:
    """Write the database's files anew, so that nothing removed is left between the rows; calls go on meanwhile.

    Returns False where a reader has kept SQLite's write-ahead log from being emptied: the next write does it.
    """
    async with without_transaction(engine) as connection:
        if engine.dialect.name == "postgresql":
            # A plain VACUUM leaves deleted rows' bytes where they are until something else needs the room.
            for table in Base.metadata.sorted_tables:
                await connection.exec_driver_sql(f'VACUUM (FULL) "{table.name}"')
            return True
        await connection.exec_driver_sql("VACUUM")
        busy = (await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]
        return not busy


async def count(connection: AsyncConnection, *conditions: Any) -> int:
    """Count the calls of which these conditions hold."""
    return int((await connection.execute(select(func.count()).select_from(CALLS).where(*conditions))).scalar_one())
