"""The voice detector's network runs where it is asked, without a thread."""

import asyncio
import threading

import pytest
import uvloop

from worker.providers.vad import AtOnce


async def test_it_runs_in_the_loop_s_own_thread():
    ran_in = await asyncio.get_running_loop().run_in_executor(AtOnce(), threading.get_ident)
    assert ran_in == threading.get_ident()


async def test_what_it_raises_is_raised_where_it_is_awaited():
    with pytest.raises(ZeroDivisionError):
        await asyncio.get_running_loop().run_in_executor(AtOnce(), divmod, 1, 0)


async def _turns_of_the_loop_while_it_is_awaited():
    loop, turns = asyncio.get_running_loop(), []
    loop.call_soon(turns.append, "a turn")
    assert await loop.run_in_executor(AtOnce(), divmod, 7, 2) == (3, 1)
    return list(turns)


@pytest.mark.parametrize("make_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_awaiting_it_costs_no_turn_of_the_loop(make_loop):
    """Pins: a wake of the loop for each of the 31 windows a second of every call, twice what the network takes."""
    with asyncio.Runner(loop_factory=make_loop) as runner:
        assert runner.run(_turns_of_the_loop_while_it_is_awaited()) == []
