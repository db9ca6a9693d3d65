"""Keeps the numbers of each day counted, so that a month is drawn at once, and says when they were counted."""

from __future__ import annotations

import asyncio
import calendar
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from console.database import Records
from console.errors import Refusal
from console.filters import INDIA
from console.reading.numbers import Numbers, numbers_of_day

TODAY_FRESH_SECONDS = 30.0
PAST_FRESH_SECONDS = 3600.0
"""A day that is over changes by erasure, and by records that waited in a spool."""
PATIENCE_SECONDS = 0.4
"""How long a page waits for days that are not counted yet; the others are there when it is asked for again."""
DAYS_KEPT = 400


@dataclass(frozen=True, slots=True)
class CountedDay:
    """A day's numbers, and when they were counted; None while they are not."""

    day: date
    numbers: Numbers | None
    counted_at: datetime | None


class RollUp:
    """Counts each day once, today again and again."""

    def __init__(
        self,
        records: Records,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._records, self._now, self._monotonic = records, now, monotonic_seconds
        self._days: dict[date, tuple[float, CountedDay]] = {}
        self._counting: dict[date, asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(2)  # a month that is asked for leaves the database to others

    @property
    def today(self) -> date:
        return self._now().astimezone(INDIA).date()

    async def days(self, first: date, last: date) -> list[CountedDay]:
        """The days from first to last, none in the future.

        Raises:
            Refusal: 503, when the database cannot be read.
        """
        last = min(last, self.today)
        wanted = [first + timedelta(days=each) for each in range((last - first).days + 1)]
        tasks = [self._task(day) for day in reversed(wanted) if not self._is_fresh(day)]
        if tasks:
            done, _ = await asyncio.wait(tasks, timeout=PATIENCE_SECONDS)
            for task in done:
                task.result()
        return [self._days[day][1] if day in self._days else CountedDay(day, None, None) for day in wanted]

    async def month(self, year: int, month: int) -> list[CountedDay]:
        """All days of a month that have begun."""
        return await self.days(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))

    async def aclose(self) -> None:
        """Stop counting."""
        tasks = list(self._counting.values())
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError, Refusal):
                await task

    def _is_fresh(self, day: date) -> bool:
        if day not in self._days:
            return False
        return self._monotonic() - self._days[day][0] < (
            TODAY_FRESH_SECONDS if day >= self.today else PAST_FRESH_SECONDS
        )

    def _task(self, day: date) -> asyncio.Task[None]:
        if day not in self._counting:
            task = self._counting[day] = asyncio.create_task(self._count(day))
            task.add_done_callback(lambda done: self._finished(day, done))
        return self._counting[day]

    def _finished(self, day: date, task: asyncio.Task[None]) -> None:
        self._counting.pop(day, None)
        if not task.cancelled():
            task.exception()  # whoever waited has been told; a page that did not wait asks again

    async def _count(self, day: date) -> None:
        async with self._places, self._records.reading() as connection:
            started_at, counted_at = self._monotonic(), self._now()
            numbers = await numbers_of_day(connection, day)
        while len(self._days) >= DAYS_KEPT:
            self._days.pop(min(self._days))
        self._days[day] = (started_at, CountedDay(day, numbers, counted_at))
