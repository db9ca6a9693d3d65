"""A database of records with calls in it, as a worker would have left them."""

from __future__ import annotations

import contextlib
import itertools
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from records.engine import new_engine, writing
from records.figures import derive
from records.schema import Call, CallAgent, Consent, Fault, ToolCall, Transfer, Turn

NOON = datetime(2026, 11, 29, 6, 30, tzinfo=UTC)
"""In India."""


class Seed:
    """Writes calls into one database."""

    def __init__(self, url):
        self._engine = new_engine(url)
        self._numbers = itertools.count(1)
        self._written = contextlib.AsyncExitStack()

    async def __aenter__(self):
        self._connection = await self._written.enter_async_context(writing(self._engine))
        return self

    async def __aexit__(self, *error):
        await self._written.__aexit__(*error)
        await self._engine.dispose()

    async def call(self, *said, minutes=0, faults=(), tools=(), consents=(), transfers=(), agents=(), **fields):
        """One call; each of `said` is (heard, reply) or a turn's fields. Returns its id."""
        number = next(self._numbers)
        at = NOON + timedelta(minutes=minutes)
        given = {
            "id": f"call-{number:04}",
            "room": f"room-{number}",
            "channel": "page",
            "direction": "in",
            "caller": "abc123",
            "started_at": at,
            "answered_at": at + timedelta(seconds=1),
            "last_event_at": at,
            "usage": {"llm:x": {"n": 1}},
            "ended_at": at + timedelta(seconds=61),
            "end_reason": "said_goodbye",
            "languages": ["hi-IN"],
            "rupees": 1.5,
            "language": "hi-IN",
            "words_kept": True,
            "turn_count": len(said),
            "fault_count": len(faults),
        } | fields
        key = {"call_id": given["id"], "generation": 0}
        await self._connection.execute(insert(Call), [given])
        for index, turn in enumerate(said, start=1):
            await self._connection.execute(insert(Turn), [key | turn_fields(turn, index, at)])
        for table, rows in (
            (Fault, faults),
            (ToolCall, tools),
            (Consent, consents),
            (Transfer, transfers),
            (CallAgent, agents),
        ):
            for sequence, row in enumerate(rows):
                numbered = {} if table is CallAgent else {"sequence": sequence}
                moment = {"started_at": at, "usage": {}} if table is CallAgent else {"at": at + timedelta(seconds=6)}
                await self._connection.execute(insert(table), [key | numbered | moment | row])
        await derive(self._connection, [given["id"]])
        return given["id"]


def turn_fields(turn, number, at):
    said_at = at + timedelta(seconds=5 * number)
    fields = turn if isinstance(turn, dict) else {"heard": turn[0], "reply": turn[1]}
    return {
        "number": number,
        "at": said_at,
        "replied_at": said_at + timedelta(seconds=1),
        "heard_language": "hi-IN",
        "reply_language": "hi-IN",
        "language_reason": "grammar",
        "interrupted": False,
        "heard": None,
        "reply": None,
        "stages_seconds": {"end_of_turn": 0.4, "llm": 0.3, "tts": 0.2},
    } | fields
