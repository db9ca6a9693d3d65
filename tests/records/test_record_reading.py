"""A record is read in the promised form, and a list of calls page by page."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from records.engine import writing
from records.reading import CallFilter, every_record, page_of_calls, read_record
from records.schema import Call, CallAgent, Fault, ToolCall, Turn

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
PROMISED = {
    "id", "room", "channel", "direction", "caller", "started_at", "answered_at", "ended_at", "end_reason", "languages",
    "turns", "faults", "handovers", "rescues", "usage", "rupees", "consent", "recording", "summary", "outcome",
}  # fmt: skip
PROMISED_OF_A_TURN = {
    "at", "heard", "heard_language", "reply", "reply_language", "interrupted", "stages_seconds", "tools",
}  # fmt: skip


def call(number, **fields):
    at = NOON + timedelta(seconds=number // 2)  # two calls begin in the same moment
    given = {
        "id": f"call-{number:03}", "room": f"room-{number}", "channel": "phone" if number % 3 else "page",
        "direction": "in", "started_at": at, "last_event_at": at, "languages": ["hi-IN"], "language": "hi-IN",
        "usage": {},
    }  # fmt: skip
    return given | fields


async def test_a_record_has_the_promised_form(engine):
    async with writing(engine) as connection:
        await connection.execute(insert(Call), [call(1, ended_at=NOON, end_reason="user_hung_up", rescues=1)])
        key = {"call_id": "call-001", "generation": 0}
        await connection.execute(insert(CallAgent), [{**key, "reason": "first", "started_at": NOON, "usage": {}}])
        await connection.execute(
            insert(Turn),
            [{**key, "number": 1, "at": NOON, "heard": "नमस्ते", "replied_at": NOON, "stages_seconds": {"llm": 0.2}}],
        )
        await connection.execute(
            insert(ToolCall),
            [{**key, "sequence": 3, "turn": 1, "at": NOON, "name": "order", "outcome": "ok", "ms": 12}],
        )
        await connection.execute(insert(Fault), [{**key, "sequence": 4, "at": NOON, "code": "llm_timeout"}])
    async with engine.connect() as connection:
        record = await read_record(connection, "call-001")
        assert await read_record(connection, "call-002") is None
    assert set(record) >= PROMISED
    [turn] = record["turns"]
    assert set(turn) >= PROMISED_OF_A_TURN
    assert turn["heard"] == "नमस्ते"
    assert turn["tools"] == [{"name": "order", "outcome": "ok", "ms": 12, "arguments": None}]
    assert record["started_at"] == "2026-11-29T12:00:00.000Z"
    assert record["faults"][0]["code"] == "llm_timeout"
    assert record["rescues"] == 1


async def test_a_turn_that_was_asked_for_again_is_told_once(engine):
    """Its agent was killed before it could answer; the next one asked the caller to say it again."""
    turns = [
        {"generation": 0, "number": 1, "heard": "hello", "replied_at": NOON},
        {"generation": 0, "number": 2, "heard": "my order", "replied_at": None},
        {"generation": 1, "number": 2, "heard": "my order please", "replied_at": NOON},
        {"generation": 1, "number": 3, "heard": "thanks", "replied_at": None},
    ]
    async with writing(engine) as connection:
        await connection.execute(insert(Call), [call(1)])
        for second, turn in enumerate(turns):
            at = {"call_id": "call-001", "at": NOON + timedelta(seconds=second), "stages_seconds": {}}
            await connection.execute(insert(Turn), [at | turn])
    async with engine.connect() as connection:
        record = await read_record(connection, "call-001")
    assert [turn["heard"] for turn in record["turns"]] == ["hello", "my order please", "thanks"]


@pytest.mark.parametrize(
    "wanted", [CallFilter(), CallFilter(channel="phone"), CallFilter(since=NOON, language="hi-IN")]
)
async def test_pages_have_every_call_once_the_newest_first(engine, wanted):
    calls = [call(number) for number in range(23)]
    async with writing(engine) as connection:
        await connection.execute(insert(Call), calls)
    seen, before = [], None
    async with engine.connect() as connection:
        while page := await page_of_calls(connection, wanted, before=before, limit=4):
            seen += [row.id for row in page]
            before = (page[-1].started_at, page[-1].id)
    meant = [each["id"] for each in calls if wanted.channel in (None, each["channel"])]
    assert seen == sorted(meant, reverse=True)


async def test_every_record_of_a_span_is_read_the_oldest_first(engine, monkeypatch):
    monkeypatch.setattr("records.reading.PAGE_CALLS", 3)
    async with writing(engine) as connection:
        await connection.execute(insert(Call), [call(number) for number in range(12)])
    span = CallFilter(since=NOON + timedelta(seconds=1), until=NOON + timedelta(seconds=5))
    async with engine.connect() as connection:
        ids = [record["id"] async for record in every_record(connection, span)]
    assert ids == [f"call-{number:03}" for number in range(2, 10)]
