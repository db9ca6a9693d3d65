"""Writes events into the database, so that whatever is told twice, late or out of order makes the same record.

Rows are keyed by what an event is known by; sums on the call's own row are counted anew from those rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Insert, String, Table, and_, bindparam, case, exists, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from records import events
from records.engine import together, writing
from records.events import CallEvent, tombstone_of
from records.figures import derive
from records.outcomes import write_outcome
from records.schema import Base, Call, CallAgent, Consent, Fault, Tombstone, ToolCall, Transfer, Turn
from records.withdrawal import forget_withdrawn, leave_no_trace

Rows = dict[tuple[Any, ...], dict[str, Any]]
HANDOVER, RESCUES = "handover", ("crashed", "lost")
AGENT_DIED, LOST = "agent_died", "lost"
# A killed agent's call is carried on within half a minute, or not at all; one whose machine is gone says nothing.
AGENT_DIED_AFTER = timedelta(seconds=60)
LOST_AFTER = timedelta(hours=2)


def _table(model: type[Base]) -> Table:
    return Base.metadata.tables[model.__tablename__]


CALLS, AGENTS, TURNS, FAULTS = _table(Call), _table(CallAgent), _table(Turn), _table(Fault)


class Batch:
    """Sorts events into rows of tables, one row a key."""

    def __init__(self, told: Iterable[CallEvent]) -> None:
        self.calls: dict[str, dict[str, Any]] = {}
        self.agents: Rows = {}
        self.heard: Rows = {}
        self.replied: Rows = {}
        self.usage: Rows = {}
        self.left: Rows = {}
        self.dropped: Rows = {}
        self.outcomes: dict[str, tuple[dict[str, Any], datetime]] = {}
        self.died: dict[str, datetime] = {}
        self.rows: dict[type[Base], Rows] = {model: {} for model in (ToolCall, Fault, Transfer, Consent)}
        for event in told:
            self._take(event)

    def _take(self, event: CallEvent) -> None:
        if event.kind == events.DIED:  # by the worker's parent, which knows the call from outside: it begins none
            self.died[event.call] = moment_of(event.at)
            return
        at, about = moment_of(event.at), {name: clean(value) for name, value in event.about.items()}
        call = self.calls.setdefault(event.call, {"first_at": at, "last_at": at})
        call["first_at"], call["last_at"] = min(call["first_at"], at), max(call["last_at"], at)
        agent = {"call_id": event.call, "generation": event.generation}
        self.agents.setdefault((event.call, event.generation), {**agent, "reason": "first", "started_at": at})
        _TAKERS[event.kind](self, event, at, about, agent)

    def _begun(self, event: CallEvent, at: datetime, about: dict[str, Any], agent: dict[str, Any]) -> None:
        self.agents[event.call, event.generation] = {**agent, "reason": about.get("reason", "first"), "started_at": at}
        known = ("room", "channel", "direction", "caller", "number", "words_kept")
        begun = {name: about[name] for name in known if about.get(name) is not None}
        call = self.calls[event.call]
        call["begun"] = {**call.get("begun", {}), **begun}
        if (started := about.get("started_at")) is not None:
            call["first_at"] = min(call["first_at"], moment_of(started))

    def _answered(self, event: CallEvent, at: datetime, about: dict[str, Any], agent: dict[str, Any]) -> None:
        call = self.calls[event.call]
        call["answered_at"] = min(at, call.get("answered_at", at))

    def _heard(self, event: CallEvent, at: datetime, about: dict[str, Any], agent: dict[str, Any]) -> None:
        row = {"number": int(about["turn"]), "at": at, "stages_seconds": {}}
        row |= {name: about.get(name) for name in ("heard", "heard_language")}
        self.heard[event.call, event.generation, row["number"]] = agent | row

    def _replied(self, event: CallEvent, at: datetime, about: dict[str, Any], agent: dict[str, Any]) -> None:
        row: dict[str, Any] = {"number": int(about["turn"]), "at": at, "replied_at": at}
        row |= {name: about.get(name) for name in ("reply", "reply_language", "language_reason")}
        row |= {
            "interrupted": bool(about.get("interrupted")), "stages_seconds": about.get("stages_seconds") or {},
            "reply_sequence": event.sequence,
        }  # fmt: skip
        _newest(self.replied, (event.call, event.generation, row["number"]), agent | row, "reply_sequence")

    def _usage(self, event: CallEvent, at: datetime, about: dict[str, Any], agent: dict[str, Any]) -> None:
        row = {
            "usage": about.get("usage") or {}, "rupees": about.get("rupees"), "unpriced": about.get("unpriced") or [],
            "usage_sequence": event.sequence,
        }  # fmt: skip
        _newest(self.usage, (event.call, event.generation), agent | row, "usage_sequence")

    def _left(self, event: CallEvent, at: datetime, about: dict[str, Any], agent: dict[str, Any]) -> None:
        self.left[event.call, event.generation] = agent | {"left_at": at}

    def _ended(self, event: CallEvent, at: datetime, about: dict[str, Any], agent: dict[str, Any]) -> None:
        self._left(event, at, about, agent)
        ended = {"ended_at": at, "end_reason": about.get("reason") or "unknown", "failed": bool(about.get("failed"))}
        self.calls[event.call]["ended"] = ended

    def _recording(self, event: CallEvent, at: datetime, about: dict[str, Any], agent: dict[str, Any]) -> None:
        self.calls[event.call]["recording"] = about["url"]

    def _outcome(self, event: CallEvent, at: datetime, about: dict[str, Any], agent: dict[str, Any]) -> None:
        self.outcomes.setdefault(event.call, (about, at))

    def _dropped(self, event: CallEvent, at: datetime, about: dict[str, Any], agent: dict[str, Any]) -> None:
        key, row = (event.call, event.generation), agent | {"events_dropped": int(about["events"])}
        _newest(self.dropped, key, row, "events_dropped")

    def _one_of_many(self, event: CallEvent, at: datetime, about: dict[str, Any], agent: dict[str, Any]) -> None:
        model = _MODELS[event.kind]
        row = {name: about.get(name) for name in _table(model).c.keys() if name not in ("call_id", "generation")}  # noqa: SIM118
        self.rows[model][event.call, event.generation, event.sequence] = (
            row | agent | {"sequence": event.sequence, "at": at}
        )


_MODELS: dict[str, type[Base]] = {
    events.TOOL: ToolCall, events.FAULT: Fault, events.TRANSFER: Transfer, events.CONSENT: Consent,
}  # fmt: skip
_TAKERS: dict[str, Callable[[Batch, CallEvent, datetime, dict[str, Any], dict[str, Any]], None]] = {
    events.BEGUN: Batch._begun, events.ANSWERED: Batch._answered, events.HEARD: Batch._heard,
    events.REPLIED: Batch._replied, events.USAGE: Batch._usage, events.LEFT: Batch._left, events.ENDED: Batch._ended,
    events.RECORDING: Batch._recording, events.OUTCOME: Batch._outcome, events.DROPPED: Batch._dropped,
    **dict.fromkeys(_MODELS, Batch._one_of_many),
}  # fmt: skip


def moment_of(seconds: float) -> datetime:
    """Return Unix seconds as a moment."""
    return datetime.fromtimestamp(float(seconds), UTC)


def clean(value: Any) -> Any:
    """Return a value without what PostgreSQL has no place for: NUL, and halves of characters."""
    if isinstance(value, str):
        return value.replace("\0", "").encode(errors="replace").decode()
    if isinstance(value, dict):
        return {clean(str(name)): clean(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [clean(inner) for inner in value]
    return value


def _newest(rows: Rows, key: tuple[Any, ...], row: dict[str, Any], by: str) -> None:
    if key not in rows or rows[key][by] <= row[by]:
        rows[key] = row


async def write_events(engine: AsyncEngine, told: Iterable[CallEvent]) -> None:
    """Write events in one transaction; those of a call that was erased are thrown away.

    Raises:
        sqlalchemy.exc.SQLAlchemyError, OSError: Nothing was written.
        ValueError, KeyError, TypeError: An event is not what its kind says; nothing was written.
    """
    told = list(told)
    async with writing(engine) as connection:
        await together(connection)
        erased = await _erased(connection, {event.call for event in told})
        batch = Batch(event for event in told if event.call not in erased)
        if batch.calls:
            await _write_calls(connection, batch)
            await _write_parts(connection, batch)
            await _count_anew(connection, batch)
        await _end_lost(connection, batch.died)
        for call, (found, at) in sorted(batch.outcomes.items()):
            await write_outcome(connection, call, found, at, tell=bool(found.get("tell")))
        touched = batch.calls.keys() | batch.died.keys()
        forgotten = await forget_withdrawn(connection, touched)
        await derive(connection, touched)
    if forgotten:
        await leave_no_trace(engine)


async def _erased(connection: AsyncConnection, calls: set[str]) -> set[str]:
    hashes = {tombstone_of(call): call for call in calls}
    found = await connection.execute(select(Tombstone.call_hash).where(Tombstone.call_hash.in_(list(hashes))))
    return {hashes[row.call_hash] for row in found}


def upsert(connection: AsyncConnection, table: Table) -> Any:
    """Return an insert that can say what becomes of a row that is there already."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def fitted(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row whose texts are no longer than their columns."""
    return {
        name: value[:length]
        if isinstance(value, str) and isinstance(kind := table.c[name].type, String) and (length := kind.length)
        else value
        for name, value in row.items()
    }


async def _put(connection: AsyncConnection, table: Table, rows: Rows, statement: Insert) -> None:
    if rows:
        await connection.execute(statement, [fitted(table, rows[key]) for key in sorted(rows)])


async def _write_calls(connection: AsyncConnection, batch: Batch) -> None:
    """Make the rows of calls, and bring into them what the events say of the call as a whole."""
    new = [
        {
            "id": call, "room": "", "channel": "page", "direction": "in", "started_at": about["first_at"],
            "last_event_at": about["last_at"], "languages": [], "usage": {},
        }
        for call, about in sorted(batch.calls.items())
    ]  # fmt: skip
    await connection.execute(upsert(connection, CALLS).on_conflict_do_nothing(), new)
    # In the order of ids, as everybody who writes several calls: nobody waits for whoever waits for them.
    query = select(CALLS).where(CALLS.c.id.in_(list(batch.calls))).order_by(CALLS.c.id).with_for_update()
    rows = (await connection.execute(query)).all()
    await _update_calls(connection, {row.id: _changes(row, batch.calls[row.id]) for row in rows})


async def _update_calls(connection: AsyncConnection, changes: dict[str, dict[str, Any]]) -> None:
    """Update many rows of calls in few statements: one for all that change the same columns."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for call, values in changes.items():
        alike.setdefault(tuple(sorted(values)), []).append({**fitted(CALLS, values), "its_id": call})
    for columns, rows in alike.items():
        statement = update(CALLS).where(CALLS.c.id == bindparam("its_id"))
        await connection.execute(statement.values({name: bindparam(name) for name in columns}), rows)


def _changes(row: Any, about: dict[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "started_at": min(row.started_at, about["first_at"]),
        "last_event_at": max(row.last_event_at, about["last_at"]),
        **about.get("begun", {}),
    }
    if "answered_at" in about:
        changes["answered_at"] = min(about["answered_at"], row.answered_at or about["answered_at"])
    if "recording" in about:
        changes["recording"] = about["recording"]
    only_thought_over = row.end_reason in (AGENT_DIED, LOST)
    if only_thought_over and about["last_at"] > row.ended_at:
        changes |= _NOT_OVER
    ended = about.get("ended")
    if ended and (row.ended_at is None or only_thought_over or ended["ended_at"] >= row.ended_at):
        changes |= ended
    return changes


# What a call that goes on has not: an end, and an outcome that was made of its beginning.
_NOT_OVER: dict[str, Any] = {
    "ended_at": None, "end_reason": None, "failed": False, "outcome_status": None, "summary": None, "outcome": None,
    "promises": None, "outcome_asked_at": None, "outcome_tries": 0,
}  # fmt: skip


async def _end_lost(connection: AsyncConnection, died: Mapping[str, datetime]) -> None:
    """End calls that nobody carries on, unless they have ended, or somebody was heard of since."""
    for call, at in sorted(died.items()):
        open_still = and_(CALLS.c.id == call, CALLS.c.ended_at.is_(None), CALLS.c.last_event_at <= at)
        ended = update(CALLS).where(open_still).values(ended_at=at, end_reason=AGENT_DIED, failed=True)
        if (await connection.execute(ended)).rowcount:
            await _leave(connection, AGENTS.c.call_id == call, at)


async def _write_parts(connection: AsyncConnection, batch: Batch) -> None:
    agents = upsert(connection, AGENTS)
    for row in batch.agents.values():
        row["usage"] = {}
    keys = ("call_id", "generation")
    begun = {"reason": agents.excluded.reason, "started_at": agents.excluded.started_at}
    await _put(
        connection, AGENTS, batch.agents,
        agents.on_conflict_do_update(index_elements=keys, set_=begun, where=agents.excluded.reason != "first"),
    )  # fmt: skip
    await _put_newer(connection, AGENTS, batch.usage, keys, "usage_sequence")
    await _put_newer(connection, AGENTS, batch.dropped, keys, "events_dropped")
    await _put_newer(connection, AGENTS, batch.left, keys, None)
    turn_keys = (*keys, "number")
    heard = upsert(connection, TURNS)
    said = {name: heard.excluded[name] for name in ("at", "heard", "heard_language")}
    await _put(connection, TURNS, batch.heard, heard.on_conflict_do_update(index_elements=turn_keys, set_=said))
    await _put_newer(connection, TURNS, batch.replied, turn_keys, "reply_sequence")
    for model, rows in batch.rows.items():
        await _put(connection, _table(model), rows, upsert(connection, _table(model)).on_conflict_do_nothing())


async def _put_newer(
    connection: AsyncConnection, table: Table, rows: Rows, keys: tuple[str, ...], by: str | None
) -> None:
    """Write the rows' columns into rows that are there or not, unless `by` says that those know something newer."""
    if not rows:
        return
    defaults: dict[str, Any] = (
        {"usage": {}, "reason": "first", "started_at": datetime.now(UTC)} if table is AGENTS else {}
    )
    statement = upsert(connection, table)
    told = [name for name in next(iter(rows.values())) if name not in (*keys, "at")]
    newer = {} if by is None else {"where": statement.excluded[by] > table.c[by]}
    statement = statement.on_conflict_do_update(
        index_elements=keys, set_={name: statement.excluded[name] for name in told}, **newer
    )
    await _put(connection, table, {key: defaults | row for key, row in rows.items()}, statement)


async def _count_anew(connection: AsyncConnection, batch: Batch) -> None:
    """Bring the sums on the calls' own rows up to date with their parts."""
    ids = sorted(batch.calls)
    counted: dict[str, dict[str, Any]] = {call: {"languages": []} for call in ids}
    spoken: dict[str, list[Any]] = {call: [] for call in ids}
    turns = (
        select(
            TURNS.c.call_id, TURNS.c.reply_language, func.min(TURNS.c.at).label("first"),
            func.max(TURNS.c.at).label("last"), func.max(TURNS.c.number).label("number"),
        ).where(TURNS.c.call_id.in_(ids)).group_by(TURNS.c.call_id, TURNS.c.reply_language)
    )  # fmt: skip
    for row in await connection.execute(turns):
        spoken[row.call_id].append(row)
    for call, rows in spoken.items():
        told = sorted((row for row in rows if row.reply_language), key=lambda row: row.first)
        counted[call] = {
            "turn_count": max((row.number for row in rows), default=0),
            "languages": [row.reply_language for row in told],
            "language": max(told, key=lambda row: row.last).reply_language if told else None,
            "fault_count": 0,
        }
    faults = select(FAULTS.c.call_id, func.count().label("n")).where(FAULTS.c.call_id.in_(ids)).group_by("call_id")
    for row in await connection.execute(faults):
        counted[row.call_id]["fault_count"] = row.n
    agents: dict[str, list[Any]] = {call: [] for call in ids}
    for row in await connection.execute(select(AGENTS).where(AGENTS.c.call_id.in_(ids))):
        agents[row.call_id].append(row)
    await _update_calls(connection, {call: counted[call] | _of_agents(agents[call]) for call in ids})


def _of_agents(agents: list[Any]) -> dict[str, Any]:
    used = [agent for agent in agents if agent.usage]
    prices = [agent.rupees for agent in used]
    known = bool(prices) and all(price is not None for price in prices)
    return {
        "handovers": sum(agent.reason == HANDOVER for agent in agents),
        "rescues": sum(agent.reason in RESCUES for agent in agents),
        "events_dropped": sum(agent.events_dropped for agent in agents),
        "usage": added(agent.usage for agent in used),
        "rupees": round(sum(prices), 4) if known else None,
        "unpriced": sorted({what for agent in used for what in agent.unpriced or ()}),
    }


async def add_usage(
    connection: AsyncConnection, call_id: str, usage: dict[str, Any], rupees: float | None, unpriced: Iterable[str]
) -> None:
    """Add to what a call has used and cost what was done about it when its last agent was gone."""
    mine = AGENTS.c.call_id == call_id
    agents = (await connection.execute(select(AGENTS).where(mine).order_by(AGENTS.c.generation))).all()
    if not usage or not agents:
        return
    last = agents[-1]
    both_known = rupees is not None and (last.rupees is not None or not last.usage)
    values = {
        "usage": added([last.usage, usage]),
        "rupees": round((last.rupees or 0.0) + (rupees or 0.0), 4) if both_known else None,
        "unpriced": sorted({*(last.unpriced or ()), *unpriced}),
    }
    await connection.execute(update(AGENTS).where(mine, AGENTS.c.generation == last.generation).values(values))
    agents = (await connection.execute(select(AGENTS).where(mine))).all()
    await _update_calls(connection, {call_id: _of_agents(list(agents))})


def added(usages: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the counters of several agents as one: a row a model."""
    total: dict[str, dict[str, float]] = {}
    for usage in usages:
        for model, counters in usage.items():
            row = total.setdefault(model, {})
            for name, value in counters.items():
                row[name] = row.get(name, 0) + value
    return total


async def close_abandoned(engine: AsyncEngine, now: datetime) -> int:
    """End the calls that nobody carries any more and nobody has ended; returns how many."""
    carried = exists().where(AGENTS.c.call_id == CALLS.c.id, AGENTS.c.left_at.is_(None))
    abandoned = and_(~carried, CALLS.c.last_event_at < now - AGENT_DIED_AFTER)
    silent = CALLS.c.last_event_at < now - LOST_AFTER
    async with writing(engine) as connection:
        done = await connection.execute(
            update(CALLS)
            .where(CALLS.c.ended_at.is_(None), or_(abandoned, silent))
            .values(
                ended_at=CALLS.c.last_event_at,
                end_reason=case((silent, LOST), else_=AGENT_DIED),
                failed=True,
            )
            .returning(CALLS.c.id)
        )
        ended = done.scalars().all()
        await derive(connection, ended)
    return len(ended)


async def agents_gone(engine: AsyncEngine, who: Iterable[tuple[str, int]], now: datetime) -> None:
    """Note that the processes of these agents (call, generation) are gone, and that all they have told is written."""
    async with writing(engine) as connection:
        for call, generation in sorted(who):
            await _leave(connection, and_(AGENTS.c.call_id == call, AGENTS.c.generation == generation), now)


async def _leave(connection: AsyncConnection, agents: Any, at: datetime) -> None:
    """Note that agents are gone; when they have left the call they may have said themselves."""
    left = func.coalesce(AGENTS.c.left_at, literal(at, AGENTS.c.left_at.type))
    await connection.execute(update(AGENTS).where(agents, AGENTS.c.gone_at.is_(None)).values(left_at=left, gone_at=at))
