"""Measures how late an event loop is with what is due: by so much is late what a caller hears of it."""

from __future__ import annotations

import asyncio

TICK_SECONDS = 0.1


class LoopLag:
    """Measures ten times a second how long the running loop lets a callback wait.

    A loop that stands still for a second has been late for ten ticks, not for one: the others are counted as well.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop or asyncio.get_running_loop()
        self._seconds: list[float] = []
        self._due_at = self._loop.time() + TICK_SECONDS
        self._timer = self._loop.call_at(self._due_at, self._tick)

    def take(self) -> list[float]:
        """Return what was measured since the last time, in seconds."""
        taken, self._seconds = self._seconds, []
        return taken

    def stop(self) -> None:
        """Measure no more."""
        self._timer.cancel()

    def _tick(self) -> None:
        late = self._loop.time() - self._due_at
        while late > -TICK_SECONDS:
            self._seconds.append(max(0.0, late))
            self._due_at += TICK_SECONDS
            late -= TICK_SECONDS
        self._timer = self._loop.call_at(self._due_at, self._tick)
