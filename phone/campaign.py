"""Calls everybody of a list: so many a minute, so many at once, again after growing pauses, and nobody twice."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from phone.config import Outbound, Purpose
from phone.dialling import Result
from phone.errors import BadList, LiveKitRefused
from phone.journal import CALLING, PENDING, Entry, Journal
from phone.outcomes import TRY_AGAIN
from phone.rules import Callee, Refusal, may_be_called_from

PAUSE_GROWTH = 3
PUT_OFF_SECONDS = 60.0
LONGEST_LOOK_SECONDS = 30.0
LINE_LOOK_SECONDS = 1.0
"""How often it is looked whether another campaign has left a line of the trunk free."""


class Calls(Protocol):
    """Declares what a campaign asks of the one that dials."""

    async def call(self, callee: Callee, purpose: Purpose) -> Result: ...
    async def follow(self, callee: Callee, purpose: Purpose) -> Result: ...
    def name_of(self, callee: Callee) -> str: ...


class Campaign:
    """Calls one list for one purpose."""

    def __init__(
        self, name: str, calls: Calls, journal: Journal, purpose: Purpose, outbound: Outbound, *,
        told: Callable[[Callee, Result], None] = lambda callee, result: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        """Call with these rates and retries; `told` hears of every try."""
        self._name = name
        self._calls = calls
        self._journal = journal
        self._purpose = purpose
        self._outbound = outbound
        self._told = told
        self._now = now
        self._running: dict[str, asyncio.Task[None]] = {}
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Begin no other call; those that are going on come to their end."""
        self._stopping.set()

    async def run(self, callees: Sequence[Callee]) -> Counter[str]:
        """Call until everybody is done with, or it is told to stop; return the last outcomes, counted.

        Raises:
            BadList: The campaign runs already, in another process.
        """
        with self._journal.hold(f"campaign-{self._name}") as mine:
            if not mine:
                raise BadList(f"campaign {self._name}", why="it runs already", do="Wait for it, or use another --name")
            by_name = {self._calls.name_of(callee): callee for callee in callees}
            for name in by_name:
                self._journal.add(self._name, name)
            try:
                self._go_on_after_a_crash(by_name)
                await self._call_all(by_name)
            finally:
                for task in self._running.values():
                    task.cancel()
                await asyncio.gather(*self._running.values(), return_exceptions=True)
        return Counter(entry.outcome or PENDING for entry in self._entries(by_name))

    def _go_on_after_a_crash(self, by_name: dict[str, Callee]) -> None:
        """Follow whom we were calling to the call's end, where it goes on without us; nobody is called again."""
        for entry in self._entries(by_name):
            if entry.state == CALLING:
                self._running[entry.callee] = asyncio.create_task(self._follow(by_name[entry.callee]))

    async def _follow(self, callee: Callee) -> None:
        result = await self._calls.follow(callee, self._purpose)
        self._journal.settle(self._name, self._calls.name_of(callee), result.outcome.value)
        self._told(callee, result)

    async def _call_all(self, by_name: dict[str, Callee]) -> None:
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            while True:
                pending = [] if stopping.done() else [e for e in self._entries(by_name) if e.state == PENDING]
                if not pending and not self._running:
                    return
                pause = self._begin_next(pending, by_name)
                waiting: set[asyncio.Future[object]] = {*self._running.values()}  # type: ignore[arg-type]
                if not stopping.done():
                    waiting.add(stopping)  # type: ignore[arg-type]
                await asyncio.wait(waiting, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                self._reap()
        finally:
            stopping.cancel()

    def _begin_next(self, pending: list[Entry], by_name: dict[str, Callee]) -> float | None:
        """Begin one call, if one is due and the trunk has room for it; return how long to wait before the next look."""
        if not pending or len(self._running) >= self._outbound.calls_at_once:
            return None if self._running else LONGEST_LOOK_SECONDS
        now = self._now().timestamp()
        entry = min(pending, key=lambda each: each.due_at)
        if entry.due_at > now:
            return min(entry.due_at - now, LONGEST_LOOK_SECONDS)
        trunk, every_seconds = self._outbound.name, 60.0 / self._outbound.calls_per_minute
        with contextlib.ExitStack() as line:
            if not line.enter_context(self._journal.line(trunk, self._outbound.calls_at_once)):
                return LINE_LOOK_SECONDS
            wait_seconds = self._journal.take_turn(trunk, now, every_seconds)
            if wait_seconds > 0:
                return wait_seconds
            self._journal.calling(self._name, entry.callee)
            call = self._call(by_name[entry.callee], entry.tries + 1, line.pop_all())
        self._running[entry.callee] = asyncio.create_task(call)
        return every_seconds

    async def _call(self, callee: Callee, tries: int, line: contextlib.ExitStack) -> None:
        name = self._calls.name_of(callee)
        try:
            with line:
                result = await self._calls.call(callee, self._purpose)
        except LiveKitRefused:  # nobody was rung; after any other error somebody may have been
            self._journal.put_off(self._name, name, self._later(PUT_OFF_SECONDS), PENDING)
            raise
        self._note(callee, name, tries, result)
        self._told(callee, result)

    def _note(self, callee: Callee, name: str, tries: int, result: Result) -> None:
        outcome = result.outcome
        if outcome is Refusal.OUTSIDE_HOURS:
            due = may_be_called_from(callee, self._now()).timestamp()
            self._journal.put_off(self._name, name, due, outcome.value)
        elif outcome in (Refusal.LIST_UNAVAILABLE, Refusal.ALREADY_CALLED):
            self._journal.put_off(self._name, name, self._later(PUT_OFF_SECONDS), outcome.value)
        elif outcome in TRY_AGAIN and tries < self._outbound.tries:
            pause = self._outbound.first_pause_seconds * PAUSE_GROWTH ** (tries - 1)
            self._journal.settle(self._name, name, outcome.value, again_at=self._later(pause))
        else:
            self._journal.settle(self._name, name, outcome.value)

    def _reap(self) -> None:
        """Forget the calls that are over. What went wrong in one is everybody's: LiveKit does not answer."""
        for name, task in list(self._running.items()):
            if task.done():
                del self._running[name]
                task.result()

    def _entries(self, by_name: dict[str, Callee]) -> list[Entry]:
        return [entry for entry in self._journal.entries(self._name) if entry.callee in by_name]

    def _later(self, seconds: float) -> float:
        return self._now().timestamp() + seconds
