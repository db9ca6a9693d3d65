"""Pins processes to cores, and says how much of each core was left over."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cores:
    """Which cores the worker has, and which everything else: the figure is to be the worker's alone."""

    worker: frozenset[int]
    others: frozenset[int]

    @staticmethod
    def split(allowed: frozenset[int]) -> Cores:
        """One core for the worker, the rest for the media server, the stand-ins and the callers.

        Raises:
            ValueError: There is only one.
        """
        if len(allowed) < 2:
            raise ValueError(
                "a worker's capacity needs two cores, one for it and one for its callers; this process may use "
                f"{len(allowed)}. Run it on a larger machine, or without `taskset`"
            )
        first = min(allowed)
        return Cores(frozenset({first}), allowed - {first})


@contextlib.contextmanager
def pinned(cores: frozenset[int]) -> Iterator[None]:
    """Have what is started meanwhile run on these cores, with all that it starts, for ever."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass(frozen=True, slots=True)
class CoreTimes:
    """The kernel's clock ticks so far, of each core: all of them, and those in which it had nothing to do."""

    ticks: dict[int, int]
    idle: dict[int, int]

    @staticmethod
    def now(stat: Path = Path("/proc/stat")) -> CoreTimes:
        ticks, idle = {}, {}
        for line in stat.read_text().splitlines():
            name, *numbers = line.split()
            if name.startswith("cpu") and name != "cpu":
                core, counts = int(name[3:]), [int(number) for number in numbers[:8]]
                ticks[core], idle[core] = sum(counts), counts[3] + counts[4]
        return CoreTimes(ticks, idle)

    def idle_since(self, earlier: CoreTimes, cores: frozenset[int]) -> float:
        """The share of these cores' time since then in which they had nothing to do."""
        passed = sum(self.ticks[core] - earlier.ticks[core] for core in cores)
        return sum(self.idle[core] - earlier.idle[core] for core in cores) / passed if passed else 1.0
