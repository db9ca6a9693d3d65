"""Keeps what calls came to, once each, and finds the calls that nobody has asked about: their agent was killed.

Whoever writes an outcome first has written it: what comes later, from a worker that was slow, changes nothing, and the
webhook is told once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, and_, case, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from records import outbox
from records.engine import writing
from records.figures import derive
from records.reading import moment, told_once
from records.schema import Base, Call, CallAgent, ToolCall, Turn

CALL_FINISHED = "call.finished"
ASKED_FOR = timedelta(seconds=90)
"""How long one worker has for one call before another may ask."""
OWN_TIME = timedelta(seconds=75)
"""How long the call's own agent has, as long as nobody has seen that it is gone: longer than WORKER_OUTCOME_SECONDS
may be."""
ASKED_ABOUT_FOR = timedelta(days=1)
MOST_TRIES = 5
CALLS: Table = Base.metadata.tables[Call.__tablename__]
TURNS: Table = Base.metadata.tables[Turn.__tablename__]
TOOLS: Table = Base.metadata.tables[ToolCall.__tablename__]
AGENTS: Table = Base.metadata.tables[CallAgent.__tablename__]


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call that is over, and that nobody has asked about."""

    id: str
    words_kept: bool
    said: Sequence[tuple[str | None, str | None]]
    """What was heard and what was replied, turn by turn."""
    tools: Sequence[tuple[str, bool]]
    """Name, and whether it ran well."""
    is_last_try: bool


async def write_outcome(
    connection: AsyncConnection, call_id: str, found: Mapping[str, Any], now: datetime, *, tell: bool
) -> bool:
    """Write a call's outcome unless it has one, and put the message about it into the outbox; returns whether it was.

    Args:
        connection: In a transaction.
        call_id: A call that is there.
        found: `status`, `summary`, `outcome`, `promises`.
        now: When it was made.
        tell: Whether there is a webhook.
    """
    values = {"outcome_status": found.get("status") or "unknown"}
    values |= {name: found.get(name) for name in ("summary", "outcome")}
    values["promises"] = await _marked(connection, call_id, found.get("promises"))
    written = await connection.execute(
        update(CALLS).where(CALLS.c.id == call_id, CALLS.c.outcome_status.is_(None)).values(values)
    )
    if not written.rowcount:
        return False
    await derive(connection, [call_id])
    if tell:
        call = (await connection.execute(select(CALLS).where(CALLS.c.id == call_id))).one()
        await outbox.put(connection, call_id, CALL_FINISHED, message_about(call, now), now)
    return True


async def _marked(connection: AsyncConnection, call_id: str, promises: Any) -> Any:
    """Mark promises by the tools of the whole call: what an earlier agent has run, who writes this may not know."""
    if not isinstance(promises, list):
        return promises
    tools = select(TOOLS.c.name, func.max(case((TOOLS.c.outcome == "ok", 1), else_=0)).label("ok"))
    ran = {
        row.name: row.ok for row in await connection.execute(tools.where(TOOLS.c.call_id == call_id).group_by("name"))
    }
    return [
        promise | {"status": "done" if ran[promise["tool"]] else "failed"}
        if isinstance(promise, dict) and promise.get("tool") in ran
        else promise
        for promise in promises
    ]


def message_about(call: Any, now: datetime) -> dict[str, Any]:
    """What the webhook is told of a call: as Standard Webhooks have it, `type`, `timestamp` and `data`."""
    data = {
        name: getattr(call, name)
        for name in (
            "id", "room", "channel", "direction", "caller", "end_reason", "failed", "languages", "turn_count",
            "handovers", "rescues", "rupees", "summary", "outcome", "outcome_status", "promises",
        )
    }  # fmt: skip
    data |= {name: moment(getattr(call, name)) for name in ("started_at", "answered_at", "ended_at")}
    return {"type": CALL_FINISHED, "timestamp": moment(now), "data": data}


async def claim_open_call(engine: AsyncEngine, now: datetime) -> OpenCall | None:
    """Take the oldest call that is over and has no outcome, and whose own agent writes none any more."""
    free = or_(CALLS.c.outcome_asked_at.is_(None), CALLS.c.outcome_asked_at <= now - ASKED_FOR)
    query = (
        select(CALLS.c.id, CALLS.c.words_kept, CALLS.c.outcome_tries)
        .where(
            CALLS.c.outcome_status.is_(None), CALLS.c.ended_at > now - ASKED_ABOUT_FOR,
            or_(CALLS.c.ended_at <= now - OWN_TIME, _last_agent_is_gone()),
            CALLS.c.outcome_tries < MOST_TRIES, free,
        )
        .order_by(CALLS.c.ended_at, CALLS.c.id).limit(1)
    )  # fmt: skip
    async with engine.connect() as connection:
        if (await connection.execute(query)).first() is None:
            return None  # looking takes no lock that a writer would wait for
    async with writing(engine) as connection:
        row = (await connection.execute(query.with_for_update(skip_locked=True))).first()
        if row is None:
            return None
        await connection.execute(
            update(CALLS).where(CALLS.c.id == row.id)
            .values(outcome_asked_at=now, outcome_tries=CALLS.c.outcome_tries + 1)
        )  # fmt: skip
        turns = told_once((await connection.execute(_of(TURNS, row.id))).all())
        tools = (await connection.execute(_of(TOOLS, row.id))).all()
    return OpenCall(
        id=row.id,
        # Where consent was asked for, the call began without it: the words themselves say whether it was given.
        words_kept=row.words_kept or any(turn.heard or turn.reply for turn in turns),
        said=[(turn.heard, turn.reply) for turn in turns],
        tools=[(tool.name, tool.outcome == "ok") for tool in tools],
        is_last_try=row.outcome_tries + 1 >= MOST_TRIES,
    )


def _last_agent_is_gone() -> Any:
    """Whether the process of the agent that has carried the call last is gone, and nothing of it is to come."""
    later = AGENTS.alias("later")
    followed = exists().where(later.c.call_id == AGENTS.c.call_id, later.c.generation > AGENTS.c.generation)
    return exists().where(AGENTS.c.call_id == CALLS.c.id, AGENTS.c.gone_at.is_not(None), ~followed.correlate(AGENTS))


def _of(table: Table, call_id: str) -> Any:
    return select(table).where(and_(table.c.call_id == call_id)).order_by(table.c.at, *table.primary_key.columns)
