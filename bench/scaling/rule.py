"""How many workers there should be: the rule of Kubernetes' autoscaler over calls in progress.

The same object decides in the simulation and over real workers (`bench.scaling.real_run`), and infra/'s KEDA object is
written with the same numbers.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rule:
    """The numbers of a horizontal autoscaler (Kubernetes' autoscaling/v2, `behavior`)."""

    target: float
    """Calls in progress over places, 0 to 1, that the fleet is kept at."""
    least: int
    most: int
    every_seconds: float = 15.0
    up_share: float = 1.0
    """So much of the fleet may be added in one step: 1.0 doubles it."""
    up_workers: int = 4
    """Or so many workers, whichever is more."""
    down_window_seconds: float = 300.0
    """The fleet shrinks to the most that was wanted in this time."""
    tolerance: float = 0.1
    ahead_seconds: float = 0.0
    """Scale for the calls that there will be by then, by the growth of the last two minutes; 0 for those there are."""


@dataclass(slots=True)
class Autoscaler:
    """One autoscaler's memory: what it wanted lately, what it saw lately."""

    rule: Rule
    places: int
    """Calls that one worker takes."""
    _wanted: deque[tuple[float, int]] = field(default_factory=deque)
    _seen: deque[tuple[float, float]] = field(default_factory=deque)

    def decide(self, now: float, calls: float, workers: int) -> int:
        """The number of workers to have, from the calls in progress and the workers that there are or are starting."""
        rule = self.rule
        load = max(calls, self._expected(now, calls))
        share = load / (max(workers, 1) * self.places)
        wanted = (
            workers if abs(share / rule.target - 1) <= rule.tolerance else math.ceil(load / rule.target / self.places)
        )
        wanted = min(max(wanted, rule.least), rule.most)
        self._wanted.append((now, wanted))
        while self._wanted[0][0] < now - rule.down_window_seconds:
            self._wanted.popleft()
        if wanted > workers:
            return min(wanted, workers + max(rule.up_workers, math.ceil(workers * rule.up_share)))
        return min(workers, max(each for _, each in self._wanted))

    def _expected(self, now: float, calls: float) -> float:
        """The calls that there will be `ahead_seconds` from now if they go on as in the last two minutes."""
        self._seen.append((now, calls))
        while self._seen[0][0] < now - 120:
            self._seen.popleft()
        if not self.rule.ahead_seconds or len(self._seen) < 3:
            return calls
        mean_at = sum(at for at, _ in self._seen) / len(self._seen)
        mean_of = sum(of for _, of in self._seen) / len(self._seen)
        spread = sum((at - mean_at) ** 2 for at, _ in self._seen)
        slope = sum((at - mean_at) * (of - mean_of) for at, of in self._seen) / spread if spread else 0.0
        return mean_of + slope * (now + self.rule.ahead_seconds - mean_at)
