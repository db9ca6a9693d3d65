"""On PostgreSQL the console finds, counts and tells the same as on SQLite, and its own role can do nothing else."""

import itertools

import asyncpg
import pytest
import pytest_asyncio
from starlette.testclient import TestClient

from console.app import console_app
from console.reading.calls import NEWEST_CALLS
from console.settings import settings_from
from records.engine import new_engine, upgrade
from tests.console.conftest import LOOPBACK
from tests.console.seeded import Seed
from tests.console.test_lists import FILTERS, THREE, calls_on
from tests.records.conftest import postgres  # noqa: F401 - a fixture

pytestmark = pytest.mark.processes

ROLE = (
    "CREATE ROLE console LOGIN", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO console",
    "GRANT INSERT ON access_log TO console", "GRANT USAGE ON SEQUENCE access_log_id_seq TO console",
)  # fmt: skip


@pytest_asyncio.fixture
async def url(postgres):  # noqa: F811
    """A database with the three calls in it, as the console's own role sees it."""
    made = await postgres.new_database()
    engine = new_engine(made)
    await upgrade(engine)
    await engine.dispose()
    async with Seed(made) as seed:
        for fields in map(dict, THREE):
            await seed.call(*fields.pop("said", ()), **fields)
    connection = await asyncpg.connect(made.replace("+asyncpg", ""))
    for statement in ROLE:
        await connection.execute(statement)
    await connection.close()
    return made.replace("vaani@", "console@")


async def test_the_console_is_the_same_there(url, monkeypatch):
    with TestClient(console_app(settings_from({"CONSOLE_RECORDS_URL": url})), base_url=LOOPBACK) as console:
        ids = [f"call-{number:04}" for number in (1, 2, 3)]
        by_index, call_by_call = 0, NEWEST_CALLS
        for newest, (asked, found) in itertools.product((by_index, call_by_call), FILTERS):
            monkeypatch.setattr("console.reading.calls.NEWEST_CALLS", newest)
            page = console.get(f"/?{asked}")
            assert page.status_code == 200, asked
            assert calls_on(page) == [ids[int(number) - 1] for number in found], asked
        assert "2026-11-29" in console.get("/numbers?month=2026-11").text
        assert console.get("/wrong?since=2026-11-01").status_code == 200
        assert console.get("/live").status_code == 200
        assert console.get("/calls/call-0002").status_code == 200
        assert len(console.get("/export.jsonl").text.splitlines()) == 3
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        assert await connection.fetchval("SELECT count(*) FROM access_log WHERE action = 'read'") == 1
        for table in ("calls", "turns", "access_log"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"DELETE FROM {table}")
    finally:
        await connection.close()
