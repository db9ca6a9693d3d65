"""Keeps processes ready for calls, and starts none while callers wait to be greeted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from livekit.agents import AgentServer

from worker.livekit_internals import keep_idle_processes, on_call_process_closed, on_job_launched

# The framework replaces a process the moment a call has taken it: half a second of a core, just when the caller of
# that call waits to be greeted. Of callers who come at once, each would pay for the others' replacements.
UNDISTURBED_SECONDS = 2.0
LONGEST_UNDISTURBED_SECONDS = 6.0  # callers who keep coming need new processes, too


class WarmProcesses:
    """Says how many idle processes there should be: fewer than are kept when fewer lines are free."""

    def __init__(self, server: AgentServer, keep: int, lines: int, calls: Callable[[], int]) -> None:
        self._server = server
        self._keep = keep
        self._lines = lines
        self._calls = calls
        self._refill: asyncio.TimerHandle | None = None
        self._refill_by = 0.0

    def follow(self, server: AgentServer) -> None:
        """Notice how calls come and go."""
        on_job_launched(server, self._launched)
        on_call_process_closed(server, lambda _: self._closed())

    def _launched(self) -> None:
        """Start none for a while: a caller waits."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._refill is None:
            self._refill_by = now + LONGEST_UNDISTURBED_SECONDS
        else:
            self._refill.cancel()
        keep_idle_processes(self._server, 0)
        self._refill = loop.call_at(min(now + UNDISTURBED_SECONDS, self._refill_by), self._fill)

    def _closed(self) -> None:
        if self._refill is None:
            self._fill()

    def _fill(self) -> None:
        self._refill = None
        keep_idle_processes(self._server, max(0, min(self._keep, self._lines - self._calls())))
