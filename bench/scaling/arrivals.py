"""When callers call: the day of an Indian line of business, with what a scenario adds to it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

DAY_SECONDS = 86_400.0
# Share of the busiest hour, hour by hour in India's time: quiet nights, a peak before noon, a second one after work.
# Assumed: no operator's own hours are published; the two humps are those of any service line.
HOURLY = (
    0.05, 0.03, 0.02, 0.02, 0.03, 0.06, 0.15, 0.30, 0.55, 0.80, 0.95, 1.00,
    0.95, 0.80, 0.75, 0.80, 0.90, 0.95, 1.00, 0.90, 0.70, 0.45, 0.25, 0.12,
)  # fmt: skip
SPIKE_AT_SECONDS = 11.5 * 3600
SPIKE_RISE_SECONDS, SPIKE_HOLD_SECONDS, SPIKE_FALL_SECONDS = 300.0, 600.0, 900.0


def ordinary(second: float) -> float:
    """The day's shape as a share of the busiest hour, straight lines between the middles of the hours."""
    hour = (second / 3600 - 0.5) % 24
    before = int(hour)
    return HOURLY[before] + (HOURLY[(before + 1) % 24] - HOURLY[before]) * (hour - before)


def spike(times: float) -> Callable[[float], float]:
    """What the ordinary rate is multiplied by: up to `times` within five minutes, held for ten, gone after fifteen."""

    def factor(second: float) -> float:
        since = second - SPIKE_AT_SECONDS
        if since < 0:
            return 1.0
        if since < SPIKE_RISE_SECONDS:
            return 1 + (times - 1) * since / SPIKE_RISE_SECONDS
        since -= SPIKE_RISE_SECONDS + SPIKE_HOLD_SECONDS
        if since < 0:
            return times
        return max(1.0, times - (times - 1) * since / SPIKE_FALL_SECONDS)

    return factor


def as_ever(second: float) -> float:
    """A day on which nothing happens."""
    return 1.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """One caller: when they call, and how long they would talk."""

    at: float
    talks_seconds: float


@dataclass(frozen=True, slots=True)
class Day:
    """The callers of a day, the same for every policy: drawn from a seed, not from the fleet."""

    busiest_calls: float
    mean_seconds: float
    sigma: float
    longest_seconds: float
    factor: Callable[[float], float] = as_ever
    most: float = 1.0
    """The largest value of `factor`."""
    seconds: float = DAY_SECONDS

    def rate(self, second: float) -> float:
        """Calls a second; by Little's law the busiest hour has `busiest_calls` at once."""
        return self.busiest_calls / self.mean_seconds * ordinary(second) * self.factor(second)

    def arrivals(self, seed: int) -> Iterator[Arrival]:
        """A Poisson process of that rate, by thinning, with log-normal calls."""
        draw = random.Random(seed)
        highest = self.busiest_calls / self.mean_seconds * max(HOURLY) * self.most
        mu = math.log(self.mean_seconds) - self.sigma**2 / 2
        now = 0.0
        while (now := now + draw.expovariate(highest)) < self.seconds:
            kept, talks = draw.random() * highest < self.rate(now), draw.lognormvariate(mu, self.sigma)
            if kept:
                yield Arrival(now, min(talks, self.longest_seconds))
