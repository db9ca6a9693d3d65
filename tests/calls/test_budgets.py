"""A real call is warned and ended in the caller's language, and a day that another worker has used up is said first."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from records.budgets import Claim, Limits
from records.engine import new_engine
from records.reading import CallFilter, every_record
from records.spending import claim
from sandbox.caller import CallPlan, Control, Patience, Turn, place_call
from worker.lang import part_of

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]
SCOPE = "sk_budgets"
HINDI = part_of("hi-IN", "phrases")
QUESTION = "मेरा ऑर्डर नंबर 4521 कहाँ है?"


def said_by_the_agent(result):
    return [line["text"] for line in result.transcript if line["by"] == "agent"]


async def records_of(worker, engine, count):
    """The records, once the worker has written that so many calls are over."""
    found = []

    async def are_over():
        async with engine.connect() as connection:
            found[:] = [record async for record in every_record(connection, CallFilter())]
        return len([record for record in found if record["ended_at"]]) == count

    await worker.until(are_over, 30)  # the shipper tells nobody
    return found


async def test_a_hindi_caller_is_warned_told_and_on_a_used_up_day_told_at_once(sandbox, worker_with, join, tmp_path):
    url = f"sqlite+aiosqlite:///{tmp_path}/calls.db"
    environment = {
        "WORKER_RECORDS_URL": url, "WORKER_RECORDS_SPOOL_DIR": str(tmp_path / "spool"),
        "WORKER_RECORDS_WORDS": "true", "WORKER_RUPEES_PER_CALL": "0.5", "WORKER_RUPEES_PER_DAY": "100",
    }  # fmt: skip
    calls = {"join": join("budgets", {"language": "hi-IN"}), "control": Control(sandbox.sandbox_url, SCOPE)}
    async with worker_with("budgets", scope=SCOPE, **environment) as worker:
        await sandbox.configure(SCOPE)
        asked = Turn(text=QUESTION, language="hi-IN", wait_seconds=6.0)
        first = await place_call(CallPlan(turns=(asked,) * 6), patience=Patience(call_seconds=90), **calls)
        engine = new_engine(url)
        await records_of(worker, engine, 1)
        today = datetime.now(ZoneInfo("Asia/Kolkata")).date()
        elsewhere = Claim("another-workers-call", 0, 1, today, None, 100.0, 0.0)
        await claim(engine, elsewhere, Limits(), "another", datetime.now(UTC))
        calls["join"] = join("budgets", {"language": "hi-IN"})
        second = await place_call(CallPlan(turns=(asked,)), patience=Patience(call_seconds=45), **calls)
        records = await records_of(worker, engine, 2)
        await engine.dispose()
        log = worker.log_text()

    heard = said_by_the_agent(first)
    assert any(HINDI["budget_warning"] in text for text in heard), heard
    assert HINDI["budget_up"] in heard[-1]
    assert heard.index(next(text for text in heard if HINDI["budget_warning"] in text)) < len(heard) - 1
    assert first.ended_by == "agent"
    assert first.turns[0].answered, first.errors
    assert said_by_the_agent(second)[-1] == HINDI["day_is_up"]  # on a busy machine a greeting has begun before
    assert second.ended_by == "agent"
    of_first, of_second = sorted(records, key=lambda record: record["started_at"])
    assert [record["end_reason"] for record in (of_first, of_second)] == ["budget", "budget"]
    assert [fault["code"] for fault in of_first["faults"]] == ["budget_warning", "budget_call"]
    assert [fault["said"] for fault in of_second["faults"]] == [HINDI["day_is_up"]]
    assert 0.5 <= of_first["rupees"] < 0.5 + 4.5  # one turn over at most
    assert of_first["unpriced"] == []
    for event in ("budget.kept", "budget.nearly_used_up", "budget.used_up"):
        assert event in log
