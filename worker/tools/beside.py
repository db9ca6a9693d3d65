"""Runs a deployment's own tools beside the call: one that blocks stops no voice, one that never returns no process."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, InvalidStateError
from typing import Any, TypeVar

T = TypeVar("T")
STUCK_SECONDS = 0.5  # a loop that has not come round in that time runs a tool that blocks


async def in_thread(work: Callable[[], T]) -> T:
    """Do work that may block, in a thread that nobody waits for when the process ends."""
    done: Future[T] = Future()
    context = contextvars.copy_context()

    def run() -> None:
        with contextlib.suppress(InvalidStateError):  # nobody waits for it any more
            try:
                done.set_result(context.run(work))
            except BaseException as error:  # it ends the thread, and is told where it is waited for
                done.set_exception(error)

    threading.Thread(target=run, name="tool", daemon=True).start()
    return await asyncio.wrap_future(done)


class LoopBeside:
    """Runs coroutines in a loop of their own, all in one: what they share, as a client, belongs to its loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Await `work` there; cancelled with whoever waits for it."""
        if self._loop is None or not await _comes_round(self._loop):
            self._loop = _started_loop()
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))


async def _comes_round(loop: asyncio.AbstractEventLoop) -> bool:
    """Return whether a loop still runs, and no tool blocks it: the next one is not to wait for that."""

    async def nothing() -> None:
        pass

    answer = asyncio.wrap_future(asyncio.run_coroutine_threadsafe(nothing(), loop))
    done, _ = await asyncio.wait({answer}, timeout=STUCK_SECONDS)
    return bool(done)


def _started_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="tools", daemon=True).start()
    return loop
