"""The two databases that records are kept in: SQLite, and a real PostgreSQL that a fixture starts."""

import itertools

import asyncpg
import pytest
import pytest_asyncio

from records.engine import new_engine, upgrade
from records.schema import Base
from sandbox.stack.postgres import BINARIES, INSTALL, NOTHING_LASTS, running_postgres
from tests.needs import missing


class Databases:
    """Makes databases on a PostgreSQL server."""

    def __init__(self, server):
        self._numbers, self._kept = itertools.count(1), None
        self.port, self.data, self.url, self.start, self.stop = (
            server.port, server.data, server.url, server.start, server.stop,
        )  # fmt: skip

    async def new_database(self):
        """Create an empty database; returns its URL."""
        name = f"records_{next(self._numbers)}"
        connection = await asyncpg.connect(host="127.0.0.1", port=self.port, user="vaani", database="postgres")
        try:
            await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()
        return self.url(name)

    async def emptied_database(self):
        """Return the URL of a database that tests share, without what the one before has left in its tables."""
        if self._kept is None:
            self._kept = await self.new_database()
            return self._kept
        name = self._kept.rpartition("/")[2]
        connection = await asyncpg.connect(host="127.0.0.1", port=self.port, user="vaani", database=name)
        try:
            tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
            await connection.execute(f"TRUNCATE {tables} RESTART IDENTITY")
        finally:
            await connection.close()
        return self._kept


@pytest.fixture(scope="session")
def postgres():
    if not BINARIES:
        missing(INSTALL)
    with running_postgres(NOTHING_LASTS) as server:
        yield Databases(server)


@pytest_asyncio.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.processes)])
async def url(request, tmp_path):
    """A database without rows, once of each kind."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/calls.db"
    return await request.getfixturevalue("postgres").emptied_database()


@pytest_asyncio.fixture
async def engine(url):
    """The same with its tables."""
    opened = new_engine(url)
    await upgrade(opened)
    yield opened
    await opened.dispose()
