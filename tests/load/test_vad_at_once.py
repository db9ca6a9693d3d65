"""The voice detector's network runs where it is asked, without a thread."""

import asyncio
import threading

import pytest

from worker.providers.vad import AtOnce


async def test_it_runs_in_the_loop_s_own_thread():
    ran_in = await asyncio.get_running_loop().run_in_executor(AtOnce(), threading.get_ident)
    assert ran_in == threading.get_ident()


async def test_what_it_raises_is_raised_where_it_is_awaited():
    with pytest.raises(ZeroDivisionError):
        await asyncio.get_running_loop().run_in_executor(AtOnce(), divmod, 1, 0)
