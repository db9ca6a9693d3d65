"""Keeps what is to be told to the operator's webhook until it was: any worker may empty it, never two the same at once.

A sender takes messages for a while (a lease). On PostgreSQL two that look at once pass each other's rows by (SKIP
LOCKED), on SQLite one waits for the other; a sender that dies with messages gives them back when its lease is over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from records.engine import writing
from records.schema import Base, OutboxMessage

LEASE = timedelta(seconds=60)
"""Longer than any try: the clocks of two workers may differ by what is between."""
GIVEN_UP_AFTER = timedelta(days=1)
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(hours=1)
_PAUSE_PART_OF_AGE = 8
_LONGEST_ERROR_CHARACTERS = 300
OUTBOX: Table = Base.metadata.tables[OutboxMessage.__tablename__]
_WAITS = and_(OUTBOX.c.delivered_at.is_(None), OUTBOX.c.dead_at.is_(None))


@dataclass(frozen=True, slots=True)
class Message:
    """One message to the webhook."""

    id: str
    """The same at every try: the receiver's idempotency key."""
    call_id: str
    kind: str
    created_at: datetime
    body: dict[str, Any]
    tries: int = 0
    last_error: str | None = None

    def about(self) -> dict[str, Any]:
        """What may be shown of it: nothing of what it says."""
        return {
            "id": self.id, "call": self.call_id, "kind": self.kind, "created_at": self.created_at.isoformat(),
            "tries": self.tries, "last_error": self.last_error,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many messages there are, by what has become of them."""

    waiting: int
    delivered: int
    dead: int


def message_id_of(call_id: str, kind: str) -> str:
    """One message of a kind for a call, whoever puts it in, however often."""
    return "msg_" + hashlib.sha256(f"vaani message\n{call_id}\n{kind}".encode()).hexdigest()[:32]


def pause_after(age: timedelta) -> timedelta:
    """How long a message of this age rests: an eighth of it, so that pauses grow the longer it has failed."""
    return min(max(age / _PAUSE_PART_OF_AGE, SHORTEST_PAUSE), LONGEST_PAUSE)


async def put(connection: AsyncConnection, call_id: str, kind: str, body: dict[str, Any], now: datetime) -> None:
    """Put a message in, to be sent at once; one that is there already stays as it is."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    row = {
        "id": message_id_of(call_id, kind), "call_id": call_id, "kind": kind, "created_at": now,
        "next_try_at": now, "body": body,
    }  # fmt: skip
    await connection.execute(dialect.insert(OUTBOX).values(row).on_conflict_do_nothing())


async def claim(engine: AsyncEngine, who: str, most: int, now: datetime) -> list[Message]:
    """Take messages that are due, the oldest first; nobody else gets them until the lease is over."""
    free = or_(OUTBOX.c.claimed_until.is_(None), OUTBOX.c.claimed_until <= now)
    due = (
        select(OUTBOX).where(_WAITS, OUTBOX.c.next_try_at <= now, free)
        .order_by(OUTBOX.c.next_try_at, OUTBOX.c.id).limit(most).with_for_update(skip_locked=True)
    )  # fmt: skip
    if not await _anything_due(engine, now):
        return []  # looking takes no lock that a writer would wait for
    async with writing(engine) as connection:
        rows = (await connection.execute(due)).all()
        if rows:
            await connection.execute(
                update(OUTBOX)
                .where(OUTBOX.c.id.in_([row.id for row in rows]))
                .values(claimed_by=who, claimed_until=now + LEASE, tries=OUTBOX.c.tries + 1)
            )
    return [_message(row, tries=row.tries + 1) for row in rows]


async def _anything_due(engine: AsyncEngine, now: datetime) -> bool:
    async with engine.connect() as connection:
        due = select(OUTBOX.c.id).where(_WAITS, OUTBOX.c.next_try_at <= now).limit(1)
        return (await connection.execute(due)).first() is not None


async def delivered(engine: AsyncEngine, who: str, message: Message, now: datetime, *, is_back: bool = False) -> None:
    """Note that the receiver has it; if it had been failing, whatever else waits is due now: the receiver is back.

    A new message, too, may be the first that it takes again: who sends it says so by `is_back`.
    """
    async with writing(engine) as connection:
        await connection.execute(
            update(OUTBOX).where(_held(message, who))
            .values(delivered_at=now, claimed_by=None, claimed_until=None, last_error=None)
        )  # fmt: skip
        if message.tries > 1 or is_back:
            held = OUTBOX.c.claimed_until.is_not(None)
            await connection.execute(
                update(OUTBOX).where(_WAITS, ~held, OUTBOX.c.next_try_at > now).values(next_try_at=now)
            )


async def failed(
    engine: AsyncEngine, who: str, message: Message, why: str, now: datetime, *, for_good: bool = False
) -> bool:
    """Note a failed try: another one after a pause, or the message is dead. Returns whether it is."""
    age = now - message.created_at
    pause = pause_after(age)
    dead = for_good or age + pause > GIVEN_UP_AFTER
    become = {"dead_at": now} if dead else {"next_try_at": now + pause}
    async with writing(engine) as connection:
        await connection.execute(
            update(OUTBOX).where(_held(message, who))
            .values(claimed_by=None, claimed_until=None, last_error=why[:_LONGEST_ERROR_CHARACTERS], **become)
        )  # fmt: skip
    return dead


async def dead_letters(engine: AsyncEngine, most: int = 1000) -> Sequence[Message]:
    """The messages that were given up, the newest first."""
    query = select(OUTBOX).where(OUTBOX.c.dead_at.is_not(None)).order_by(OUTBOX.c.dead_at.desc()).limit(most)
    async with engine.connect() as connection:
        return [_message(row, tries=row.tries) for row in await connection.execute(query)]


async def send_again(engine: AsyncEngine, now: datetime) -> int:
    """Make every dead letter a new one: the receiver was mended. Returns how many."""
    async with writing(engine) as connection:
        done = await connection.execute(
            update(OUTBOX)
            .where(OUTBOX.c.dead_at.is_not(None), OUTBOX.c.delivered_at.is_(None))
            .values(dead_at=None, next_try_at=now, created_at=now, tries=0, last_error=None)
        )
    return done.rowcount


async def count(engine: AsyncEngine) -> Waiting:
    """How many messages wait, were delivered, and are dead."""
    query = select(
        func.count(), func.count(OUTBOX.c.delivered_at), func.count(OUTBOX.c.dead_at)
    )  # fmt: skip
    async with engine.connect() as connection:
        everything, there, dead = (await connection.execute(query)).one()
    return Waiting(everything - there - dead, there, dead)


def _held(message: Message, who: str) -> Any:
    """Whoever comes back after its lease changes nothing that another one holds."""
    return and_(OUTBOX.c.id == message.id, OUTBOX.c.claimed_by == who)


def _message(row: Any, *, tries: int) -> Message:
    return Message(row.id, row.call_id, row.kind, row.created_at, row.body, tries, row.last_error)
