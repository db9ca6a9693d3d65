"""The console over a seeded database, as somebody at this machine sees it, or somebody behind the proxy."""

import asyncio
import shutil

import pytest
from starlette.testclient import TestClient

from console.app import console_app
from console.settings import settings_from
from records.engine import new_engine, upgrade
from tests.console.seeded import Seed

LOOPBACK = "http://127.0.0.1:8090"


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    """A file with the tables of records, made once."""
    path = tmp_path_factory.mktemp("console") / "empty.db"

    async def make():
        engine = new_engine(f"sqlite+aiosqlite:///{path}")
        await upgrade(engine)
        await engine.dispose()

    asyncio.run(make())
    return path


@pytest.fixture
def database(tmp_path, empty_database):
    """The URL of an empty SQLite database of records."""
    shutil.copy(empty_database, tmp_path / "calls.db")
    return f"sqlite+aiosqlite:///{tmp_path}/calls.db"


def fill(url, write):
    """Let `write(seed)` put calls into the database; returns what it returns."""

    async def seeded():
        async with Seed(url) as seed:
            return await write(seed)

    return asyncio.run(seeded())


@pytest.fixture
def seed(database):
    """`seed(("heard", "reply"), ..., field=value)` writes one call and returns its id."""
    return lambda *said, **fields: fill(database, lambda seeding: seeding.call(*said, **fields))


@pytest.fixture
def seed_many(database):
    """Writes calls, each given by its fields, the turns as `said`."""

    def write(*calls):
        async def all_of(seeding):
            return [await seeding.call(*fields.pop("said", ()), **fields) for fields in map(dict, calls)]

        return fill(database, all_of)

    return write


@pytest.fixture
def opened(database):
    """Opens a console on the database; `opened(identity=..., NAME=value)`."""
    clients = []

    def open_it(identity=None, url=database, base_url=LOOPBACK, **environment):
        settings = settings_from({"CONSOLE_RECORDS_URL": url} | environment)
        client = TestClient(console_app(settings, identity), base_url=base_url, raise_server_exceptions=False)
        clients.append(client.__enter__())
        return clients[-1]

    yield open_it
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def console(opened):
    """The console as somebody at this machine sees it."""
    return opened()


class NumbersOnly:
    """Somebody who may not read words."""

    async def viewer_of(self, connection):
        from console.identity import Viewer

        return Viewer("numbers@example.in", reads_words=False)


@pytest.fixture
def numbers_only(opened):
    return opened(identity=NumbersOnly())
