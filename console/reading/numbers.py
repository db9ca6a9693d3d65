"""Counts one day's calls; times by their steps, so that days add up to a month's median and 95th percentile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, case, cast, extract, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from console.filters import INDIA
from console.reading.conditions import CALLS, FAULTS, POSTGRESQL, TURNS, resolved
from records.attention import BUDGET, TURNED_AWAY
from records.figures import STAGES, WHOLE

STEP_SECONDS = 0.05
"""How exact medians are. A quarter of what anybody hears."""
LONGEST_SECONDS = 60.0


@dataclass(slots=True)
class Numbers:
    """What calls came to: of a day, or of several added up."""

    calls: int = 0
    answered: int = 0
    failed: int = 0
    turned_away: int = 0
    resolved: int = 0
    unresolved: int = 0
    seconds: float = 0.0
    rupees: float = 0.0
    priced: int = 0
    priced_seconds: float = 0.0
    latency_steps: Counter[int] = field(default_factory=Counter)
    greeting_steps: Counter[int] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    """Turns by the language of the reply."""
    faults: Counter[str] = field(default_factory=Counter)
    """By provider."""

    def add(self, other: Numbers) -> None:
        """Put another's numbers to these."""
        for name in self.__slots__:
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, Counter):
                mine.update(theirs)
            else:
                setattr(self, name, mine + theirs)

    @property
    def latency_median_seconds(self) -> float | None:
        return quantile(self.latency_steps, 0.5)

    @property
    def latency_p95_seconds(self) -> float | None:
        return quantile(self.latency_steps, 0.95)

    @property
    def greeting_median_seconds(self) -> float | None:
        return quantile(self.greeting_steps, 0.5)

    @property
    def rupees_a_call(self) -> float | None:
        return self.rupees / self.priced if self.priced else None

    @property
    def rupees_a_minute(self) -> float | None:
        return self.rupees / (self.priced_seconds / 60) if self.priced_seconds else None


def total(several: Iterable[Numbers]) -> Numbers:
    """All of them together."""
    summed = Numbers()
    for each in several:
        summed.add(each)
    return summed


def quantile(steps: Counter[int], share: float) -> float | None:
    """The value below which this share of all lies, to a step."""
    wanted = share * sum(steps.values())
    seen = 0
    for step in sorted(steps):
        seen += steps[step]
        if seen >= wanted:
            return round(step * STEP_SECONDS, 2)
    return None


async def numbers_of_day(connection: AsyncConnection, day: date) -> Numbers:
    """Count the calls that began on this day, India's."""
    dialect = connection.dialect.name
    begins = datetime.combine(day, time(), INDIA).astimezone(UTC)
    in_day = and_(CALLS.c.started_at >= begins, CALLS.c.started_at < begins + timedelta(days=1))
    sums = (await connection.execute(_sums(dialect).where(in_day))).one()
    numbers = Numbers()
    for name, value in sums._mapping.items():
        setattr(numbers, name, value or 0)
    greeted = select(_steps(_seconds_between(CALLS.c.started_at, CALLS.c.answered_at, dialect)).label("step")).where(
        in_day, CALLS.c.answered_at.is_not(None)
    )
    greetings: Any = await connection.execute(_counted(greeted))
    numbers.greeting_steps.update(dict(greetings.all()))
    answered = select(_steps(_latency()).label("step"), TURNS.c.reply_language).join(
        CALLS, CALLS.c.id == TURNS.c.call_id
    )
    turns: Any = await connection.execute(_counted(answered.where(in_day, TURNS.c.replied_at.is_not(None))))
    for step, language, count in turns.all():
        if step:  # a turn without stages was answered with a phrase, and has no time of its own
            numbers.latency_steps[step] += count
        numbers.languages[language or "?"] += count
    faults = select(FAULTS.c.code, func.count()).join(CALLS, CALLS.c.id == FAULTS.c.call_id)
    for code, count in await connection.execute(faults.where(in_day).group_by(FAULTS.c.code)):
        if (provider := code.partition("_")[0]) != BUDGET:  # what was said of a budget is no provider's fault
            numbers.faults[provider] += count
    return numbers


def _turned_away() -> ColumnElement[bool]:
    no_budget = and_(CALLS.c.end_reason == BUDGET, CALLS.c.turn_count == 0)
    return or_(CALLS.c.end_reason.in_(sorted(TURNED_AWAY)), no_budget)


def _sums(dialect: str) -> Any:
    is_resolved, is_priced = resolved(dialect), CALLS.c.rupees.is_not(None)

    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.sum(case((condition, 1), else_=0))

    return select(
        func.count().label("calls"),
        count(CALLS.c.answered_at.is_not(None)).label("answered"),
        count(CALLS.c.failed).label("failed"),
        count(_turned_away()).label("turned_away"),
        count(is_resolved == "true").label("resolved"),
        count(is_resolved == "false").label("unresolved"),
        func.sum(CALLS.c.length_seconds).label("seconds"),
        func.sum(CALLS.c.rupees).label("rupees"),
        count(is_priced).label("priced"),
        func.sum(case((is_priced, CALLS.c.length_seconds), else_=None)).label("priced_seconds"),
    )


def _counted(values: Select[Any]) -> Select[Any]:
    """How often each value is there."""
    found = values.subquery()
    return select(*found.c, func.count()).group_by(*found.c)


def _latency() -> ColumnElement[Any]:
    """As records/figures.py has it."""
    stages = [func.coalesce(TURNS.c.stages_seconds[name].as_float(), 0.0) for name in STAGES]
    return func.coalesce(TURNS.c.stages_seconds[WHOLE].as_float(), stages[0] + stages[1] + stages[2])


def _steps(seconds: ColumnElement[Any]) -> ColumnElement[int]:
    """A time as a number of steps; what is longer than any answer counts as the longest."""
    bounded = case((seconds > LONGEST_SECONDS, LONGEST_SECONDS), else_=seconds)
    return cast(func.round(bounded / STEP_SECONDS), Integer)


def _seconds_between(start: ColumnElement[Any], end: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    if dialect == POSTGRESQL:
        return extract("epoch", end - start)
    return (func.julianday(end) - func.julianday(start)) * 86_400.0
