"""Opens the database of records: alike settings for both kinds, its schema brought up to date, a newer one refused.

docs/records.md says what is asked of either database.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from records.errors import BadRecordsUrl, DatabaseAway, FolderWithoutRights, NewerDatabase, RecordsError
from records.schema import Base
from records.url import RecordsUrl, make_folder, read_url

CONNECT_SECONDS = 5.0
COMMAND_SECONDS = 30.0
BUSY_MS = 5000
# An upgrade waits for those who upgrade before it: each takes a second or two, much longer on a busy machine.
UPGRADE_WAIT_SECONDS, UPGRADE_AGAIN_SECONDS = 60.0, 0.1
POOL_SIZE = 4
# Any numbers that no other program of this database locks by; one upgrade at a time, whoever starts first.
UPGRADE_LOCK = 0x7661616E69
ERASURE_LOCK = UPGRADE_LOCK + 1
_DISK_FULL, _READ_ONLY = "53100", "25006"
WRITES, NO_TRANSACTION = "vaani_writes", "vaani_no_transaction"
# PostgreSQL's SQLSTATEs that waiting does not mend, and what does.
_LOGIN = "Mend user, password and database's name, or create the database: `createdb vaani`"
_MENDS = {
    "28": _LOGIN,
    "3D": _LOGIN,
    "42501": "Let this user make tables there: `GRANT CREATE ON SCHEMA public TO ...`",
    "42704": "Create the role, or mend WORKER_RECORDS_READER",
}


def new_engine(url: str | RecordsUrl) -> AsyncEngine:
    """Build an engine for this URL; nothing is connected yet.

    Raises:
        BadRecordsUrl, FolderWithoutRights: Not retryable.
    """
    database = url if isinstance(url, RecordsUrl) else read_url(url)
    if database.file is not None:
        make_folder(database.file.absolute().parent, "WORKER_RECORDS_URL")
        _make_private(database.file)
        engine = create_async_engine(database.text, pool_size=POOL_SIZE, hide_parameters=True)
        event.listen(engine.sync_engine, "connect", _set_up_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    return create_async_engine(
        database.text, pool_size=POOL_SIZE, pool_pre_ping=True, hide_parameters=True,
        connect_args={"timeout": CONNECT_SECONDS, "command_timeout": COMMAND_SECONDS},
    )  # fmt: skip


def _make_private(file: Path) -> None:
    """Make the database's file so that nobody else of the machine can read it; SQLite's other files follow it."""
    with contextlib.suppress(OSError):  # it is there already; or SQLite will say what is wrong
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _set_up_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite, not by the driver's own rules
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_MS}",
        "journal_mode=WAL",  # the console reads while a worker writes
        "synchronous=FULL",  # what the spool has given up must be on the disk
        "foreign_keys=ON",
        "secure_delete=ON",  # what is deleted is overwritten, not only forgotten
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later cannot wait for another writer; one that begins as one can.
    options = connection.get_execution_options()
    if not options.get(NO_TRANSACTION):
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(WRITES) else "BEGIN")


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Begin a transaction that will write, committed at its end."""
    async with engine.execution_options(**{WRITES: True}).begin() as connection:
        yield connection


@asynccontextmanager
async def without_transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Connect for what neither database does within a transaction."""
    # Not for SQLite too: the driver would take its own rules for transactions back when the connection is returned.
    options = {"isolation_level": "AUTOCOMMIT"} if engine.dialect.name == "postgresql" else {NO_TRANSACTION: True}
    async with engine.execution_options(**options).connect() as connection:
        yield connection


async def together(connection: AsyncConnection) -> None:
    """Let an erasure wait until this transaction is over; others that write go on beside it."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time in any case
        await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({ERASURE_LOCK})")


async def alone(connection: AsyncConnection) -> None:
    """Wait until nobody else writes what calls have told, and keep them waiting until this transaction is over."""
    if connection.dialect.name == "postgresql":
        await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ERASURE_LOCK})")


async def upgrade(engine: AsyncEngine, *, reader: str = "") -> None:
    """Bring the database's schema up to this release's, from nothing or from any earlier one.

    Args:
        reader: A role of PostgreSQL that can read everything from then on, and note who has read; SQLite has none.
    Raises:
        NewerDatabase: Not retryable.
        BadRecordsUrl, FolderWithoutRights, DatabaseAway: As `explained` says.
    """
    waits_until = asyncio.get_running_loop().time() + UPGRADE_WAIT_SECONDS
    while True:
        try:
            return await _upgraded(engine, reader)
        except RecordsError:
            raise
        except (SQLAlchemyError, OSError) as error:
            # SQLite waits BUSY_MS for another's lock, and not at all where the file's first two openers meet.
            if "database is locked" not in str(error) or asyncio.get_running_loop().time() > waits_until:
                raise explained(engine, error) from error
        await asyncio.sleep(UPGRADE_AGAIN_SECONDS)


async def _upgraded(engine: AsyncEngine, reader: str) -> None:
    async with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")
        await connection.run_sync(_upgrade)
        if reader and engine.dialect.name == "postgresql":
            await _let_read(connection, reader)


async def is_up_to_date(engine: AsyncEngine) -> bool:
    """Whether the schema is this release's; False where an upgrade would change it. Nothing is changed.

    Raises:
        NewerDatabase: Not retryable.
    """
    async with engine.connect() as connection:
        return not await connection.run_sync(_needs_upgrade, _config())


def _upgrade(connection: Connection) -> None:
    config = _config()
    if _needs_upgrade(connection, config):
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _needs_upgrade(connection: Connection, config: Config) -> bool:
    scripts = ScriptDirectory.from_config(config)
    current, head = _revision(connection), scripts.get_current_head()
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise NewerDatabase(
            f"the database of records ({connection.engine.url.render_as_string(hide_password=True)})",
            why=f"its schema is {current}, and this release knows none newer than {head}",
            do="Run the release that has written it, or a newer one; or name another database in WORKER_RECORDS_URL",
            retryable=False,
        )
    return current != head


async def _let_read(connection: AsyncConnection, reader: str) -> None:
    """Grant what the console needs. Only the tables' owner can: whoever has made them, no administrator."""
    quote = connection.dialect.identifier_preparer.quote
    role, log = quote(reader), quote("access_log")
    tables = ", ".join(quote(table.name) for table in Base.metadata.sorted_tables)
    await connection.exec_driver_sql(f"GRANT SELECT ON {tables} TO {role}")
    await connection.exec_driver_sql(f"GRANT INSERT ON {log} TO {role}")
    await connection.exec_driver_sql(f"GRANT USAGE ON SEQUENCE access_log_id_seq TO {role}")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def explained(engine: AsyncEngine, error: Exception) -> RecordsError:
    """Name what a driver's error means for whoever has set WORKER_RECORDS_URL: mend it, or wait."""
    place = engine.url.render_as_string(hide_password=True)
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    state = str(getattr(cause, "sqlstate", None) or "")
    first_line = (str(cause).splitlines() or [""])[0]
    why = first_line or type(cause).__name__
    if mend := next((do for start, do in _MENDS.items() if state.startswith(start)), None):
        return BadRecordsUrl(f"WORKER_RECORDS_URL ({place})", why=why, do=mend, retryable=False)
    if "readonly" in why or "unable to open" in why or isinstance(cause, PermissionError):
        return FolderWithoutRights(
            f"WORKER_RECORDS_URL ({place})", why=why, retryable=False,
            do="Give the worker's user the right to write the file and its folder, or name another file",
        )  # fmt: skip
    if isinstance(cause, sqlite3.DatabaseError) and "not a database" in why:
        return BadRecordsUrl(
            f"WORKER_RECORDS_URL ({place})", why=why, do="Name a file that is new, or one of ours", retryable=False
        )
    return DatabaseAway(
        f"WORKER_RECORDS_URL ({place})", why=why, retryable=True,
        do=f"{_mend(state, why)}; records wait in the spool meanwhile",
    )  # fmt: skip


def _mend(state: str, why: str) -> str:
    """What helps a database that is there, or is to be there again."""
    if state == _DISK_FULL or "disk is full" in why:
        return "Make room on the database's disk"
    if state == _READ_ONLY:
        return "Let the database take writes again, or name the primary where this is a standby"
    return "Start the database, or look at its address"
