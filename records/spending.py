"""Keeps what all workers' agents have spent, so that a budget holds over all of them and over any that are killed.

Claims of one day are decided one after the other: each locks the row of its day first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, and_, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from records.budgets import Claim, Limits, Scope, Verdict, judge
from records.engine import writing
from records.schema import AgentSpending, Base, SpendingDay, UtcTime

SPENDING: Table = Base.metadata.tables[AgentSpending.__tablename__]
DAYS: Table = Base.metadata.tables[SpendingDay.__tablename__]
ACTIVE_FOR = timedelta(minutes=5)
"""A worker without a claim for so long carries no call."""
KEPT_FOR = timedelta(days=2)
"""A call that began the day before may still be going on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the database makes of a claim."""

    verdict: Verdict
    others: dict[Scope, float]
    """What everybody else counts for, on this worker too."""
    workers: int
    """How many spend on this day."""


async def claim(
    engine: AsyncEngine, asked: Claim, limits: Limits, worker: str, now: datetime, *, decided: float | None = None
) -> Answer:
    """Decide one claim and keep what came of it, in one transaction.

    Args:
        engine: The records' database.
        asked: The claim. One that a newer claim of its agent has overtaken is decided and not kept.
        limits: This deployment's.
        worker: Who asks: any name that no other worker has.
        now: The present.
        decided: What its worker has let the agent count for, when nobody could be asked: kept, whatever is left.
    Raises:
        sqlalchemy.exc.SQLAlchemyError, OSError: Nothing was kept; or it was, and nobody was told: ask again.
    """
    async with writing(engine) as connection:
        return await connection.run_sync(decide, asked, limits, worker, now, decided)


def decide(
    connection: Connection, asked: Claim, limits: Limits, worker: str, now: datetime, decided: float | None = None
) -> Answer:
    """Do the same in a transaction that is begun."""
    about = {
        "call_id": asked.call, "generation": asked.generation, "sequence": asked.sequence, "day": asked.day,
        "caller": asked.caller, "worker": worker, "at": now,
    }  # fmt: skip
    total = _locked_total(connection, about)
    seen = connection.execute(_SEEN, about | {"since": now - ACTIVE_FOR}).one()
    counted = seen.own or 0.0
    others = {
        Scope.DAY: total - counted,
        Scope.CALLER_DAY: seen.caller or 0.0,
        Scope.CALL: seen.call or 0.0,
    }
    verdict = judge(asked, limits, others)
    if seen.sequence is None or asked.sequence >= seen.sequence:
        committed = verdict.committed if decided is None else decided
        connection.execute(_put(connection, SPENDING), about | {"rupees": committed})
        connection.execute(_ADD, {"its_day": asked.day, "more": committed - counted})
    return Answer(verdict, others, 1 + seen.other_workers)


def _locked_total(connection: Connection, about: dict[str, Any]) -> float:
    """Hold the day's row, made if it lacks, until the transaction is over."""
    if (total := connection.execute(_LOCK, about).scalar_one_or_none()) is None:
        connection.execute(_put(connection, DAYS), {"day": about["day"], "rupees": 0.0})
        total = connection.execute(_LOCK, about).scalar_one()
    return float(total)


# Each is built once: they are most of what a claim costs.
_OF_AGENT = and_(SPENDING.c.call_id == bindparam("call_id"), SPENDING.c.generation == bindparam("generation"))
_OF_CALL = and_(SPENDING.c.call_id == bindparam("call_id"), SPENDING.c.generation != bindparam("generation"))
_OF_DAY = SPENDING.c.day == bindparam("day")
_OF_CALLER = and_(_OF_DAY, SPENDING.c.caller == bindparam("caller"), ~_OF_AGENT)


def _sum(*conditions: Any) -> Any:
    return select(func.sum(SPENDING.c.rupees)).where(*conditions).scalar_subquery()


_LOCK = select(DAYS.c.rupees).where(DAYS.c.day == bindparam("day")).with_for_update()
_ADD = (
    update(DAYS).where(DAYS.c.day == bindparam("its_day")).values(rupees=DAYS.c.rupees + bindparam("more"))
)  # fmt: skip
_SEEN = select(
    select(SPENDING.c.rupees).where(_OF_AGENT).scalar_subquery().label("own"),
    select(SPENDING.c.sequence).where(_OF_AGENT).scalar_subquery().label("sequence"),
    _sum(_OF_CALLER).label("caller"),
    _sum(_OF_CALL).label("call"),
    select(func.count(SPENDING.c.worker.distinct()))
    .where(_OF_DAY, SPENDING.c.at > bindparam("since", type_=UtcTime()), SPENDING.c.worker != bindparam("worker"))
    .scalar_subquery()
    .label("other_workers"),
)


@cache
def _puts(dialect: str) -> dict[Table, Any]:
    """Return what puts a row into each table, whether it is there already or not."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    row = insert(SPENDING)
    told = {name: row.excluded[name] for name in ("sequence", "caller", "rupees", "worker", "at")}
    return {
        SPENDING: row.on_conflict_do_update(index_elements=["call_id", "generation"], set_=told),
        DAYS: insert(DAYS).on_conflict_do_nothing(),
    }


def _put(connection: Connection, table: Table) -> Any:
    return _puts(connection.dialect.name)[table]


async def forget_spending(connection: AsyncConnection, before: date) -> None:
    """Remove what was spent on days that no call counts for any more."""
    await connection.execute(delete(SPENDING).where(SPENDING.c.day < before))
    await connection.execute(delete(DAYS).where(DAYS.c.day < before))
