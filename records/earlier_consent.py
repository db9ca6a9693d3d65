"""Finds what a caller has answered about consent in earlier calls.

Asked by a call's own process while the caller waits: so with the bare drivers, and nothing of SQLAlchemy in memory.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from records.url import read_url

_NEWEST_LAST = """
SELECT consents.call_id, consents.purpose, consents.state, consents.notice_version
FROM consents JOIN calls ON calls.id = consents.call_id
WHERE calls.caller = {caller} AND consents.at >= {since} AND consents."by" IN ('voice', 'key', 'page')
  AND consents.state IN ('given', 'refused', 'withdrawn')
ORDER BY consents.at, consents.sequence
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a caller said last about one purpose, in which call, to which notice."""

    call: str
    purpose: str
    state: str
    """given, refused or withdrawn; an answer that was none is no decision."""
    notice_version: str | None


async def decisions_of(records_url: str, caller: str, since: datetime) -> dict[str, Decision]:
    """Return the newest decision of a caller about each purpose since a moment.

    Raises:
        Exception: The driver's own, where the database cannot be read.
    """
    url = read_url(records_url)
    rows = await (
        asyncio.to_thread(_of_sqlite, url.file, caller, since)
        if url.file is not None
        else _of_postgresql(url.dsn, caller, since)
    )
    return {row[1]: Decision(*row) for row in rows}


def _of_sqlite(file: Path, caller: str, since: datetime) -> Sequence[tuple[str, str, str, str | None]]:
    if not file.exists():
        return []
    moment = since.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")  # as SQLAlchemy writes it there
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=0.2)
    try:
        return connection.execute(_NEWEST_LAST.format(caller="?", since="?"), (caller, moment)).fetchall()
    finally:
        connection.close()


async def _of_postgresql(dsn: str, caller: str, since: datetime) -> Sequence[tuple[str, str, str, str | None]]:
    import asyncpg  # only where records are kept there

    connection = await asyncpg.connect(dsn, timeout=1)
    try:
        rows = await connection.fetch(_NEWEST_LAST.format(caller="$1", since="$2"), caller, since)
        return [tuple(row) for row in rows]
    finally:
        await connection.close(timeout=1)
