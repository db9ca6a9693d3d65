"""`python -m faults.soak --minutes N [--seed S]`: calls without pause, with seeded random faults; out/soak.json.

Exits with 1 when a call was lost, or left in silence for over five seconds, when its record is missing, double or not
whole, or when a process was left behind.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from faults.line_up import ORDERS_SCOPE, FaultStack, LineUp
from faults.one_call import PHRASES, _longest_silence, _without_phrases
from faults.records_line import records_in
from sandbox.caller import CallPlan, CallResult, Patience, Turn, place_call

OUT = Path(__file__).parents[1] / "out" / "soak.json"
SILENT_SECONDS = 5.0
SAMPLE_SECONDS = 5.0
BUSY_MACHINE_SECONDS = 0.25  # the caller's own microphone was later than this: its ears were, too
TALK = (
    "Can you help me with my bill?",
    "Where is my order 4521?",
    "What time is it now?",
    "Please tell me about my last payment.",
)
# What one provider may do to one turn and every call must survive: passing faults, any of the matrix.
PASSING = {
    "stt": ("unauthorized", "server_error", "hang", "stall", "drop", "malformed", "empty", "close_1000", "close_1011"),
    "llm": ("unauthorized", "rate_limited", "server_error", "hang", "slow", "stall", "drop", "malformed", "empty"),
    "tts": ("rate_limited", "server_error", "hang", "slow", "stall", "drop", "empty", "close_1000", "close_1008"),
    "orders": ("server_error", "hang", "drop", "malformed", "empty"),
}


@dataclass
class Tally:
    """What a soak has come to."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    samples: list[tuple[float, float, int, int]] = field(default_factory=list)
    """(seconds, megabytes of the parent, open files of the parent, processes)."""

    def summary(self, seconds: float, seed: int) -> dict[str, Any]:
        lost = [call for call in self.calls if call["lost"]]
        silent = [call for call in self.calls if call["longest_silence_seconds"] > call["allowed_silence_seconds"]]
        return {
            "seed": seed,
            "minutes": round(seconds / 60, 2),
            "placed": len(self.calls),
            "answered": sum(call["answered"] for call in self.calls),
            "turns": sum(call["turns"] for call in self.calls),
            "lost": len(lost),
            "silent_over_5_seconds": len(silent),
            "longest_silence_seconds": max((call["longest_silence_seconds"] for call in self.calls), default=0.0),
            "faults": dict(Counter(name for call in self.calls for name in call["faults"])),
            "memory_mb_per_hour": round(_slope([(at, mb) for at, mb, _, _ in self.samples]) * 3600, 2),
            "memory_mb": [round(mb, 1) for _, mb, _, _ in (self.samples[:1] + self.samples[-1:])],
            "open_files": [files for _, _, files, _ in (self.samples[:1] + self.samples[-1:])],
            "processes": [processes for _, _, _, processes in (self.samples[:1] + self.samples[-1:])],
            "turns_by_room": {call["room"]: call["answered"] for call in self.calls},
            "bad_calls": lost + [call for call in silent if call not in lost],
        }


def _slope(points: Sequence[tuple[float, float]]) -> float:
    """Least squares; the first third is warm-up and left out."""
    kept = points[len(points) // 3 :]
    if len(kept) < 3:
        return 0.0
    return statistics.linear_regression([at for at, _ in kept], [value for _, value in kept]).slope


async def soak(minutes: float, seed: int, side_by_side: int = 1) -> dict[str, Any]:
    """A whole soak on a stack of its own; looks for processes that are left behind after it."""
    folder = Path(tempfile.mkdtemp(prefix="vaani-soak-"))
    url = f"sqlite+aiosqlite:///{folder}/calls.db"
    kept = {"WORKER_RECORDS_URL": url, "WORKER_RECORDS_SPOOL_DIR": str(folder / "spool")}
    async with FaultStack(OUT.parent / "logs" / "soak") as stack:
        lines = [LineUp(stack, f"soak{number}", environment=kept) for number in range(side_by_side)]
        for line in lines:
            await line.start()
        summary = await soak_on(lines, minutes, seed)
        pids = [pid for line in lines if line.worker for pid in _family(line.worker.pid)]
        await asyncio.gather(*(line.stop() for line in lines))
    records = await records_beside(summary.pop("turns_by_room"), url)
    shutil.rmtree(folder)
    return {**summary, **records, "processes_left_behind": sum(_alive(pid) for pid in pids)}


async def records_beside(turns_by_room: Mapping[str, int], url: str) -> dict[str, Any]:
    """Compare the calls that were placed, each with its turns answered, with the records that remain of them."""
    records = await records_in(url)
    by_room = Counter(record["room"] for record in records)
    whole = [
        record for record in records
        if record["ended_at"] and not record["events_dropped"]
        and sum(turn["replied_at"] is not None for turn in record["turns"]) >= turns_by_room.get(record["room"], 0)
    ]  # fmt: skip
    return {
        "records": len(records),
        "records_missing": sorted(turns_by_room.keys() - by_room.keys()),
        "records_double": sorted(room for room, count in by_room.items() if count > 1),
        "records_of_no_call": sorted(by_room.keys() - turns_by_room.keys()),
        "records_not_whole": sorted(record["room"] for record in records if record not in whole),
    }


async def soak_on(lines: Sequence[LineUp], minutes: float, seed: int) -> dict[str, Any]:
    """Place calls on these workers for so long and say what came of them."""
    tally, began = Tally(), time.monotonic()
    sampling = asyncio.create_task(_sample(lines[0], tally, began))
    chances = [random.Random(f"{seed}-{number}") for number in range(len(lines))]
    until = began + minutes * 60
    await asyncio.gather(*(_calls(*pair, until, tally) for pair in zip(lines, chances, strict=True)))
    sampling.cancel()
    return tally.summary(time.monotonic() - began, seed)


def _family(pid: int) -> list[int]:
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


def _alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


async def _calls(line: LineUp, chance: random.Random, until: float, tally: Tally) -> None:
    while time.monotonic() < until:
        tally.calls.append(call := await _one(line, chance))
        print(f"{'lost' if call['lost'] else 'ok  '} {call}", flush=True)


async def _one(line: LineUp, chance: random.Random) -> dict[str, Any]:
    """One call of two to four turns; about half of the turns meet a fault."""
    await line.reset()
    turns = chance.sample(TALK, chance.randint(2, len(TALK)))
    faults: list[str] = []

    async def before_turn(_: int) -> None:
        if chance.random() < 0.5:
            provider = chance.choice(list(PASSING))
            name = chance.choice(PASSING[provider])
            faults.append(f"{provider}-{name}")
            scope = ORDERS_SCOPE if provider == "orders" else line.scope
            fault = {"provider": provider, "fault": name, "times": 1, "for_seconds": 4}
            await line.stack.configure(scope, faults=[fault])

    result = await place_call(
        CallPlan(turns=tuple(Turn(text) for text in turns), name="soak"),
        join=line.join(),
        control=line.control,
        before_turn=before_turn,
        patience=Patience(busy_agent_seconds=8, call_seconds=180),
    )
    return _judged(result, faults)


def _judged(result: CallResult, faults: list[str]) -> dict[str, Any]:
    answered = [bool(_without_phrases(turn.reply)) or turn.answered for turn in result.turns]
    late_ears = result.worst_late_seconds if result.worst_late_seconds > BUSY_MACHINE_SECONDS else 0.0
    return {
        "room": result.room,
        "turns": result.turns_planned,
        "answered": sum(turn.answered for turn in result.turns),
        "lost": result.ended_by != "caller" or len(result.turns) < result.turns_planned,
        "errors": [error.code for error in result.errors],
        "longest_silence_seconds": round(_longest_silence(result, answered, ended_by_agent=False), 2),
        "allowed_silence_seconds": round(SILENT_SECONDS + late_ears, 2),
        "apologies": sum(phrase in turn.reply for turn in result.turns for phrase in PHRASES.values()),
        "faults": faults,
    }


async def _sample(line: LineUp, tally: Tally, began: float) -> None:
    assert line.worker is not None
    parent = psutil.Process(line.worker.pid)
    while True:
        memory = parent.memory_full_info().uss / 1e6
        processes = len(parent.children(recursive=True))
        tally.samples.append((time.monotonic() - began, memory, parent.num_fds(), processes))
        await asyncio.sleep(SAMPLE_SECONDS)


def good(summary: dict[str, Any]) -> bool:
    """Whether a soak may pass."""
    return bool(
        summary["placed"]
        and not summary["lost"]
        and not summary["silent_over_5_seconds"]
        and not any(summary.get(f"records_{what}") for what in ("missing", "double", "of_no_call", "not_whole"))
        and not summary.get("processes_left_behind")
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m faults.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calls", type=int, default=1, help="calls side by side")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped half-way, nothing is left running
    summary = asyncio.run(soak(options.minutes, options.seed, options.calls))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({key: value for key, value in summary.items() if key != "bad_calls"}, indent=1))
    return 0 if good(summary) else 1


if __name__ == "__main__":
    sys.exit(main())
