"""The outbox gives every message to one sender at a time, tries for a day, and lists what it has given up."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta

import pytest

from records import outbox
from records.engine import writing
from records.outbox import LEASE, message_id_of, pause_after
from records.schema import Base, Call

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
CALLS = Base.metadata.tables[Call.__tablename__]


async def fill(engine, count, now=NOON):
    """So many calls, a message each."""
    async with writing(engine) as connection:
        for number in range(count):
            row = {
                "id": f"c{number}", "room": "r", "channel": "page", "direction": "in", "started_at": now,
                "last_event_at": now, "languages": [], "usage": {},
            }  # fmt: skip
            await connection.execute(CALLS.insert().values(row))
            await outbox.put(connection, f"c{number}", "call.finished", {"number": number}, now)


async def test_two_senders_never_get_the_same_message(engine):
    await fill(engine, 30)
    got = await asyncio.gather(*(outbox.claim(engine, f"sender {n}", 5, NOON) for n in range(6)))
    taken = [message.id for messages in got for message in messages]
    rest = []
    while more := await outbox.claim(engine, "the last", 5, NOON):
        rest += [message.id for message in more]
    assert len(taken + rest) == len(set(taken + rest)) == 30


async def test_a_message_is_put_in_once_however_often_that_is_tried(engine):
    await fill(engine, 1)
    async with writing(engine) as connection:
        await outbox.put(connection, "c0", "call.finished", {"number": "another"}, NOON)
    (message,) = await outbox.claim(engine, "a", 5, NOON)
    assert (message.id, message.body) == (message_id_of("c0", "call.finished"), {"number": 0})
    assert await outbox.count(engine) == outbox.Waiting(waiting=1, delivered=0, dead=0)


async def test_what_a_dead_sender_held_is_sent_by_another_when_its_lease_is_over(engine):
    await fill(engine, 1)
    (held,) = await outbox.claim(engine, "dead", 5, NOON)
    assert await outbox.claim(engine, "other", 5, NOON + LEASE - timedelta(seconds=1)) == []
    (again,) = await outbox.claim(engine, "other", 5, NOON + LEASE)
    assert (again.id, again.tries) == (held.id, 2)
    # It was only slow: what it says now changes nothing, the message is another's.
    await outbox.delivered(engine, "dead", held, NOON + LEASE)
    assert (await outbox.count(engine)).delivered == 0
    await outbox.delivered(engine, "other", again, NOON + LEASE)
    assert await outbox.count(engine) == outbox.Waiting(waiting=0, delivered=1, dead=0)


async def test_pauses_grow_for_a_day_and_then_the_message_is_dead_and_listed(engine):
    await fill(engine, 1)
    now, tried_at, dead = NOON, [], False
    while not dead:
        (message,) = await outbox.claim(engine, "a", 5, now)
        tried_at.append(now)
        dead = await outbox.failed(engine, "a", message, "HTTP 503", now)
        now += pause_after(now - NOON)
    pauses = [after - before for before, after in itertools.pairwise(tried_at)]
    assert pauses == sorted(pauses)
    assert timedelta(hours=23) <= tried_at[-1] - NOON <= timedelta(days=1)
    assert await outbox.claim(engine, "a", 5, now + timedelta(days=1)) == []
    (letter,) = await outbox.dead_letters(engine)
    assert (letter.call_id, letter.last_error, letter.tries) == ("c0", "HTTP 503", len(tried_at))
    assert await outbox.send_again(engine, now) == 1
    (again,) = await outbox.claim(engine, "a", 5, now)
    assert (again.id, again.tries) == (letter.id, 1)


@pytest.mark.parametrize("down_seconds", [5, 30, 60, 80])
def test_a_receiver_that_was_down_a_minute_has_everything_ten_seconds_after_its_return(down_seconds):
    age = timedelta()
    while age.total_seconds() < down_seconds:
        age += pause_after(age)
    assert age.total_seconds() - down_seconds <= 10


async def test_one_that_gets_through_after_failing_calls_the_others(engine):
    await fill(engine, 3)
    for message in await outbox.claim(engine, "a", 3, NOON):
        await outbox.failed(engine, "a", message, "HTTP 502", NOON)
    later = NOON + timedelta(hours=2)
    for message in await outbox.claim(engine, "a", 3, later):
        await outbox.failed(engine, "a", message, "HTTP 502", later)
    back = later + timedelta(hours=1)
    (first,) = await outbox.claim(engine, "a", 1, back)
    await outbox.delivered(engine, "a", first, back)
    assert len(await outbox.claim(engine, "a", 5, back)) == 2


async def test_a_message_goes_when_its_call_is_erased(engine):
    await fill(engine, 2)
    async with writing(engine) as connection:
        await connection.execute(CALLS.delete().where(CALLS.c.id == "c0"))
    assert [message.call_id for message in await outbox.claim(engine, "a", 5, NOON)] == ["c1"]
