"""A worker that gets too little of its machine bends: no new calls, no replies begun early, and nobody is lost."""

import asyncio
import contextlib
import os
import signal

import pytest

from sandbox.caller import Pause, Turn
from tests.recovery.conftest import said_after

pytestmark = [
    pytest.mark.calls,
    pytest.mark.nightly,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
]

LATE_SECONDS = 0.25  # so that a machine that is busy itself makes nobody late
SOMEWHAT_LATE = (0.4, 0.4)
"""The worker stands still for so long, then runs for so long: it is later than the limit, not 2.5 times as late."""
VERY_LATE = (0.9, 0.7)
# The words before the pause are taken for a whole sentence at first, and an answer to them is begun.
PAUSED = Turn(
    text="I want to know my bill, and also when the office opens.",
    language="en-IN",
    pauses=(Pause(0.7, after_words=6),),
)


@pytest.fixture
def worker_environment():
    return {"WORKER_LATE_SECONDS": str(LATE_SECONDS), "WORKER_SILENCE_SECONDS": "120", "WORKER_MAX_CALLS": "20"}


@pytest.fixture
def only_worker(sandbox):
    return sandbox.processes["worker"]


@contextlib.asynccontextmanager
async def busy_machine(worker, standing_seconds, running_seconds):
    """Keep a worker and all its processes from running again and again, as a machine does that has too much to do."""

    async def wait(seconds):
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=seconds)

    async def stutter():
        try:
            while True:
                os.killpg(worker.pid, signal.SIGSTOP)
                await wait(standing_seconds)
                os.killpg(worker.pid, signal.SIGCONT)
                await wait(running_seconds)
        finally:
            os.killpg(worker.pid, signal.SIGCONT)

    stuttering = asyncio.create_task(stutter())
    try:
        yield
    finally:
        stuttering.cancel()
        await asyncio.wait([stuttering])


async def test_a_late_worker_takes_no_calls_then_begins_no_replies_early_then_is_as_before(only_worker, operator, call):
    """Pins: a worker that was late took more calls and began more replies, until most answers never came."""

    def state():
        """What the worker leaves out now: one that was late a while ago may have got over it."""
        changes = operator.events("worker.strained")
        return changes[-1]["state"] if changes else "easy"

    second = None

    async def before_turn(number):
        nonlocal second
        if number == 1:
            async with busy_machine(only_worker, *SOMEWHAT_LATE):
                await operator.until(lambda: state() != "easy", 60)
                second = await call(Turn(text="Hello?", language="en-IN", wait_seconds=20), goodbye=False)
            await very_busy.enter_async_context(busy_machine(only_worker, *VERY_LATE))
            await operator.until(lambda: state() == "shedding", 60)
        elif number == 2:
            await very_busy.aclose()
            await operator.until(lambda: state() == "easy", 60)

    async with contextlib.AsyncExitStack() as very_busy:
        first = await call(PAUSED, PAUSED, PAUSED, before_turn=before_turn)
    wasted = [event["wasted_replies"] for event in operator.events("turn.finished")]
    third = await call("Can you help me with my bill?")

    assert any("lines are busy" in text for text in said_after(second, 0)), second.transcript
    assert [notice["code"] for notice in second.notices] == ["busy"]
    assert first.good, first.errors  # three answers, none lost
    assert [replies > 0 for replies in wasted[:3]] == [True, False, True]
    assert third.good, third.errors
    assert not third.notices
