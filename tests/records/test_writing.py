"""Events make one record, however often, late and mixed up they are told."""

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from records.engine import writing
from records.events import CallEvent, call_id_of, read_line, tombstone_of
from records.reading import read_record
from records.schema import Call, Tombstone
from records.writing import add_usage, agents_gone, close_abandoned, write_events

CALL = call_id_of("RM_one")
AT = 1_795_953_600.0
USAGE = {"stt_usage:saaras": {"audio_duration": 10.0}}


def told(generation, *kinds_and_abouts, start=0.0):
    return [
        CallEvent(CALL, generation, sequence, kind, AT + start + sequence, about)
        for sequence, (kind, about) in enumerate(kinds_and_abouts)
    ]


FIRST_AGENT = told(
    0,
    ("begun", {"room": "room-1", "channel": "phone", "direction": "in", "caller": "f1", "reason": "first"}),
    ("answered", {}),
    ("heard", {"turn": 1, "heard": "नमस्ते", "heard_language": "hi-IN"}),
    ("tool", {"turn": 1, "name": "order_status", "outcome": "ok", "ms": 12}),
    ("replied", {"turn": 1, "reply": "नमस्ते जी", "reply_language": "hi-IN", "stages_seconds": {"llm": 0.2}}),
    ("usage", {"usage": USAGE, "rupees": 0.5}),
    ("heard", {"turn": 2, "heard": "என் ஆர்டர் எங்கே", "heard_language": "ta-IN"}),
)
SECOND_AGENT = told(
    1,
    ("begun", {"room": "room-1", "channel": "phone", "direction": "in", "reason": "crashed", "started_at": AT}),
    ("heard", {"turn": 2, "heard": "என் ஆர்டர் எங்கே", "heard_language": "ta-IN"}),
    ("fault", {"code": "llm_timeout", "detail": "APITimeoutError"}),
    ("replied", {"turn": 2, "reply": "வருகிறது", "reply_language": "ta-IN", "interrupted": True}),
    ("usage", {"usage": USAGE, "rupees": 0.25}),
    ("ended", {"reason": "user_initiated"}),
    start=30,
)


async def record_of(engine, *batches):
    for batch in batches:
        await write_events(engine, batch)
    async with engine.connect() as connection:
        return await read_record(connection, CALL)


async def test_a_killed_agent_and_its_rescuer_make_one_record_with_all_turns_once(engine):
    record = await record_of(engine, FIRST_AGENT, SECOND_AGENT)
    assert [turn["reply"] for turn in record["turns"]] == ["नमस्ते जी", "வருகிறது"]
    assert [turn["number"] for turn in record["turns"]] == [1, 2]
    assert record["languages"] == ["hi-IN", "ta-IN"]
    assert record["turns"][0]["tools"] == [{"name": "order_status", "outcome": "ok", "ms": 12, "arguments": None}]
    assert (record["rescues"], record["handovers"], record["rupees"]) == (1, 0, 0.75)
    assert record["usage"] == {"stt_usage:saaras": {"audio_duration": 20.0}}
    assert record["end_reason"] == "user_initiated"
    assert record["caller"] == "f1"
    assert record["started_at"] == "2026-11-29T12:00:00.000Z"
    assert record["turns"][1]["interrupted"] is True
    assert [fault["code"] for fault in record["faults"]] == ["llm_timeout"]


async def test_told_twice_late_and_mixed_up_it_is_the_same_record(engine):
    straight = await record_of(engine, FIRST_AGENT, SECOND_AGENT)
    async with writing(engine) as connection:
        await connection.exec_driver_sql("DELETE FROM calls")
    mixed = [*FIRST_AGENT, *SECOND_AGENT] * 2
    random.Random(21).shuffle(mixed)
    assert await record_of(engine, *([event] for event in mixed)) == straight


async def test_a_model_without_a_price_makes_the_calls_price_unknown_not_less(engine):
    unknown = told(1, ("usage", {"usage": USAGE, "rupees": None}))
    assert (await record_of(engine, FIRST_AGENT, unknown))["rupees"] is None


async def test_what_nobody_knows_the_price_of_is_named_for_the_call_as_a_whole(engine):
    first = told(0, ("usage", {"usage": USAGE, "rupees": 0.5, "unpriced": ["phone minutes"]}))
    second = told(1, ("usage", {"usage": USAGE, "rupees": None, "unpriced": ["tts m", "phone minutes"]}))
    record = await record_of(engine, first, second)
    assert (record["rupees"], record["unpriced"]) == (None, ["phone minutes", "tts m"])


async def test_what_was_said_of_a_budget_is_no_apology(engine):
    events = (
        ("begun", {"room": "r"}), ("answered", {}), ("heard", {"turn": 1, "heard": "what does it cost"}),
        ("replied", {"turn": 1, "reply": "Forty."}), ("fault", {"code": "budget_call", "said": "I must go"}),
        ("ended", {"reason": "budget"}),
    )  # fmt: skip
    await write_events(engine, told(0, *events))
    async with engine.connect() as connection:
        judged = (await connection.execute(select(Call.attention, Call.attention_reasons))).one()
    assert tuple(judged) == (0, [])


@pytest.mark.parametrize(
    ("before", "more", "whole"),
    [
        ({"usage": USAGE, "rupees": 0.5}, 0.25, 0.75),
        ({"usage": USAGE, "rupees": None, "unpriced": ["stt m"]}, 0.25, None),
        ({"usage": USAGE, "rupees": 0.5}, None, None),
        ({"usage": {}, "rupees": None}, 0.25, 0.25),  # killed before anything was used
    ],
)
async def test_what_is_done_about_a_call_when_it_is_over_is_added_to_its_price(engine, before, more, whole):
    await record_of(engine, FIRST_AGENT, told(1, ("begun", {"room": "r"}), ("usage", before)))
    first = 0.5
    tokens = {"llm_usage:m": {"input_tokens": 90}}
    async with writing(engine) as connection:
        await add_usage(connection, CALL, tokens, more, () if more is not None else ("llm m",))
        await add_usage(connection, CALL, {}, None, ())
        record = await read_record(connection, CALL)
    assert record["usage"]["llm_usage:m"] == {"input_tokens": 90}
    assert record["rupees"] == (None if whole is None else first + whole)
    assert ("llm m" in record["unpriced"]) == (more is None)


async def test_the_longer_reply_of_a_turn_wins_whichever_is_told_last(engine):
    replies = told(
        0, ("begun", {"room": "r"}), ("heard", {"turn": 1}), ("replied", {"turn": 1, "reply": "One"}),
        ("replied", {"turn": 1, "reply": "One moment. It is here."}),
    )  # fmt: skip
    record = await record_of(engine, [replies[3]], replies[:3])
    assert [turn["reply"] for turn in record["turns"]] == ["One moment. It is here."]


async def test_a_call_that_was_erased_does_not_come_back_out_of_a_spool(engine):
    async with writing(engine) as connection:
        await connection.execute(
            Tombstone.__table__.insert(), [{"call_hash": tombstone_of(CALL), "at": datetime.now(UTC), "receipt": "r"}]
        )
    assert await record_of(engine, FIRST_AGENT) is None


async def test_a_call_whose_agent_died_alone_is_ended_and_goes_on_when_somebody_carries_it_on_after_all(engine):
    await write_events(engine, FIRST_AGENT)
    late = datetime.fromtimestamp(AT, UTC) + timedelta(seconds=120)
    assert await close_abandoned(engine, late) == 0  # its agent may still be there
    await agents_gone(engine, {(CALL, 0)}, late)
    assert await close_abandoned(engine, late) == 1
    async with engine.connect() as connection:
        record = await read_record(connection, CALL)
    assert (record["end_reason"], record["failed"]) == ("agent_died", True)
    assert record["ended_at"] == "2026-11-29T12:00:06.000Z"
    record = await record_of(engine, SECOND_AGENT[:2])
    assert (record["end_reason"], record["failed"], record["ended_at"]) == (None, False, None)


DIED = [CallEvent(CALL, 0, 0, "died", AT + 20, {})]


async def test_a_call_that_nobody_carries_on_is_over_when_that_is_told(engine):
    record = await record_of(engine, FIRST_AGENT, DIED)
    assert (record["end_reason"], record["failed"]) == ("agent_died", True)
    assert record["ended_at"] == "2026-11-29T12:00:20.000Z"
    assert await record_of(engine, FIRST_AGENT, DIED) == record  # told twice, and out of order


@pytest.mark.parametrize("batches", [[SECOND_AGENT, DIED], [DIED, SECOND_AGENT], [[*DIED, *SECOND_AGENT]]])
async def test_what_was_thought_to_be_lost_and_was_rescued_ends_as_its_rescuer_says(engine, batches):
    record = await record_of(engine, FIRST_AGENT, *batches)
    assert (record["end_reason"], record["failed"], record["rescues"]) == ("user_initiated", False, 1)
    assert record["ended_at"] == "2026-11-29T12:00:35.000Z"


@pytest.mark.parametrize("order", [1, -1])
async def test_an_end_that_was_told_stands_whoever_dies_later(engine, order):
    ended = [CallEvent(CALL, 0, 7, "ended", AT + 15, {"reason": "user_initiated"})]
    record = await record_of(engine, FIRST_AGENT, *[ended, DIED][::order])
    assert (record["end_reason"], record["ended_at"]) == ("user_initiated", "2026-11-29T12:00:15.000Z")


async def test_a_death_alone_begins_no_record(engine):
    assert await record_of(engine, DIED) is None


async def test_a_call_that_says_nothing_for_hours_is_lost(engine):
    await write_events(engine, FIRST_AGENT)
    assert await close_abandoned(engine, datetime.fromtimestamp(AT, UTC) + timedelta(hours=3)) == 1
    assert (await record_of(engine))["end_reason"] == "lost"


async def test_what_no_column_holds_is_cut_and_what_no_database_takes_is_left_out(engine):
    events = told(
        0,
        ("begun", {"room": "r" * 5000, "caller": "c" * 500}),
        ("heard", {"turn": 1, "heard": "nul \0 and half \ud83d of one", "heard_language": "x" * 99}),
    )
    record = await record_of(engine, events)
    assert record["turns"][0]["heard"] == "nul  and half ? of one"
    assert len(record["caller"]) == 64


@given(st.binary(max_size=200) | st.text(max_size=80).map(str.encode))
def test_a_line_of_a_spool_is_an_event_or_nothing(line):
    assert read_line(line) is None or read_line(line).as_line()


@given(
    st.dictionaries(st.text(max_size=5), st.none() | st.booleans() | st.integers() | st.text(), max_size=4),
    st.floats(0, 4e9, allow_nan=False),
)
def test_an_event_comes_back_from_its_line(about, at):
    event = CallEvent(CALL, 0, 3, "heard", at, about)
    line = event.as_line()
    assert line.count(b"\n") == 1
    assert read_line(line) == event


@pytest.mark.parametrize("cut", [1, 10, 40])
def test_a_torn_line_is_nothing(cut):
    assert read_line(FIRST_AGENT[0].as_line()[:-cut]) in (None, FIRST_AGENT[0] if cut == 1 else None)


def test_ids_of_rooms_are_apart():
    ids = {call_id_of(f"RM_{number}") for number in range(100)}
    assert len(ids) == 100
    assert all(len(each) == 32 for each in ids)
    assert not any(tombstone_of(one) == other for one, other in itertools.product(ids, ids))
