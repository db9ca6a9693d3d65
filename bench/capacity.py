"""Measures how many calls a core of a worker carries: `make capacity`.

More and more callers call a worker that has one core to itself, until answers take half as long again as with one call,
or a caller is missed. Whatever else a call needs runs on the other cores; where those were used up first, the run says
so, because the figure is theirs then and not the worker's.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.cores import Cores
from bench.crowd import Crowd, LonelyWorker, lonely_worker
from bench.figures import percentile
from bench.flame import THREADS_SECONDS, record_flame, thread_shares
from bench.machine import machine
from bench.processes import pids_of_calls
from bench.running import until_told_to_stop
from bench.settings import BenchSettings
from sandbox.stack.processes import ProcessFailed

GOOD, MISSED, BAD_SETTINGS, DID_NOT_START, INTERRUPTED = 0, 1, 2, 3, 130
SLOWER = 1.5  # times the 95th percentile of a single call: what callers may notice
SINGLE_CALLS = 2  # one after the other, for a 95th percentile that is not one turn
USED_UP = 0.08  # idle share below which a core has nothing left
BIG_STEP = 2
NO_LIMIT = {"WORKER_MAX_CALLS": "1000", "WORKER_LATE_SECONDS": "0"}


@dataclass(slots=True)
class Ramp:
    """What the steps have shown so far."""

    single_p95: float
    steps: list[Crowd] = field(default_factory=list)

    def is_good(self, crowd: Crowd) -> bool:
        """Whether nobody was missed, and answers came in time."""
        late = percentile(crowd.waits, 0.95)
        return not crowd.missed and late is not None and late <= SLOWER * self.single_p95

    @property
    def most(self) -> int:
        """The most calls at once whose callers noticed nothing of one another."""
        return max((crowd.calls for crowd in self.steps if self.is_good(crowd)), default=0)

    def ran_out_first(self) -> str:
        """Which cores had nothing left where it ended: `worker`, `others`, or `neither`."""
        last = max(self.steps, key=lambda crowd: crowd.calls).cost
        if min(last.worker_core_idle, last.other_cores_idle) > USED_UP:
            return "neither"
        return "worker" if last.worker_core_idle <= last.other_cores_idle else "others"


def steps_up(most: int) -> Iterator[int]:
    """How many calls the steps have: one, then two more each time."""
    yield 1
    yield from range(BIG_STEP, most + 1, BIG_STEP)


async def measure(settings: BenchSettings) -> int:
    """Run the ramp; returns the exit code."""
    cores = Cores.split(frozenset(os.sched_getaffinity(0)))
    print(f"worker on core {_named(cores.worker)}, all else on {_named(cores.others)}", flush=True)
    async with lonely_worker(cores, "capacity", NO_LIMIT) as worker:
        await worker.crowd(1, 3)  # a first call makes connections that all others find
        single = [await worker.crowd(1, settings.capacity_turns) for _ in range(SINGLE_CALLS)]
        waits = [wait for crowd in single for wait in crowd.waits]
        p95 = percentile(waits, 0.95)
        if p95 is None:
            print("a single call was not answered: there is nothing to compare with", file=sys.stderr)
            return MISSED
        single[-1].waits = waits
        ramp = Ramp(p95, [single[-1]])
        print(step_line(ramp, ramp.steps[0]), flush=True)
        await _ramp_up(worker, ramp, settings)
        write(ramp, settings.out)  # before the profile: minutes of calls are in it
        if ramp.most:
            await _profile(worker, ramp.most, settings.out)
    return GOOD if ramp.most else MISSED


async def _ramp_up(worker: LonelyWorker, ramp: Ramp, settings: BenchSettings) -> None:
    """Go up by two until a step is not good, then look at the one between."""

    async def step(calls: int) -> bool:
        crowd = await worker.crowd(calls, settings.capacity_turns)
        ramp.steps.append(crowd)
        print(step_line(ramp, crowd), flush=True)
        return ramp.is_good(crowd)

    for calls in steps_up(settings.capacity_max):
        if calls > 1 and not await step(calls):
            if calls - 1 > ramp.most:
                await step(calls - 1)
            return


async def _profile(worker: LonelyWorker, calls: int, out: Path) -> None:
    """Look where the time goes while as many calls run as are good."""
    out.mkdir(parents=True, exist_ok=True)
    crowd = asyncio.create_task(worker.crowd(calls, 1 + int(THREADS_SECONDS / 3)))
    await asyncio.sleep(calls + 2.0)
    pid = worker.process.pid
    shares, flame = await asyncio.gather(
        asyncio.to_thread(lambda: thread_shares(pids_of_calls(pid))),
        record_flame(pid, out / "capacity-flame.svg"),
    )
    for name, cores in shares[:12]:
        print(f"  {cores:6.4f} cores a call: threads {name}", flush=True)
    print(flame, flush=True)
    await crowd


def step_line(ramp: Ramp, crowd: Crowd) -> str:
    """One line a step."""
    cost = crowd.cost
    middle, late = percentile(crowd.waits, 0.5), percentile(crowd.waits, 0.95)
    return (
        f"{crowd.calls:3d} calls: voice to voice p50 {_seconds(middle)}, p95 {_seconds(late)} "
        f"of {len(crowd.waits)} turns, {crowd.missed} callers missed; loop lag p99 {cost.loop_lag_p99_ms:.0f} ms; "
        f"a call {cost.cpu_per_call:.3f} cores, {cost.memory_per_call_mb:.0f} MB private; "
        f"idle: worker's core {cost.worker_core_idle:.0%}, the others {cost.other_cores_idle:.0%}"
        + ("" if ramp.is_good(crowd) else "  <- too late")
    )


def capacity(ramp: Ramp, worker_cores: int = 1) -> dict[str, Any]:
    """The object of `out/capacity.json`."""
    steps = [
        {
            "calls": crowd.calls,
            "p50": _rounded(percentile(crowd.waits, 0.5), 3),
            "p95": _rounded(percentile(crowd.waits, 0.95), 3),
            "missed": crowd.missed,
            "loop_lag_p99_ms": round(crowd.cost.loop_lag_p99_ms),
            "cpu_per_call": round(crowd.cost.cpu_per_call, 3),
            "memory_per_call_mb": round(crowd.cost.memory_per_call_mb, 1),
        }
        for crowd in sorted(ramp.steps, key=lambda crowd: crowd.calls)
    ]
    return {
        "machine": machine() | {"ran_out_first": ramp.ran_out_first()},
        "worker_cores": worker_cores,
        "single_call_p95": round(ramp.single_p95, 3),
        "steps": steps,
        "calls_a_core": ramp.most // worker_cores,
    }


def write(ramp: Ramp, out: Path) -> None:
    """Write `capacity.json`, and say what came of it."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / "capacity.json"
    path.write_text(json.dumps(capacity(ramp), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    first = {
        "worker": "the worker's core was used up first",
        "others": "the callers' and stand-ins' cores were used up first: the worker may carry more",
        "neither": "no core was used up",
    }[ramp.ran_out_first()]
    print(f"{ramp.most} calls a core; {first}. Wrote {path}", flush=True)


def _seconds(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f} s"


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _named(cores: frozenset[int]) -> str:
    return ",".join(map(str, sorted(cores)))


def main() -> int:
    """Returns the exit code."""
    try:
        settings = BenchSettings.from_environment(os.environ)
        Cores.split(frozenset(os.sched_getaffinity(0)))
    except ValueError as error:
        print(error, file=sys.stderr)
        return BAD_SETTINGS
    try:
        return asyncio.run(until_told_to_stop(measure(settings)))
    except ProcessFailed as error:
        print(f"\n{error}", file=sys.stderr)
        return DID_NOT_START
    except (KeyboardInterrupt, asyncio.CancelledError):
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
