"""Forgets what callers have taken back their consent to, whenever and in whichever order it was told.

The proof stays: a row of `consents` that says `withdrawn`, and when.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Table, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from records.engine import without_transaction
from records.schema import Base

CALLS, CONSENTS, OUTBOX = (Base.metadata.tables[name] for name in ("calls", "consents", "outbox"))
WITHDRAWN, WORDS, RECORDING = "withdrawn", "words", "recording"
# Table -> what of it is words.
_WORDS: dict[Table, tuple[str, ...]] = {
    Base.metadata.tables["turns"]: ("heard", "reply"),
    Base.metadata.tables["tool_calls"]: ("arguments",),
    Base.metadata.tables["transfers"]: ("to",),
}
_MADE_OF_WORDS = ("number", "summary", "outcome", "promises")


async def forget_withdrawn(connection: AsyncConnection, calls: Collection[str]) -> bool:
    """Remove what these calls' callers have withdrawn; returns whether anything of it was there.

    A call under a legal hold stays as it is.
    """
    query = (
        select(CONSENTS.c.call_id, CONSENTS.c.purpose)
        .join(CALLS, CALLS.c.id == CONSENTS.c.call_id)
        .where(CONSENTS.c.call_id.in_(calls), CONSENTS.c.state == WITHDRAWN, CALLS.c.legal_hold.is_(None))
    )
    withdrawn = (await connection.execute(query)).all()
    of_words = sorted({row.call_id for row in withdrawn if row.purpose == WORDS})
    of_sound = sorted({row.call_id for row in withdrawn if row.purpose == RECORDING})
    forgotten = await forget_words(connection, of_words) if of_words else 0
    if of_sound:
        forgotten += await _empty(connection, CALLS, ("recording",), CALLS.c.id.in_(of_sound))
    return forgotten > 0


async def forget_words(connection: AsyncConnection, calls: Collection[str]) -> int:
    """Remove what was said in these calls, and what was made of it; returns how many rows had anything of it."""
    forgotten = 0
    for table, columns in _WORDS.items():
        forgotten += await _empty(connection, table, columns, table.c.call_id.in_(calls))
    forgotten += await _empty(connection, CALLS, _MADE_OF_WORDS, CALLS.c.id.in_(calls))
    forgotten += (await connection.execute(delete(OUTBOX).where(OUTBOX.c.call_id.in_(calls)))).rowcount
    await connection.execute(update(CALLS).where(CALLS.c.id.in_(calls)).values(words_kept=False))
    return forgotten


async def _empty(connection: AsyncConnection, table: Table, columns: tuple[str, ...], where: Any) -> int:
    filled = or_(*(table.c[name].is_not(None) for name in columns))
    found = await connection.execute(update(table).where(where, filled).values(dict.fromkeys(columns)))
    return int(found.rowcount)


async def leave_no_trace(engine: AsyncEngine) -> None:
    """Empty SQLite's write-ahead log, which still holds what was overwritten; PostgreSQL cleans up by itself."""
    if engine.dialect.name == "sqlite":
        async with without_transaction(engine) as connection:
            await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
