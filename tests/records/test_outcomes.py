"""An outcome is written once whoever makes it, its message is put in once, and calls of killed agents are found."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from records import events, outbox
from records.engine import writing
from records.events import CallEvent
from records.outcomes import ASKED_FOR, MOST_TRIES, OWN_TIME, claim_open_call, write_outcome
from records.reading import read_record
from records.writing import agents_gone, close_abandoned, write_events

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
FOUND = {"status": "ok", "summary": "A cake.", "outcome": {"intent": "cake"}, "promises": [{"status": "done"}]}


def told(*kinds, call="c1", generation=0, words_kept=True, words=True):
    """The events of one agent, a second apart from noon on; without `words` nobody has kept what was said."""
    about = {
        events.BEGUN: {"room": "r", "words_kept": words_kept},
        events.HEARD: {"turn": 1, "heard": "a cake please" if words else None},
        events.REPLIED: {"turn": 1, "reply": "I have ordered it" if words else None, "reply_language": "en-IN"},
        events.TOOL: {"turn": 1, "name": "order", "outcome": "ok", "ms": 3},
        events.ENDED: {"reason": "caller_said_goodbye"},
        events.OUTCOME: FOUND | {"tell": True},
    }
    return [
        CallEvent(call, generation, number, kind, (NOON + timedelta(seconds=number)).timestamp(), about.get(kind, {}))
        for number, kind in enumerate(kinds)
    ]


async def record_of(engine, call="c1"):
    async with engine.connect() as connection:
        return await read_record(connection, call)


WHOLE = (events.BEGUN, events.HEARD, events.TOOL, events.REPLIED, events.ENDED, events.OUTCOME)


async def test_a_call_and_its_outcome_are_one_record_and_one_message(engine):
    await write_events(engine, told(*WHOLE))
    record = await record_of(engine)
    assert (record["summary"], record["outcome"], record["outcome_status"]) == ("A cake.", {"intent": "cake"}, "ok")
    assert record["promises"] == [{"status": "done"}]
    (message,) = await outbox.claim(engine, "a", 5, NOON + timedelta(hours=1))
    data = message.body["data"]
    assert message.body["type"] == message.kind == "call.finished"
    assert (data["id"], data["summary"], data["turn_count"], data["end_reason"]) == (
        "c1", "A cake.", 1, "caller_said_goodbye",
    )  # fmt: skip
    assert data["ended_at"] == "2026-11-29T12:00:04.000Z"


async def test_telling_it_again_or_by_somebody_else_changes_nothing(engine):
    await write_events(engine, told(*WHOLE))
    await write_events(engine, told(*WHOLE))
    async with writing(engine) as connection:
        late = await write_outcome(connection, "c1", FOUND | {"summary": "Another."}, NOON, tell=True)
    assert late is False
    assert (await record_of(engine))["summary"] == "A cake."
    assert await outbox.count(engine) == outbox.Waiting(waiting=1, delivered=0, dead=0)


async def test_without_a_webhook_nothing_waits(engine):
    await write_events(engine, told(*WHOLE[:-1]))
    async with writing(engine) as connection:
        assert await write_outcome(connection, "c1", FOUND, NOON, tell=False)
    assert await outbox.count(engine) == outbox.Waiting(waiting=0, delivered=0, dead=0)


async def test_a_call_whose_agent_was_killed_is_found_once_it_is_closed(engine):
    await write_events(engine, told(*WHOLE[:-2]))
    later = NOON + timedelta(hours=3)
    assert await claim_open_call(engine, later) is None  # nobody has said that it is over
    assert await close_abandoned(engine, later) == 1
    found = await claim_open_call(engine, later)
    assert (found.id, found.words_kept, found.is_last_try) == ("c1", True, False)
    assert found.said == [("a cake please", "I have ordered it")]
    assert found.tools == [("order", True)]


async def test_its_own_agent_is_given_its_time_first(engine):
    await write_events(engine, told(*WHOLE[:-1]))
    ended = NOON + timedelta(seconds=4)
    assert await claim_open_call(engine, ended + OWN_TIME - timedelta(seconds=1)) is None
    assert await claim_open_call(engine, ended + OWN_TIME) is not None


async def test_an_agent_that_is_gone_needs_no_time_more(engine):
    await write_events(engine, told(*WHOLE[:-1]))
    ended = NOON + timedelta(seconds=4)
    await agents_gone(engine, {("c1", 0)}, ended)
    assert await claim_open_call(engine, ended) is not None


async def test_an_agent_that_is_gone_says_nothing_of_the_one_that_has_followed_it(engine):
    await write_events(engine, told(events.BEGUN, events.HEARD))
    await agents_gone(engine, {("c1", 0)}, NOON)
    await write_events(engine, told(events.BEGUN, events.REPLIED, events.ENDED, generation=1))
    ended = NOON + timedelta(seconds=2)
    assert await claim_open_call(engine, ended) is None  # the rescuer is at it
    await agents_gone(engine, {("c1", 1)}, ended)
    assert await claim_open_call(engine, ended) is not None


async def test_a_call_of_one_agent_is_found_beside_one_of_several(engine):
    """Pins that the last agent of any call was taken for the last of each."""
    await write_events(engine, told(events.BEGUN, call="c2", generation=1))
    await write_events(engine, told(*WHOLE[:-1]))
    await agents_gone(engine, {("c1", 0)}, NOON)
    assert (await claim_open_call(engine, NOON + timedelta(seconds=4))).id == "c1"


async def test_a_call_that_goes_on_after_all_is_asked_about_at_its_true_end(engine):
    """An outcome of its beginning would be the first, and stay."""
    died = [CallEvent("c1", 0, 0, events.DIED, (NOON + timedelta(seconds=2)).timestamp(), {})]
    await write_events(engine, told(events.BEGUN, events.HEARD) + died)
    async with writing(engine) as connection:
        assert await write_outcome(connection, "c1", FOUND | {"summary": "Too early."}, NOON, tell=False)
    await write_events(engine, told(*WHOLE, generation=1))
    assert (await record_of(engine))["summary"] == "A cake."


@pytest.mark.parametrize(("tool", "status"), [("order", "done"), ("refund", "not_done")])
async def test_a_promise_is_marked_by_the_tools_of_every_agent_of_the_call(engine, tool, status):
    """A rescuer does not know what the agent before it has run, and would mark a kept promise as a broken one."""
    await write_events(engine, told(events.BEGUN, events.HEARD, events.TOOL))
    promises = [{"what": "It is ordered.", "tool": tool, "status": "not_done"}]
    rescued = told(events.BEGUN, events.REPLIED, events.ENDED, generation=1)
    outcome = CallEvent("c1", 1, 3, events.OUTCOME, rescued[-1].at, FOUND | {"promises": promises})
    await write_events(engine, [*rescued, outcome])
    assert [promise["status"] for promise in (await record_of(engine))["promises"]] == [status]


async def test_words_that_were_agreed_to_later_are_asked_about(engine):
    await write_events(engine, told(*WHOLE[:-1], words_kept=False))
    assert (await claim_open_call(engine, NOON + timedelta(hours=1))).words_kept is True


async def test_two_workers_never_ask_about_the_same_call(engine):
    for number in range(4):
        await write_events(engine, told(*WHOLE[:-1], call=f"c{number}"))
    later = NOON + timedelta(hours=1)
    found = await asyncio.gather(*(claim_open_call(engine, later) for _ in range(6)))
    while (more := await claim_open_call(engine, later)) is not None:
        found.append(more)
    ids = [call.id for call in found if call is not None]
    assert sorted(ids) == ["c0", "c1", "c2", "c3"]


async def test_a_worker_that_dies_over_it_leaves_it_to_another_and_there_is_a_last_time(engine):
    await write_events(engine, told(*WHOLE[:-1]))
    now, tries = NOON + timedelta(hours=1), []
    while (call := await claim_open_call(engine, now)) is not None:
        assert await claim_open_call(engine, now + ASKED_FOR - timedelta(seconds=1)) is None
        tries.append(call.is_last_try)
        now += ASKED_FOR
    assert tries == [False] * (MOST_TRIES - 1) + [True]


@pytest.mark.parametrize("days", [1, 30])
async def test_nobody_asks_about_a_call_of_long_ago(engine, days):
    await write_events(engine, told(*WHOLE[:-1]))
    assert await claim_open_call(engine, NOON + timedelta(days=days, seconds=10)) is None
