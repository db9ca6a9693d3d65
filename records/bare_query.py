"""Asks the records' database one question with the bare drivers: a call's own process has no SQLAlchemy in memory."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from records.url import read_url


async def rows_of(records_url: str, query: str, **values: str | datetime) -> Sequence[tuple[Any, ...]]:
    """Return the rows that a query finds; a file that is not there yet has none.

    Args:
        query: SQL of either database, each value's place written as `{name}`.
        values: What belongs there.

    Raises:
        Exception: The driver's own, where the database cannot be read.
    """
    url = read_url(records_url)
    if url.file is not None:
        return await asyncio.to_thread(_of_sqlite, url.file, query, values)
    return await _of_postgresql(url.dsn, query, values)


def _of_sqlite(file: Path, query: str, values: dict[str, str | datetime]) -> Sequence[tuple[Any, ...]]:
    if not file.exists():
        return []
    written = {name: _as_kept(value) for name, value in values.items()}
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=0.2)
    try:
        return connection.execute(query.format(**{name: f":{name}" for name in written}), written).fetchall()
    finally:
        connection.close()


def _as_kept(value: str | datetime) -> str:
    if isinstance(value, str):
        return value
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")  # as SQLAlchemy writes it there


async def _of_postgresql(dsn: str, query: str, values: dict[str, str | datetime]) -> Sequence[tuple[Any, ...]]:
    import asyncpg  # only where records are kept there

    places = {name: f"${number}" for number, name in enumerate(values, start=1)}
    connection = await asyncpg.connect(dsn, timeout=1)
    try:
        return [tuple(row) for row in await connection.fetch(query.format(**places), *values.values())]
    finally:
        await connection.close(timeout=1)
