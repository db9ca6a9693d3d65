"""Signals the calls of a stopping worker to hand themselves over to another agent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable

from livekit.agents import AgentServer

from worker.livekit_internals import pids_of_calls

AGAIN_SECONDS = 1.0


def ignore_handover_signal() -> None:
    """Ignore the signal while there is no call to hand over; unhandled, it would kill the process."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)


def on_handover_signal(hand_over: Callable[[], None]) -> None:
    """Call `hand_over` in a call's process when the worker stops; it may be told more than once."""
    with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # a thread, as in console mode
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, hand_over)


async def hand_over_calls(server: AgentServer, after_seconds: float) -> None:
    """Signal every call of a draining worker, and again those that came in a moment ago.

    With a longer drain calls first have the time to end by themselves.
    """
    await asyncio.sleep(max(0.0, after_seconds))
    while True:
        for pid in pids_of_calls(server):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGUSR2)  # SIGUSR1 is the framework's own: it dumps stacks
        await asyncio.sleep(AGAIN_SECONDS)
