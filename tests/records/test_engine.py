"""The database of records is brought up to date by whoever opens it, and a newer one is refused by name."""

import asyncio
import os
import sqlite3
from urllib.parse import quote

import asyncpg
import pytest
import pytest_asyncio
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from records.engine import explained, new_engine, upgrade, writing
from records.errors import BadRecordsUrl, DatabaseAway, FolderWithoutRights, NewerDatabase
from records.removal import compact
from records.schema import Base
from records.url import read_url


@pytest_asyncio.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.processes)])
async def url(request, tmp_path):
    """A database without tables, once of each kind: these tests leave theirs broken."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/calls.db"
    return await request.getfixturevalue("postgres").new_database()


def differences(connection):
    return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata)


async def test_the_migrations_make_the_tables_that_the_models_say(engine):
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_an_upgrade_of_what_is_up_to_date_changes_nothing(engine):
    await upgrade(engine)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_workers_that_start_at_once_upgrade_one_after_the_other(url):
    engines = [new_engine(url) for _ in range(4)]
    try:
        await asyncio.gather(*map(upgrade, engines))
        async with engines[0].connect() as connection:
            rows = await connection.exec_driver_sql("SELECT version_num FROM alembic_version")
            assert len(rows.all()) == 1
    finally:
        for engine in engines:
            await engine.dispose()


async def test_an_upgrade_waits_for_one_that_takes_long(tmp_path, monkeypatch):
    """Longer than SQLite itself would wait: the worker that came second ended with "database is locked"."""
    monkeypatch.setattr("records.engine.BUSY_MS", 20)
    url = f"sqlite+aiosqlite:///{tmp_path}/calls.db"
    first, second = new_engine(url), new_engine(url)
    async with writing(first):
        waiting = asyncio.create_task(upgrade(second))
        await asyncio.wait({waiting}, timeout=0.5)
        assert not waiting.done()
    await waiting
    for engine in (first, second):
        await engine.dispose()


async def test_a_database_of_a_newer_schema_is_refused_by_name(engine):
    async with writing(engine) as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerDatabase, match=r"9999.*newer than 0\d+.*Run the release"):
        await upgrade(engine)


async def test_what_failed_in_an_upgrade_is_undone(engine, monkeypatch):
    """A half-made schema would be refused by no version number."""
    async with writing(engine) as connection:
        await connection.exec_driver_sql("DROP TABLE daily_numbers")
        await connection.exec_driver_sql("DELETE FROM alembic_version")
    with pytest.raises(DatabaseAway, match="already exists"):
        await upgrade(engine)
    async with engine.connect() as connection:
        assert (await connection.exec_driver_sql("SELECT * FROM alembic_version")).all() == []


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("calls.db", "is no URL"),
        ("sqlite:///calls.db", r"Write sqlite\+aiosqlite://"),
        ("postgres://host/vaani", r"Write postgresql\+asyncpg://"),
        ("postgresql+psycopg://host/vaani", r"Write postgresql\+asyncpg://"),
        ("mysql://host/vaani", "no driver of ours"),
        ("sqlite+aiosqlite://", "names no file"),
        ("sqlite+aiosqlite:///", "names no file"),
        ("sqlite+aiosqlite:///:memory:", "names no file"),
        ("postgresql+asyncpg://user:secret@host", "names no database"),
        ("postgresql+asyncpg://user:secret@host:port/vaani", "Port"),
    ],
)
def test_a_url_that_cannot_be_right_is_told_apart_before_anything_is_opened(url, why):
    with pytest.raises(BadRecordsUrl, match=why) as refused:
        read_url(url)
    assert str(refused.value).startswith("WORKER_RECORDS_URL")
    assert "secret" not in str(refused.value)


def test_the_same_database_has_one_name_whatever_its_password():
    names = {
        read_url(f"postgresql+asyncpg://{who}host{port}/vaani").fingerprint
        for who in ("", "vaani:old@", "vaani:new@")
        for port in ("", ":5432")
    }
    assert len(names) == 1


async def test_a_wrong_database_and_an_absent_server_are_different_errors(postgres):
    for url, error in (
        (postgres.url("nobody_made_this"), BadRecordsUrl),
        ("postgresql+asyncpg://vaani:secret@127.0.0.1:1/vaani", DatabaseAway),
    ):
        engine = new_engine(url)
        with pytest.raises(error, match="WORKER_RECORDS_URL") as refused:
            await upgrade(engine)
        assert "secret" not in str(refused.value)
        await engine.dispose()


async def rights(postgres, database, user):
    """What a role may do with each table there."""
    connection = await asyncpg.connect(postgres.url(database).replace("+asyncpg", ""))
    try:
        rows = await connection.fetch(
            "SELECT table_name, string_agg(privilege_type, ' ' ORDER BY privilege_type) AS may "
            "FROM information_schema.role_table_grants WHERE grantee = $1 GROUP BY table_name",
            user,
        )
        return {row["table_name"]: row["may"] for row in rows}
    finally:
        await connection.close()


async def test_the_tables_owner_lets_a_reader_read_all_and_write_nothing_but_who_has_read(postgres):
    """As on Cloud SQL: neither is a superuser, and no administrator can grant what the worker owns."""
    worker, reader = "vaani-worker@my-project.iam", "vaani-console@my-project.iam"
    url = await postgres.new_database()
    name = url.rpartition("/")[2]
    admin = await asyncpg.connect(url.replace("+asyncpg", ""))
    await admin.execute(f'CREATE ROLE "{worker}" LOGIN; CREATE ROLE "{reader}" LOGIN')
    as_worker = url.replace("vaani@", f"{quote(worker)}@")
    engine = new_engine(as_worker)
    try:
        with pytest.raises(BadRecordsUrl, match="GRANT CREATE ON SCHEMA public"):
            await upgrade(engine, reader=reader)
        await admin.execute(f'GRANT CREATE, USAGE ON SCHEMA public TO "{worker}"')
        for _ in range(2):  # every start grants again: later tables are readable too
            await upgrade(engine, reader=reader)
        with pytest.raises(BadRecordsUrl, match="WORKER_RECORDS_READER"):
            await upgrade(engine, reader="nobody-has-made-this")
        tables = {table.name for table in Base.metadata.sorted_tables}
        assert await rights(postgres, name, reader) == dict.fromkeys(tables, "SELECT") | {"access_log": "INSERT SELECT"}
        assert await compact(engine)  # an erasure needs the tables' owner
    finally:
        await engine.dispose()
        await admin.close()


def test_tls_is_asked_for_in_either_drivers_words():
    for asked in ("ssl=verify-full", "sslmode=verify-full"):
        url = read_url(f"postgresql+asyncpg://vaani:p%40ss@db/vaani?application_name=x&{asked}")
        assert url.text == "postgresql+asyncpg://vaani:p%40ss@db/vaani?application_name=x&ssl=verify-full"
        assert url.dsn == "postgresql://vaani:p%40ss@db/vaani?application_name=x&sslmode=verify-full"
    socket = read_url("postgresql+asyncpg://vaani@/vaani?host=/run/postgresql")
    assert socket.text == "postgresql+asyncpg://vaani@/vaani?host=/run/postgresql"
    assert socket.place != read_url("postgresql+asyncpg://vaani@/vaani?host=/cloudsql/other").place


async def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "calls.db").write_bytes(b"a photograph, or whatever else" * 100)
    engine = new_engine(f"sqlite+aiosqlite:///{tmp_path}/calls.db")
    with pytest.raises(BadRecordsUrl, match="not a database"):
        await upgrade(engine)
    await engine.dispose()


def test_a_folder_that_cannot_be_made_is_refused_by_name(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FolderWithoutRights, match=r"file.*Give user \d+ the right"):
        new_engine(f"sqlite+aiosqlite:///{tmp_path}/file/calls.db")


def test_a_folder_without_rights_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # the gate runs as root, which may write everywhere
    with pytest.raises(FolderWithoutRights, match="nothing can be written there"):
        new_engine(f"sqlite+aiosqlite:///{tmp_path}/calls.db")


async def test_what_is_deleted_in_sqlite_is_overwritten(tmp_path):
    path = tmp_path / "calls.db"
    engine = new_engine(f"sqlite+aiosqlite:///{path}")
    await upgrade(engine)
    async with engine.connect() as connection:
        assert (await connection.exec_driver_sql("PRAGMA secure_delete")).scalar_one() == 1
        assert (await connection.exec_driver_sql("PRAGMA foreign_keys")).scalar_one() == 1
    await engine.dispose()
    assert sqlite3.connect(path).execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert {oct(each.stat().st_mode)[-3:] for each in tmp_path.iterdir()} == {"600"}


# Texts and objects that say nothing of a caller; of every other one PostgreSQL keeps no samples.
OF_NOBODY = {
    "access_log.who", "calls.attention_reasons", "calls.languages", "calls.legal_hold", "calls.unpriced", "calls.usage",
    "call_agents.unpriced", "call_agents.usage", "faults.detail", "faults.said", "outbox.last_error",
    "turns.stages_seconds",
}  # fmt: skip


async def test_postgresql_keeps_samples_of_no_column_that_may_hold_what_was_said(postgres):
    """Pins the trap that an erased caller's words stay in its statistics, which VACUUM does not rewrite."""
    engine = new_engine(await postgres.new_database())
    await upgrade(engine)
    query = """
        SELECT c.relname || '.' || a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid
        WHERE n.nspname = 'public' AND c.relkind = 'r' AND t.typname IN ('text', 'jsonb') AND a.attstattarget <> 0
        AND c.relname <> 'alembic_version'
    """
    async with engine.connect() as connection:
        sampled = set((await connection.exec_driver_sql(query)).scalars())
    await engine.dispose()
    assert sampled == OF_NOBODY


@pytest.mark.parametrize(
    ("state", "said", "do"),
    [
        ("53100", "could not extend file", "Make room"),
        ("", "database or disk is full", "Make room"),
        ("25006", "cannot execute INSERT in a read-only transaction", "take writes"),
        ("57P03", "the database system is starting up", "Start the database"),
    ],
)
def test_what_helps_a_database_depends_on_what_it_lacks(tmp_path, state, said, do):
    """Pins that whoever was called about a full disk was told to start the database."""
    cause = Exception(said)
    cause.sqlstate = state
    error = explained(new_engine(f"sqlite+aiosqlite:///{tmp_path}/calls.db"), cause)
    assert isinstance(error, DatabaseAway)
    assert do in error.do
    assert "records wait in the spool" in error.do
