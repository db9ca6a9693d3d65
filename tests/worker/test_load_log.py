"""How full a worker is stands in its log, once a minute, from when it takes calls."""

import asyncio
import contextlib
import logging
from types import SimpleNamespace

import pytest

from worker import load_log


@pytest.mark.parametrize(("calls", "most", "percent"), [(0, 8, 0.0), (6, 8, 75.0), (1, 3, 33.3), (8, 8, 100.0)])
async def test_the_load_is_logged_when_there_is_a_livekit(caplog, monkeypatch, calls, most, percent):
    caplog.set_level(logging.INFO, "vaani")
    monkeypatch.setattr(load_log, "EVERY_SECONDS", 0)
    registered = asyncio.Event()
    task = asyncio.create_task(load_log.log_load(SimpleNamespace(calls=lambda: calls, most=most), registered))
    await asyncio.sleep(0)  # noqa: TID251  its turn
    assert caplog.records == []
    registered.set()
    async with asyncio.timeout(5):
        while len(caplog.records) < 2:
            await asyncio.sleep(0)  # noqa: TID251  its turn
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    first = caplog.records[0]
    assert (first.msg, first.calls, first.most_calls, first.load_percent) == ("worker.load", calls, most, percent)
