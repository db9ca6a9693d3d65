"""A stopping worker tells every call that runs, again and again, and survives one that ended meanwhile."""

import asyncio
import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.jumping_clock import run, wait
from worker.recovery import drain_signal

pytestmark = pytest.mark.processes


def pool(*pids):
    processes = [SimpleNamespace(running_job=object(), pid=pid) for pid in pids]
    processes.append(SimpleNamespace(running_job=None, pid=1))  # idle: has no call to hand over
    return SimpleNamespace(_proc_pool=SimpleNamespace(processes=processes))


def told(monkeypatch, server, *, after_seconds, for_seconds):
    """Who was told when, in seconds since the drain began."""
    heard = []

    async def scenario():
        loop = asyncio.get_running_loop()
        began = loop.time()

        def kill(pid, number):
            heard.append((pid, number, round(loop.time() - began, 1)))
            if pid == 404:
                raise ProcessLookupError

        monkeypatch.setattr(os, "kill", kill)
        telling = asyncio.create_task(drain_signal.hand_over_calls(server, after_seconds))
        await wait(for_seconds)
        telling.cancel()

    run(scenario())
    return heard


def test_calls_first_have_the_time_to_end_by_themselves(monkeypatch):
    heard = told(monkeypatch, pool(11), after_seconds=30.0, for_seconds=30.5)
    assert heard == [(11, signal.SIGUSR2, 30.0)]


def test_with_no_time_to_wait_they_are_told_at_once_and_every_second(monkeypatch):
    heard = told(monkeypatch, pool(11, 12), after_seconds=-2.0, for_seconds=1.5)
    assert [(pid, at) for pid, _, at in heard] == [(11, 0.0), (12, 0.0), (11, 1.0), (12, 1.0)]


def test_a_process_that_is_gone_keeps_nobody_else_from_being_told(monkeypatch):
    assert [pid for pid, *_ in told(monkeypatch, pool(404, 12), after_seconds=0, for_seconds=0.5)] == [404, 12]


def test_a_process_without_a_call_is_not_killed_by_the_signal():
    """Unhandled, SIGUSR2 ends a process: an idle one, warm for the next caller, would be gone."""
    program = (
        "import os, signal; from worker.recovery.drain_signal import ignore_handover_signal as ignore; ignore(); "
        "os.kill(os.getpid(), signal.SIGUSR2); print('alive')"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "alive\n"


async def test_in_a_call_the_signal_is_heard_more_than_once():
    heard = asyncio.Queue()
    drain_signal.on_handover_signal(lambda: heard.put_nowait("stop"))
    try:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGUSR2)
            assert await asyncio.wait_for(heard.get(), 5) == "stop"
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGUSR2)
