"""Runs functions later, each at most once at a time, and stops them all together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Timers:
    """Keeps the timers of one owner, each known by the function it will call."""

    def __init__(self) -> None:
        self._handles: dict[Callable[[], None], asyncio.TimerHandle] = {}

    def start(self, seconds: float, run: Callable[[], None]) -> None:
        """Call `run` after `seconds`, unless it is waiting to be called already."""
        if run not in self._handles:
            self._handles[run] = asyncio.get_running_loop().call_later(max(seconds, 0.0), self._fire, run)

    def restart(self, seconds: float, run: Callable[[], None]) -> None:
        """Call `run` after `seconds` from now, whatever was planned."""
        if (planned := self._handles.pop(run, None)) is not None:
            planned.cancel()
        self.start(seconds, run)

    def stop(self) -> None:
        """Cancel all timers."""
        for handle in self._handles.values():
            handle.cancel()
        self._handles.clear()

    def _fire(self, run: Callable[[], None]) -> None:
        del self._handles[run]
        run()
