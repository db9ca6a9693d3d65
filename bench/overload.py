"""More callers than lines: what those hear who were let in, and how long six wait who call in one instant.

The worker has one core to itself and takes what WORKER_MAX_CALLS gives it there by default. Those it has no line for
are told so, and call again, as people do.
"""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.cores import Cores
from bench.crowd import BETWEEN_CALLERS_SECONDS, SAID, LonelyWorker, lonely_worker, was_refused
from bench.figures import percentile
from bench.rows import Row, row
from bench.running import BRISK
from sandbox.caller import CallPlan, CallResult

OFFERED = 1.5  # times the lines
TURNS = 7
AT_ONCE, ROUNDS = 6, 3
BETWEEN_ROUNDS_SECONDS = 8.0  # until all processes that waited for a call wait again
REDIAL_SECONDS = 4.0
NO_CORES = "it needs two cores: one for the worker, one for its callers"


@dataclass(slots=True)
class Heard:
    """What the callers heard."""

    single_waits: list[float] = field(default_factory=list)
    admitted_waits: list[float] = field(default_factory=list)
    admitted: int = 0
    unanswered: int = 0
    """Turns of admitted callers that got no answer, and admitted callers who were left."""
    refused: int = 0
    in_silence: int = 0
    """Callers who were neither let in nor told why."""
    slowest_greetings: list[float] = field(default_factory=list)
    """Of each round of six, the one who waited longest."""


async def measure(quick: bool, say: Callable[[str], None]) -> list[Row]:
    """Place the calls, and make rows of them."""
    heard = Heard()
    allowed = frozenset(os.sched_getaffinity(0))
    if len(allowed) < 2:
        return rows_of(heard, NO_CORES)
    # Six are more than the lines of one core: here the worker has all of the machine, beside its callers.
    async with lonely_worker(Cores(allowed, allowed), "six", {}) as worker:
        for number in range(1 if quick else ROUNDS):
            await _six_at_once(worker, heard)
            slowest = heard.slowest_greetings[-1]
            say(f"six callers in one instant, round {number + 1}: the last is greeted after {slowest:.2f} s")
    async with lonely_worker(Cores.split(allowed), "overload", {}) as worker:
        lines = int((await worker.health())["most_calls"])
        for _ in range(1 if quick else 2):
            heard.single_waits += (await worker.crowd(1, TURNS)).waits
        await _more_than_lines(worker, heard, lines)
        say(
            f"{math.ceil(OFFERED * lines)} callers for {lines} lines: {heard.admitted} let in, p95 "
            f"{percentile(heard.admitted_waits, 0.95)} s, {heard.unanswered} answers lost, {heard.refused} told that "
            f"lines are busy, {heard.in_silence} left in silence"
        )
    return rows_of(heard)


async def _six_at_once(worker: LonelyWorker, heard: Heard) -> None:
    plan = CallPlan(turns=(), name="six at once")
    results = await asyncio.gather(*(worker.call(plan) for _ in range(AT_ONCE)))
    heard.slowest_greetings.append(max(greeted_after(result) for result in results))
    await asyncio.sleep(BETWEEN_ROUNDS_SECONDS)


def greeted_after(result: CallResult) -> float:
    """How long a caller has waited for the greeting; whoever heard none, or only that lines are busy, for all of it."""
    if result.greeting_seconds is None or was_refused(result):
        return BRISK.greeting_seconds
    return result.greeting_seconds


async def _more_than_lines(worker: LonelyWorker, heard: Heard, lines: int) -> None:
    """All who call go on calling until everybody who was let in has finished."""
    plan = CallPlan(turns=(SAID,) * TURNS, name="overload")
    finished = asyncio.Event()

    async def caller(number: int) -> None:
        await asyncio.sleep(number * BETWEEN_CALLERS_SECONDS)
        while not finished.is_set():
            result = await worker.call(plan)
            _note(heard, result)
            if not was_refused(result):
                finished.set()  # the first lines are free from here on: this was the time of overload
                return
            await asyncio.sleep(REDIAL_SECONDS)

    await asyncio.gather(*(caller(number) for number in range(math.ceil(OFFERED * lines))))


def _note(heard: Heard, result: CallResult) -> None:
    if was_refused(result):
        heard.refused += 1
        return
    if result.greeting_seconds is None:
        heard.in_silence += 1
        return
    heard.admitted += 1
    answered = [turn.voice_to_voice_seconds for turn in result.turns if turn.voice_to_voice_seconds is not None]
    heard.admitted_waits += answered
    heard.unanswered += result.turns_planned - len(answered)


def rows_of(heard: Heard, why_empty: str = "no call gave a figure") -> list[Row]:
    """The rows of `out/bench.json`."""
    late, single = percentile(heard.admitted_waits, 0.95), percentile(heard.single_waits, 0.95)
    lost = heard.unanswered or heard.in_silence
    ratio = None if late is None or not single or lost else late / single
    return [
        row(
            "overload_p95_ratio", "times", len(heard.admitted_waits),
            {"vaani": ratio, "p95_seconds": late, "single_p95_seconds": single, "answers_lost": float(heard.unanswered),
             "told_busy": float(heard.refused), "left_in_silence": float(heard.in_silence)},
            {"kind": "at_most", "value": 1.5}, why_empty=why_empty,
        ),
        row(
            "greeting_six_at_once", "seconds", AT_ONCE * len(heard.slowest_greetings),
            {"vaani": percentile(heard.slowest_greetings, 0.5)}, {"kind": "at_most", "value": 2.0}, why_empty=why_empty,
        ),
    ]  # fmt: skip
