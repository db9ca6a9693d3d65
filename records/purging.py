"""Removes what has been kept long enough, kind by kind (WORKER_RETENTION_DAYS)."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from records.engine import writing
from records.recordings import remove_recording
from records.removal import CALLS, CHUNK_CALLS, compact, forget_all_said, recordings_of, remove_calls
from records.retention import Retention
from records.schema import Access, Turn
from records.spending import KEPT_FOR, forget_spending

log = logging.getLogger("vaani")


@dataclass(slots=True)
class Purged:
    """Counts what was removed."""

    words: int = 0
    """Calls of which nothing that was said is left."""
    recordings: int = 0
    records: int = 0
    access: int = 0
    recordings_left: int = 0
    """Which could not be removed; the next purge tries again."""

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


async def purge(engine: AsyncEngine, retention: Retention, now: datetime) -> Purged:
    """Remove everything that is older than its kind may get; a call under a legal hold stays whole."""
    purged = Purged()
    if retention.recordings is not None:
        await _recordings(engine, now - timedelta(days=retention.recordings), purged)
    if retention.words is not None:
        purged.words = await _in_chunks(engine, _with_words(now - timedelta(days=retention.words)), _forget)
    if retention.records is not None:
        old = CALLS.c.started_at < now - timedelta(days=retention.records)
        await _recordings(engine, now - timedelta(days=retention.records), purged)
        # One whose recording could not be removed stays, or nobody would know of it.
        purged.records = await _in_chunks(engine, old & CALLS.c.recording.is_(None), remove_calls)
    if retention.access is not None:
        async with writing(engine) as connection:
            looks = delete(Access).where(Access.at < now - timedelta(days=retention.access))
            purged.access = (await connection.execute(looks)).rowcount
    async with writing(engine) as connection:
        await forget_spending(connection, (now - KEPT_FOR).date())
    if any(purged.as_dict().values()):
        await compact(engine)
    return purged


def _with_words(before: datetime) -> ColumnElement[bool]:
    said = exists().where(Turn.call_id == CALLS.c.id, or_(Turn.heard.is_not(None), Turn.reply.is_not(None)))
    # A caller may have agreed to it after the call had begun, so the record's own word for it is not enough.
    kept = or_(CALLS.c.words_kept.is_(True), CALLS.c.summary.is_not(None), CALLS.c.outcome.is_not(None), said)
    return (CALLS.c.started_at < before) & kept


async def _forget(connection: AsyncConnection, calls: Any) -> None:
    await forget_all_said(connection, [call.id for call in calls])


async def _in_chunks(
    engine: AsyncEngine, wanted: ColumnElement[bool], remove: Callable[[AsyncConnection, Any], Awaitable[None]]
) -> int:
    """Remove call after call in short transactions: whoever writes meanwhile waits for one of them, not for all."""
    removed = 0
    while True:
        async with writing(engine) as connection:
            query = select(CALLS).where(wanted, CALLS.c.legal_hold.is_(None)).order_by(CALLS.c.id).limit(CHUNK_CALLS)
            calls = (await connection.execute(query)).all()
            if calls:
                await remove(connection, calls)
        removed += len(calls)
        if len(calls) < CHUNK_CALLS:
            return removed


async def _recordings(engine: AsyncEngine, before: datetime, purged: Purged) -> None:
    async with engine.connect() as connection:
        old = (CALLS.c.started_at < before, CALLS.c.legal_hold.is_(None), CALLS.c.recording.is_not(None))
        calls = (await connection.execute(select(CALLS.c.id).where(*old))).scalars().all()
        urls = {call: await recordings_of(connection, [call]) for call in calls}
    for call, (url,) in urls.items():
        try:
            await remove_recording(url)
        except Exception as error:
            purged.recordings_left += 1
            log.warning("a recording could not be removed", extra={"why": type(error).__name__})
            continue
        async with writing(engine) as connection:
            await connection.execute(update(CALLS).where(CALLS.c.id == call).values(recording=None))
        purged.recordings += 1
