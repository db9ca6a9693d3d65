"""Sums up calls: how many, how long, in which languages, how they ended, what they cost."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from records.reading import CallFilter, moment
from records.removal import CALLS, DAYS, numbers_of


async def stats(connection: AsyncConnection, wanted: CallFilter) -> dict[str, Any]:
    """Return the numbers of a span, with those of calls that are gone: purged or erased ones count on."""
    total: Counter[str] = Counter()
    days: dict[str, Counter[str]] = {}
    counted: dict[str, Counter[str]] = {name: Counter() for name in ("channel", "language", "end_reason")}
    async with connection.stream(wanted.applied_to(select(CALLS))) as calls:
        async for call in calls:
            numbers = numbers_of(call)
            total.update(numbers)
            days.setdefault(call.started_at.date().isoformat(), Counter()).update(numbers)
            for name, counter in counted.items():
                counter[getattr(call, name) or "unknown"] += 1
    for day in await connection.execute(select(DAYS)):
        if _is_within(day.day.isoformat(), wanted):
            numbers = {name: getattr(day, name) for name in _NUMBERS}
            total.update(numbers)
            days.setdefault(day.day.isoformat(), Counter()).update(numbers)
    return {
        "since": moment(wanted.since), "until": moment(wanted.until),
        **_rounded(total),
        **{f"by_{name}": dict(counter.most_common()) for name, counter in counted.items()},
        "by_day": {day: _rounded(days[day]) for day in sorted(days)},
    }  # fmt: skip


_NUMBERS = ("calls", "answered", "failed", "seconds", "turns", "faults", "rescues", "rupees", "unpriced")


def _is_within(day: str, wanted: CallFilter) -> bool:
    """Whether a day lies in the span; days have no hours, so the first and the last count whole."""
    since = "" if wanted.since is None else wanted.since.date().isoformat()
    until = "9999" if wanted.until is None else _day_before(wanted.until)
    return since <= day <= until


def _day_before(until: datetime) -> str:
    return (until - timedelta(microseconds=1)).date().isoformat()


def _rounded(numbers: Counter[str]) -> dict[str, float]:
    return {name: round(numbers[name], 2) for name in _NUMBERS}
