"""A call whose process was killed has an outcome all the same, made by a worker from the words in its record."""

import asyncio
from datetime import UTC, datetime

import pytest_asyncio

from records import outbox
from records.engine import new_engine, upgrade
from records.writing import close_abandoned, write_events
from tests.outcome.conftest import maker_for
from tests.records.test_outcomes import WHOLE, record_of, told
from worker.bill import Bill
from worker.outcome.open_calls import AT_ONCE, OpenCalls


def price(usage):
    """Half a rupee for every request."""
    return Bill(0.5 if usage else None)


@pytest_asyncio.fixture
async def database(tmp_path):
    engine = new_engine(f"sqlite+aiosqlite:///{tmp_path}/calls.db")
    await upgrade(engine)
    yield engine
    await engine.dispose()


def of_today(happened):
    """The same events, two hours and a half ago."""
    shift = datetime.now(UTC).timestamp() - 9000 - happened[0].at
    return [
        type(event)(event.call, event.generation, event.sequence, event.kind, event.at + shift, event.about)
        for event in happened
    ]


async def killed(database, **how):
    await write_events(database, of_today(told(*WHOLE[:-2], **how)))
    assert await close_abandoned(database, datetime.now(UTC)) == 1


async def test_it_is_asked_about_from_its_record_and_told_to_the_webhook(database, model):
    await killed(database)
    async with maker_for(model) as maker:
        calls = OpenCalls(database, maker, price, tells=True)
        assert await calls.make_one(datetime.now(UTC)) is True
        assert await calls.make_one(datetime.now(UTC)) is False
    record = await record_of(database)
    assert (record["outcome_status"], record["end_reason"]) == ("ok", "lost")
    assert "Caller: a cake please\nAssistant: I have ordered it" in model.asked[0]["messages"][1]["content"]
    assert "- order: done" in model.asked[0]["messages"][1]["content"]
    assert (await outbox.count(database)).waiting == 1
    assert record["usage"]["llm_usage:gpt-6-luna"] == {"input_tokens": 90, "output_tokens": 30}
    assert record["rupees"] == 0.5


async def test_calls_that_a_machine_has_taken_along_are_asked_about_side_by_side(database, model):
    for number in range(AT_ONCE):
        await killed(database, call=f"c{number}")
    model.script = ["hang"]
    async with maker_for(model) as maker:
        running = asyncio.create_task(OpenCalls(database, maker, price, tells=True).run())
        try:
            async with asyncio.timeout(20):
                while len(model.asked) < AT_ONCE:
                    await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.05)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_without_its_words_nobody_is_asked_and_that_is_said(database, model):
    await killed(database, words_kept=False, words=False)
    async with maker_for(model) as maker:
        assert await OpenCalls(database, maker, price, tells=True).make_one(datetime.now(UTC)) is True
    assert (await record_of(database))["outcome_status"] == "no_words"
    assert model.asked == []


async def test_while_the_model_is_away_it_stays_to_be_asked_about(database, model):
    await killed(database)
    model.script = [401]
    async with maker_for(model) as maker:
        await OpenCalls(database, maker, price, tells=True).make_one(datetime.now(UTC))
    assert (await record_of(database))["outcome_status"] is None
    assert (await outbox.count(database)).waiting == 0
