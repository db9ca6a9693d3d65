"""Opens the records for reading, and the access log for one kind of writing: who looked at which call's words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from console.errors import Refusal
from records.schema import Base

POOL_SIZE = 8
CONNECT_SECONDS = 5
QUERY_SECONDS = 10
BUSY_SECONDS = 5
_SQLITE = "sqlite+aiosqlite:///"
_ACCESS_LOG = Base.metadata.tables["access_log"]


class Records:
    """The database of records. What reads cannot write, whatever it is told to do."""

    def __init__(self, url: str) -> None:
        self._reading, self._logging = _engine(url, reads_only=True), _engine(url, reads_only=False)

    @property
    def dialect(self) -> str:
        return self._reading.dialect.name

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection that only reads.

        Raises:
            Refusal: 503, when the database is not there, is too slow, or is of another release.
        """
        try:
            async with self._reading.connect() as connection:
                yield connection
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise Refusal(503, "database_gone") from error

    async def note(self, who: str, action: str, call_ids: Sequence[str], detail: str | None = None) -> None:
        """Write down who is about to see the words of these calls; without the note they are not shown.

        Raises:
            Refusal: 503, when it cannot be written.
        """
        now = datetime.now(UTC)
        notes = [{"at": now, "who": who, "action": action, "call_id": each, "detail": detail} for each in call_ids]
        if not notes:
            return
        try:
            async with self._logging.begin() as connection:
                await connection.execute(insert(_ACCESS_LOG), notes)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise Refusal(503, "no_access_log") from error

    async def aclose(self) -> None:
        await self._reading.dispose()
        await self._logging.dispose()


def _engine(url: str, *, reads_only: bool) -> AsyncEngine:
    if url.startswith(_SQLITE):
        path = Path(url.removeprefix(_SQLITE)).absolute()
        mode = "ro" if reads_only else "rw"  # never "rwc": a console makes no database
        return create_async_engine(
            f"{_SQLITE}file:{_escaped(path)}?mode={mode}&uri=true", pool_size=POOL_SIZE, hide_parameters=True,
            connect_args={"timeout": BUSY_SECONDS},
        )  # fmt: skip
    server: dict[str, Any] = {
        "application_name": "vaani console",
        "statement_timeout": str(QUERY_SECONDS * 1000),
        "default_transaction_read_only": "on" if reads_only else "off",
    }
    return create_async_engine(
        url, pool_size=POOL_SIZE if reads_only else 2, pool_pre_ping=True, hide_parameters=True,
        connect_args={"timeout": CONNECT_SECONDS, "server_settings": server},
    )  # fmt: skip


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3F").replace("#", "%23")
