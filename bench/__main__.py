"""`make bench`: side-by-side measurements in one run, on one stack, interleaved call by call.

Leaves out/bench.json, out/bench.md and out/bench-*.png. BENCH_QUICK=1 is a short run. Exit codes: 0 every goal was
met, 1 one was missed, 2 a setting is wrong, 3 a part did not start.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import (
    barge_in,
    call_records,
    console,
    end_of_turn,
    fast_providers,
    killed_calls,
    language_decision,
    outbound,
    overload,
    recorded_calls,
    telephone,
    token_function,
    traced_calls,
)
from bench.calls import chosen, scripts, unchosen_scripts
from bench.contenders import CONTENDERS, PROBE, SEED_PATTERN, STARTER, VAANI, VAANI_STREAMING, Contender
from bench.machine import machine
from bench.plots import draw
from bench.records import CallRecord, Measured
from bench.report import bench_page
from bench.rows import Row, rows_of
from bench.running import (
    call,
    configured_latencies,
    floor_seconds,
    greeting_script,
    predispatched_call,
    started,
    steady_port,
    until_told_to_stop,
)
from bench.settings import BenchSettings
from bench.utterances import RECORDINGS_HELP, load_unchosen, recordings_installed, usable
from sandbox.stack.processes import ProcessFailed
from sandbox.stack.stack import ROOT, Stack, StackOptions

GOOD, MISSED, BAD_SETTINGS, DID_NOT_START, INTERRUPTED = 0, 1, 2, 3, 130
OF_CONTENDERS = {"calls", "unchosen"}
WITH_CALLS = OF_CONTENDERS | {"fast", "telephone", "outbound", "recording", "telemetry", "overload"}
OTHERS_EVERY = 5  # of the calls with unchosen turns, the contenders that are slow hear every fifth


def order_of(number: int, contenders: Sequence[Contender]) -> list[Contender]:
    """Who takes call `number`, in which order.

    The first one changes from call to call: a machine that slows down slows all of them down. The starter, which no
    goal is held against, and the streaming recogniser share the time of one contender: they take every second call.
    """
    every, second = [VAANI, SEED_PATTERN], STARTER if number % 2 == 0 else VAANI_STREAMING
    order = every if number % 2 == 0 else every[::-1]
    order = [order[0], second, *order[1:], PROBE]
    return [each for each in order if each in contenders]


class Bench:
    """One run."""

    def __init__(self, settings: BenchSettings) -> None:
        self.settings = settings
        self.measured = Measured()
        self.rows_beside: list[Row] = []
        self._began_at = time.monotonic()
        self._load_before = os.getloadavg()[0]

    def say(self, what: str) -> None:
        """Progress, with the time."""
        seconds = time.monotonic() - self._began_at
        print(f"[{int(seconds // 60):2d}:{seconds % 60:04.1f}] {what}", flush=True)

    async def run(self) -> None:
        """Measure everything that needs calls."""
        if OF_CONTENDERS & set(self.settings.parts):
            await self._contenders()
        if "fast" in self.settings.parts:
            self.say("calling with providers that answer at once")
            self.rows_beside += await fast_providers.measure(self.settings.quick, self.say)
        if "telephone" in self.settings.parts:
            self.say("calling over a telephone")
            self.rows_beside += await telephone.measure(self.settings.quick, self.say)
        if "outbound" in self.settings.parts:
            self.say("calling a list of a hundred, and killing the command in its middle")
            self.rows_beside += await outbound.measure(self.settings.quick, self.say)
        if "recording" in self.settings.parts:
            self.say("calling with and without a recording")
            self.rows_beside += await recorded_calls.measure(self.settings.quick, self.say)
        if "overload" in self.settings.parts:
            self.say("calling a worker on one core more than it has lines for")
            self.rows_beside += await overload.measure(self.settings.quick, self.say)
        if "telemetry" in self.settings.parts:
            self.say("calling with and without telemetry")
            self.rows_beside += await traced_calls.measure(self.settings.quick, self.say)

    async def _contenders(self) -> None:
        quick = self.settings.quick
        contenders = [each for each in CONTENDERS if not (quick and each is VAANI_STREAMING)]
        if "calls" not in self.settings.parts:
            contenders = [VAANI, SEED_PATTERN, STARTER]
        self.say("starting livekit-server and the stand-ins")
        logs = ROOT / ".cache" / "bench"
        ports = {"sandbox": steady_port()}
        async with Stack(StackOptions(worker=False, logs=logs, scope=VAANI.scope, ports=ports)) as stack:
            for contender in contenders:
                latencies = await configured_latencies(stack, contender.scope)
            self.measured.latencies, self.measured.floor_seconds = latencies, floor_seconds(latencies)
            async with started(stack, contenders, 1 if quick else 2, self.say) as (processes, seconds):
                self.measured.worker_start_seconds = seconds
                with tempfile.TemporaryDirectory() as folder:
                    if "calls" in self.settings.parts:
                        await self._calls(stack, contenders, processes, Path(folder))
                    if "unchosen" in self.settings.parts:
                        await self._unchosen_calls(stack, processes, Path(folder))

    async def _calls(self, stack: Stack, contenders: list[Contender], processes: Any, folder: Path) -> None:
        rows = chosen(usable(), self.settings.quick)
        self.say("rendering what the callers say")
        placed = list(scripts(rows, folder))
        if self.settings.most_calls:
            placed = placed[: self.settings.most_calls]
        for script in placed:
            for contender in order_of(script.number, contenders):
                chosen_script = greeting_script(script.number) if contender is PROBE else script
                done = await call(stack, contender, processes[contender.name], chosen_script, self.measured.latencies)
                self._note(done, script.number + 1, len(placed))
            worker = processes[VAANI.name]
            greeting = greeting_script(script.number)
            done = await predispatched_call(stack, worker, greeting, self.measured.latencies)
            self._note(done, script.number + 1, len(placed))

    async def _unchosen_calls(self, stack: Stack, processes: Any, folder: Path) -> None:
        """Turns as people say them: all of them to us, a part to the contenders beside us."""
        self.say("rendering what people say when nobody chooses")
        rows = load_unchosen()
        placed = list(unchosen_scripts(rows[::OTHERS_EVERY] if self.settings.quick else rows, folder))
        if self.settings.most_calls:
            placed = placed[: self.settings.most_calls]
        for script in placed:
            beside = (SEED_PATTERN, STARTER) if script.number % OTHERS_EVERY == 0 else ()
            for contender in (VAANI, *beside):
                done = await call(stack, contender, processes[contender.name], script, self.measured.latencies)
                self._note(done, script.number + 1, len(placed))

    def _note(self, done: CallRecord, number: int, of: int) -> None:
        self.measured.calls.append(done)
        self.say(_line(done, number, of))

    def rows_by_now(self) -> list[Row]:
        """The rows of all calls that are over; none of a part that is still going on beside the contenders."""
        return [*(rows_of(self.measured) if self.measured.calls else []), *self.rows_beside]

    def other_rows(self) -> list[Row]:
        """The rows that need no call, measured when nothing else runs."""
        quick = self.settings.quick
        rows: list[Row] = []
        if "token" in self.settings.parts:
            self.say("measuring the token function")
            rows += token_function.measure(quick)
        if "language" in self.settings.parts:
            self.say("measuring the language decision")
            rows += language_decision.measure(quick)
        if "end_of_turn" in self.settings.parts:
            self.say("comparing rules for the end of turn, offline")
            rows += end_of_turn.measure(quick)["rows"]
        if "barge_in" in self.settings.parts:
            self.say("judging what is heard over the agent's voice, offline")
            rows += barge_in.measure()
        if "records" in self.settings.parts:
            self.say("writing the records of many calls")
            rows += call_records.measure(quick)
            self.say("killing the processes of calls, with a webhook that is away")
            rows += killed_calls.measure(quick)
        if "console" in self.settings.parts:
            self.say("filling a database of records, and opening the console's pages")
            rows += console.measure(quick, self.say)
        return rows

    def machine(self) -> dict[str, Any]:
        """Where and when this was measured, and whether the machine was free enough for it."""
        calls = self.measured.calls
        return machine() | {
            "quick": self.settings.quick,
            "minutes": round((time.monotonic() - self._began_at) / 60, 1),
            "load_average_before": round(self._load_before, 2),
            "calls": len(calls),
            "calls_with_errors": sum(bool(each.errors) for each in calls),
            "calls_with_a_late_caller": sum(each.caller_late_seconds > 0.05 for each in calls),
        }


def main(arguments: list[str]) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run, as BENCH_QUICK=1")
    options = parser.parse_args(arguments)
    environment = dict(os.environ) | ({"BENCH_QUICK": "1"} if options.quick else {})
    try:
        settings = BenchSettings.from_environment(environment)
    except ValueError as error:
        print(error, file=sys.stderr)
        return BAD_SETTINGS
    if not recordings_installed():
        print(f"without the recordings: {RECORDINGS_HELP}", file=sys.stderr)
    bench = Bench(settings)
    try:
        if WITH_CALLS & set(settings.parts):
            asyncio.run(until_told_to_stop(bench.run()))
    except ProcessFailed as error:
        print(f"\n{error}", file=sys.stderr)
        return DID_NOT_START
    except (KeyboardInterrupt, asyncio.CancelledError):
        if rows := bench.rows_by_now():
            _write(settings.out, bench, rows)
            bench.say("stopped: these files have what was measured until then, and no row of a part that was going on")
        return INTERRUPTED
    rows = bench.rows_by_now()
    if rows:
        _write(settings.out, bench, rows)  # at once: a quarter of an hour of calls is in it
    rows += bench.other_rows()
    page = _write(settings.out, bench, rows)
    print(f"\n{page}")
    return GOOD if all(row["met"] is not False for row in rows) else MISSED


def _write(out: Path, bench: Bench, rows: list[Row]) -> str:
    """Write all files; returns the page."""
    out.mkdir(parents=True, exist_ok=True)
    content = {
        "machine": bench.machine(),
        "rows": rows,
        "worker_start_seconds": bench.measured.worker_start_seconds,
        "latencies": bench.measured.latencies,
        "floor_seconds": bench.measured.floor_seconds,
        "calls": [asdict(each) for each in bench.measured.calls],
    }
    (out / "bench.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    page = bench_page(content)
    (out / "bench.md").write_text(page, encoding="utf-8")
    drawn = draw(bench.measured, out)
    bench.say(f"wrote {', '.join(str(path) for path in (out / 'bench.json', out / 'bench.md', *drawn))}")
    return page


def _line(done: CallRecord, number: int, of: int) -> str:
    waits = [turn.voice_to_voice_seconds for turn in done.turns if turn.voice_to_voice_seconds is not None]
    cut = sum(turn.cut_off for turn in done.turns)
    greeting = "no greeting" if done.greeting_seconds is None else f"greeting {done.greeting_seconds:.2f} s"
    told = f"call {number}/{of} {done.contender}: {greeting}"
    if waits:
        told += f", answers after {' '.join(f'{wait:.2f}' for wait in waits)} s, {cut} cut off"
    return told + "".join(f"\n          {error}" for error in done.errors)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
