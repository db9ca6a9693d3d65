"""The two databases that records are kept in: SQLite, and a real PostgreSQL that a fixture starts."""

import contextlib
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from records.engine import new_engine, upgrade
from records.schema import Base
from sandbox.stack.processes import free_port
from tests.needs import missing

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


class Postgres:
    """A PostgreSQL server on loopback, with a data folder of its own; fast, because nothing in it must last."""

    def __init__(self, folder, binaries):
        self.data, self._log, self._binaries = folder / "data", folder / "log", binaries
        self.port = free_port()
        # PostgreSQL refuses to run as root, which the gate is; its package has brought a user for it.
        self._user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
        if self._user:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)
        self._run("initdb", "-D", self.data, "-U", "vaani", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        self._numbers = itertools.count(1)
        self._kept = None

    def _run(self, program, *arguments):
        other = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []} if self._user else {}
        command = [str(self._binaries / program), *map(str, arguments)]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", timeout=90, **other)
        assert done.returncode == 0, done.stderr.decode()

    def start(self):
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self._run("pg_ctl", "-D", self.data, "-w", "-t", "80", "-l", self._log, "-o", options, "start")

    def stop(self):
        self._run("pg_ctl", "-D", self.data, "-w", "-m", "immediate", "stop")

    def url(self, database):
        return f"postgresql+asyncpg://vaani@127.0.0.1:{self.port}/{database}"

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
        missing("PostgreSQL is not here: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="vaani-postgres-"))  # not pytest's: the server is another user
    try:
        server = Postgres(folder, BINARIES[-1])
        server.start()
        yield server
        with contextlib.suppress(AssertionError):
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
