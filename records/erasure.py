"""Erases one caller: from the database, the spool, the outbox and where recordings lie, and proves it with a receipt.

What is left is a tombstone a call, without personal data: it keeps the call from coming back out of a spool.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from records.engine import alone, writing
from records.events import BEGUN, read_line, tombstone_of
from records.reading import moment
from records.recordings import remove_recording
from records.removal import CALLS, CHUNK_CALLS, compact, count, recordings_of, remove_calls
from records.schema import Access, AgentSpending, Base, Tombstone
from records.spool import SUFFIX
from records.writing import upsert


@dataclass(slots=True)
class Receipt:
    """Says what was erased; may be given to the person who asked."""

    receipt: str
    at: str
    calls: int = 0
    recordings: int = 0
    spooled_files: int = 0
    held: int = 0
    """Calls that a legal hold keeps."""
    not_erased: list[str] = field(default_factory=list)
    """What could not be done, and what to do about it; an erasure that is repeated goes on."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


async def erase(engine: AsyncEngine, caller: str, spool: Path, now: datetime) -> Receipt:
    """Erase everything of one caller, by their fingerprint; repeated, it does what was left."""
    receipt = Receipt(secrets.token_hex(8), moment(now) or "")
    theirs = (CALLS.c.caller == caller, CALLS.c.legal_hold.is_(None))
    async with engine.connect() as connection:
        receipt.held = await count(connection, CALLS.c.caller == caller, CALLS.c.legal_hold.is_not(None))
        kept = select(CALLS.c.id).where(CALLS.c.caller == caller, CALLS.c.legal_hold.is_not(None))
        held = set((await connection.execute(kept)).scalars())
    spooled = calls_in_spool(spool, caller) - held
    async with writing(engine) as connection:
        await alone(connection)  # no shipper writes what it has read before the tombstones were there
        calls = (await connection.execute(select(CALLS).where(*theirs))).all()
        ids = {call.id for call in calls} | spooled
        await _bury(connection, ids, receipt.receipt, now)
        recordings = [url for chunk in _chunks(sorted(ids)) for url in await recordings_of(connection, chunk)]
        receipt.recordings = await _remove_recordings(recordings, receipt)
        if receipt.not_erased:  # a call whose recording is still there stays, or nobody would know where it lies
            kept_ids = await _with_recordings(connection, ids)
            calls = [call for call in calls if call.id not in kept_ids]
        for start in range(0, len(calls), CHUNK_CALLS):
            await remove_calls(connection, calls[start : start + CHUNK_CALLS])
        named = Access.detail.contains(caller, autoescape=True)
        await connection.execute(update(Access).where(named).values(detail=None))
        await connection.execute(update(AgentSpending).where(AgentSpending.caller == caller).values(caller=None))
    receipt.calls = len(calls)
    receipt.spooled_files = remove_from_spool(spool, ids)
    if not await compact(engine):
        receipt.not_erased.append(
            "SQLite's -wal file is in use: run this again when no other program reads the database"
        )
    return receipt


def _chunks(ids: list[str]) -> Iterable[list[str]]:
    return (ids[start : start + CHUNK_CALLS] for start in range(0, len(ids), CHUNK_CALLS))


async def _bury(connection: AsyncConnection, calls: Iterable[str], receipt: str, now: datetime) -> None:
    rows = [{"call_hash": tombstone_of(call), "at": now, "receipt": receipt} for call in sorted(calls)]
    if rows:
        await connection.execute(
            upsert(connection, Base.metadata.tables[Tombstone.__tablename__]).on_conflict_do_nothing(), rows
        )


async def _remove_recordings(urls: list[str], receipt: Receipt) -> int:
    removed = 0
    for url in urls:
        try:
            await remove_recording(url)
            removed += 1
        except Exception as error:
            receipt.not_erased.append(
                f"a recording ({type(error).__name__}): look at WORKER_RECORDINGS_URL, run this again"
            )
    return removed


async def _with_recordings(connection: AsyncConnection, calls: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for chunk in _chunks(sorted(calls)):
        query = select(CALLS.c.id).where(CALLS.c.id.in_(chunk), CALLS.c.recording.is_not(None))
        found |= set((await connection.execute(query)).scalars())
    return found


# ---- the spool


def calls_in_spool(spool: Path, caller: str) -> set[str]:
    """Return the calls of a caller that wait in a spool, finished or not."""
    found = set()
    for path in spool.glob(f"*{SUFFIX}"):
        with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
            for event in filter(None, map(read_line, file)):
                if event.kind == BEGUN and event.about.get("caller") == caller:
                    found.add(event.call)
    return found


def remove_from_spool(spool: Path, calls: set[str]) -> int:
    """Empty the files of these calls, also of one that goes on; what it still tells meets its tombstone."""
    emptied = 0
    for path in spool.glob(f"*{SUFFIX}"):
        if path.name.partition(".")[0] in calls:
            with contextlib.suppress(FileNotFoundError):
                _overwrite(path)
                emptied += 1
    return emptied


def _overwrite(path: Path) -> None:
    """Overwrite, then cut: a file that is only cut leaves its bytes on the disk."""
    with open(path, "r+b") as file:
        size = os.fstat(file.fileno()).st_size
        file.write(b"\0" * size)
        file.flush()
        os.fsync(file.fileno())
        file.truncate(0)
