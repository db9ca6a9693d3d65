"""Beyond a worker's capacity nobody waits in silence: the call goes to another worker, or is refused aloud."""

import asyncio

import pytest

from sandbox.caller import Turn
from tests.recovery.conftest import said_after

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]


@pytest.fixture
def worker_environment():
    """The only worker has one line."""
    return {"WORKER_MAX_CALLS": "1"}


async def recognisers(sandbox):
    """The sockets to a recogniser that were opened since the stand-ins began to count."""
    return [event for event in await sandbox.seen() if event["provider"] == "stt" and event["kind"] == "opened"]


async def test_the_second_caller_of_one_line_is_told_so_within_5_s_and_the_first_notices_nothing(
    sandbox, operator, call
):
    """Pins the trap that LiveKit gives a full worker's callers to nobody, and that they hear nothing, for ever."""
    before = len(operator.events("call.refused_busy"))
    opened = len(await recognisers(sandbox))
    greeted = asyncio.Event()

    def first_is_greeted(event):
        if event.kind == "greeted":
            greeted.set()

    first = asyncio.create_task(
        call(Turn(text="Can you help me with my bill?", language="en-IN", wait_seconds=4), on_event=first_is_greeted)
    )
    await asyncio.wait_for(greeted.wait(), 30)
    # It never speaks: the stand-in recogniser hears one caller at a time.
    second = await call(Turn(text="Hello?", language="en-IN", wait_seconds=20), goodbye=False)
    first = await first

    assert len(operator.events("call.refused_busy")) == before + 1
    assert any("lines are busy" in text for text in said_after(second, 0)), second.transcript
    assert second.greeting_seconds < 2 * 5
    assert second.ended_by == "agent"
    assert [notice["code"] for notice in second.notices] == ["busy"]
    assert first.good, first.errors
    assert len(await recognisers(sandbox)) == opened + 1  # nobody listens to whoever is refused
