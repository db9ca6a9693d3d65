"""A line-up whose worker keeps records in a PostgreSQL that can be cut off, held up, filled and locked."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import asyncpg

from faults.line_up import LineUp
from faults.relay import Relay
from records.engine import new_engine
from records.reading import CallFilter, every_record
from sandbox.caller import CallResult
from sandbox.stack.postgres import Postgres

WRITTEN_SECONDS = 20.0
"""Twice the longest pause of a worker whose database is away, and its writing."""
_BREAK = {
    # The server's own words for a full disk, from where it would say them: where a row is written.
    "full": (
        "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END$$",
        "CREATE TRIGGER disk_full BEFORE INSERT OR UPDATE ON calls EXECUTE FUNCTION disk_full()",
    ),
    "read_only": ("ALTER DATABASE postgres SET default_transaction_read_only = on",),
}
_MEND = (
    "SET default_transaction_read_only = off",
    "ALTER DATABASE postgres RESET default_transaction_read_only",
    "DROP FUNCTION IF EXISTS disk_full() CASCADE",
)
_NEW_SESSIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '' AND pid <> pg_backend_pid()"
)


@dataclass
class RecordsLine(LineUp):
    """One worker that keeps records, and what stands between it and its database."""

    _: KW_ONLY
    postgres: Postgres

    async def start(self) -> None:
        """Start relays and worker."""
        relay = self.relays["records"] = Relay(self.postgres.port)
        await relay.start()
        self.environment |= {
            "WORKER_RECORDS_URL": self.postgres.url(port=relay.port),
            "WORKER_RECORDS_SPOOL_DIR": tempfile.mkdtemp(prefix="spool-", dir=self.stack._folder),
        }
        await super().start()

    async def break_records(self, fault: str) -> None:
        """Have the database fail."""
        relay = self.relays["records"]
        if fault == "refused":
            await relay.cut()
        elif fault == "hang":
            relay.hold()
        else:
            await self._tell_server(*_BREAK[fault], _NEW_SESSIONS)

    async def mend_records(self) -> None:
        """Have the database work again."""
        relay = self.relays["records"]
        await relay.start()
        relay.flow()
        await self._tell_server(*_MEND, _NEW_SESSIONS)

    async def _tell_server(self, *statements: str) -> None:
        # Named, so that it ends the worker's sessions and no other.
        connection = await asyncpg.connect(
            host="127.0.0.1", port=self.postgres.port, user="vaani", database="postgres",
            server_settings={"application_name": "faults"},
        )  # fmt: skip
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def record_problems(self, result: CallResult) -> Sequence[str]:
        """What the call's record lacks, when its database has been well for a while."""
        limit = time.monotonic() + WRITTEN_SECONDS
        problems: Sequence[str] = ("there is no record",)
        while problems and time.monotonic() < limit:
            await asyncio.sleep(0.2)
            problems = missing_in(await records_in(self.postgres.url()), result)
        return problems


async def records_in(url: str) -> list[dict[str, Any]]:
    """All records of a database."""
    engine = new_engine(url)
    try:
        async with engine.connect() as connection:
            return [record async for record in every_record(connection, CallFilter())]
    finally:
        await engine.dispose()


def missing_in(records: Sequence[dict[str, Any]], result: CallResult) -> Sequence[str]:
    mine = [record for record in records if record["room"] == result.room]
    if len(mine) != 1:
        return [f"there are {len(mine)} records of the call"]
    replied = sum(turn["replied_at"] is not None for turn in mine[0]["turns"])
    problems = [] if mine[0]["ended_at"] else ["the record does not end"]
    if replied < sum(turn.answered for turn in result.turns):
        problems.append(f"the record has {replied} replies")
    if mine[0]["events_dropped"]:
        problems.append("the record is not whole")
    return problems
