"""Sums up what a worker's processes have reported lately."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from worker.load.report import REPORT_SECONDS, Report
from worker.load.strain import Reading

NOW_SECONDS = 3.0
KEPT_SECONDS = 30.0
SILENT_SECONDS = 2.5 * REPORT_SECONDS


@dataclass(slots=True)
class _Process:
    reports: deque[tuple[float, Report]] = field(default_factory=deque)
    seen_at: float = 0.0


class LoadWindow:
    """Keeps the reports of the last half minute, by process.

    A worker is as late as its median process, of two as late as the less late one: one call that is stuck, or that
    lies, closes no worker, while a machine that is too busy makes all of them late.
    """

    def __init__(self, cores: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._cores = cores
        self._clock = clock
        self._processes: dict[Hashable, _Process] = {}

    def note(self, process: Hashable, report: Report) -> None:
        """Keep a report."""
        now = self._clock()
        kept = self._processes.setdefault(process, _Process())
        kept.reports.append((now, report))
        kept.seen_at = now
        while now - kept.reports[0][0] > KEPT_SECONDS:
            kept.reports.popleft()

    def forget(self, process: Hashable) -> None:
        """Drop a process that is gone."""
        self._processes.pop(process, None)

    def reading(self) -> Reading:
        """Return how the worker fares now."""
        late = sorted(self._lag_of(each) for each in self._processes.values())
        lag = late[(len(late) - 1) // 2] if late else 0.0
        return Reading(lag, min(1.0, self._cpu_seconds_a_second() / self._cores))

    def lag_seconds(self, share: float) -> float:
        """Return the lag that `share` of all ticks of the last half minute were at or below."""
        lags = [lag for each in self._processes.values() for _, report in each.reports for lag in report.lags_seconds]
        return _percentile(lags, share)

    def _lag_of(self, process: _Process) -> float:
        now = self._clock()
        if (silent := now - process.seen_at) > SILENT_SECONDS:
            return silent  # too late even to say so
        recent = [lag for at, report in process.reports if now - at < NOW_SECONDS for lag in report.lags_seconds]
        return _percentile(recent, 0.95)

    def _cpu_seconds_a_second(self) -> float:
        now = self._clock()
        used = 0.0
        for process in self._processes.values():
            recent = [report.cpu_seconds for at, report in process.reports if now - at < NOW_SECONDS]
            used += sum(recent) / (len(recent) * REPORT_SECONDS) if recent else 0.0
        return used


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else 0.0
