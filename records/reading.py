"""Reads records in the form that other programs rely on: one JSON object a call (docs/records.md)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, Table, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from records.schema import Base, Call, Consent, Fault, ToolCall, Transfer, Turn

PAGE_CALLS = 200
_CALLS: Table = Base.metadata.tables[Call.__tablename__]


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Says which calls are meant; what is None does not matter. Every field has an index with (started_at, id)."""

    since: datetime | None = None
    until: datetime | None = None
    """Not including this moment itself."""
    caller: str | None = None
    channel: str | None = None
    language: str | None = None
    end_reason: str | None = None

    def applied_to(self, query: Select[Any]) -> Select[Any]:
        """Return `query` for these calls alone."""
        for column in ("caller", "channel", "language", "end_reason"):
            if (value := getattr(self, column)) is not None:
                query = query.where(_CALLS.c[column] == value)
        if self.since is not None:
            query = query.where(_CALLS.c.started_at >= self.since)
        if self.until is not None:
            query = query.where(_CALLS.c.started_at < self.until)
        return query


Key = tuple[datetime, str]
"""Where a page of calls ends: (started_at, id) of its last one."""


async def page_of_calls(
    connection: AsyncConnection, wanted: CallFilter, *, before: Key | None = None, limit: int = 50
) -> list[Row[Any]]:
    """Return rows of `calls`, the newest first, from behind `before` on: as fast for the last page as for the first."""
    query = wanted.applied_to(select(_CALLS)).order_by(_CALLS.c.started_at.desc(), _CALLS.c.id.desc()).limit(limit)
    if before is not None:
        moment, call_id = before
        earlier = and_(_CALLS.c.started_at == moment, _CALLS.c.id < call_id)
        query = query.where(_CALLS.c.started_at <= moment, or_(_CALLS.c.started_at < moment, earlier))
    return list(await connection.execute(query))


async def read_record(connection: AsyncConnection, call_id: str) -> dict[str, Any] | None:
    """Return one call's record; None for an id that there is not, or no longer."""
    call = (await connection.execute(select(_CALLS).where(_CALLS.c.id == call_id))).one_or_none()
    return None if call is None else (await records_of(connection, [call]))[0]


async def every_record(connection: AsyncConnection, wanted: CallFilter) -> AsyncIterator[dict[str, Any]]:
    """Read all records of a filter, the oldest first, without ever holding more than a page of them."""
    after: Key | None = None
    while True:
        query = wanted.applied_to(select(_CALLS)).order_by(_CALLS.c.started_at, _CALLS.c.id).limit(PAGE_CALLS)
        if after is not None:
            moment, call_id = after
            later = and_(_CALLS.c.started_at == moment, _CALLS.c.id > call_id)
            query = query.where(_CALLS.c.started_at >= moment, or_(_CALLS.c.started_at > moment, later))
        calls = (await connection.execute(query)).all()
        if not calls:
            return
        for record in await records_of(connection, calls):
            yield record
        after = (calls[-1].started_at, calls[-1].id)


async def records_of(connection: AsyncConnection, calls: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """Return the records of these rows of `calls`."""
    ids = [call.id for call in calls]
    parts = {table: await _by_call(connection, table, ids) for table in (Turn, ToolCall, Fault, Transfer, Consent)}
    return [
        _record(
            call,
            turns=told_once(parts[Turn][call.id]),
            tools=parts[ToolCall][call.id],
            faults=parts[Fault][call.id],
            transfers=parts[Transfer][call.id],
            consents=parts[Consent][call.id],
        )
        for call in calls
    ]


async def _by_call(connection: AsyncConnection, table: type[Base], ids: list[str]) -> dict[str, list[Row[Any]]]:
    mapped = Base.metadata.tables[table.__tablename__]
    rows = await connection.execute(
        select(mapped).where(mapped.c.call_id.in_(ids)).order_by(mapped.c.at, *mapped.primary_key.columns)
    )
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.call_id].append(row)
    return found


def told_once(turns: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Return the turns without those that died with their agent, unanswered, and were asked for again by the next."""
    newest: dict[int, int] = {}
    for turn in turns:
        newest[turn.number] = max(turn.generation, newest.get(turn.number, 0))
    return [turn for turn in turns if turn.replied_at is not None or turn.generation == newest[turn.number]]


def moment(value: datetime | None) -> str | None:
    """Write a moment as RFC 3339 has it, in UTC, to the millisecond."""
    return None if value is None else value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _record(
    call: Row[Any], *, turns: list[Row[Any]], tools: list[Row[Any]], faults: list[Row[Any]],
    transfers: list[Row[Any]], consents: list[Row[Any]],
) -> dict[str, Any]:  # fmt: skip
    return {
        "id": call.id, "room": call.room, "channel": call.channel, "direction": call.direction,
        "caller": call.caller, "number": call.number,
        "started_at": moment(call.started_at), "answered_at": moment(call.answered_at),
        "ended_at": moment(call.ended_at), "end_reason": call.end_reason, "failed": call.failed,
        "languages": call.languages,
        "turns": [_turn(turn, tools) for turn in turns],
        "tools_before_turns": [_tool(tool) for tool in tools if tool.turn == 0],
        "faults": [
            {"at": moment(fault.at), "code": fault.code, "detail": fault.detail, "said": fault.said}
            for fault in faults
        ],
        "handovers": call.handovers, "rescues": call.rescues,
        "transfers": [
            {"at": moment(transfer.at), "to": transfer.to, "outcome": transfer.outcome} for transfer in transfers
        ],
        "usage": call.usage, "rupees": call.rupees, "unpriced": call.unpriced or [],
        "consent": _consent(consents[-1]) if consents else None,
        "consents": [_consent(consent) for consent in consents],
        "recording": call.recording, "summary": call.summary, "outcome": call.outcome,
        "outcome_status": call.outcome_status, "promises": call.promises, "words_kept": call.words_kept,
        "events_dropped": call.events_dropped, "legal_hold": call.legal_hold,
    }  # fmt: skip


def _turn(turn: Row[Any], tools: list[Row[Any]]) -> dict[str, Any]:
    return {
        "number": turn.number, "at": moment(turn.at), "replied_at": moment(turn.replied_at),
        "heard": turn.heard, "heard_language": turn.heard_language,
        "reply": turn.reply, "reply_language": turn.reply_language, "language_reason": turn.language_reason,
        "interrupted": turn.interrupted, "stages_seconds": turn.stages_seconds,
        "tools": [
            _tool(tool) for tool in tools if (tool.turn, tool.generation) == (turn.number, turn.generation)
        ],
    }  # fmt: skip


def _tool(tool: Row[Any]) -> dict[str, Any]:
    return {"name": tool.name, "outcome": tool.outcome, "ms": tool.ms, "arguments": tool.arguments}


def _consent(consent: Row[Any]) -> dict[str, Any]:
    return {
        "at": moment(consent.at), "purpose": consent.purpose, "state": consent.state, "by": consent.by,
        "language": consent.language, "notice_version": consent.notice_version, "turn": consent.turn,
        "reference": consent.reference,
    }  # fmt: skip
