"""Finds what is wrong with where records are to be kept: at start, by name, and not after the first call."""

from __future__ import annotations

import asyncio

from records.errors import DatabaseAway, RecordsError
from records.url import make_folder, read_url
from worker.settings import RecordsSettings


def record_problems(settings: RecordsSettings) -> list[str]:
    """Return what is wrong, one sentence each; a database that is only away is no problem: records wait for it."""
    if (folder := settings.spool_folder) is None:
        return []
    if settings.records_reader and read_url(settings.records_url).file is not None:
        return ["WORKER_RECORDS_READER: SQLite knows no roles. Leave it empty, or keep records in PostgreSQL"]
    try:
        make_folder(folder, "WORKER_RECORDS_SPOOL_DIR")
        asyncio.run(_upgrade(settings.records_url, settings.records_reader))
    except DatabaseAway:
        return []
    except RecordsError as error:
        return [str(error)]
    return []


async def _upgrade(url: str, reader: str) -> None:
    from records.engine import new_engine, upgrade  # a database's drivers: only where there is one

    engine = new_engine(url)
    try:
        await upgrade(engine, reader=reader)
    finally:
        await engine.dispose()
