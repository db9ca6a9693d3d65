"""What recording costs the process that carries a call: CPU and memory, in turn with calls that are not recorded."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.calls import first_unchosen_scripts
from bench.contenders import WORKER, Contender
from bench.figures import percentile
from bench.records import CallRecord
from bench.rows import Row, row
from bench.running import side_by_side

UNRECORDED = Contender("unrecorded", WORKER, "this worker, recording nothing")
CALLS, QUICK_CALLS = 6, 2
MOST_CPU_RATIO, MOST_MEGABYTES = 1.10, 4.0


def recorded(folder: Path) -> Contender:
    """Return this worker with WORKER_RECORD=on, its recordings in a folder."""
    environment = {"WORKER_RECORD": "on", "WORKER_RECORDINGS_URL": f"file://{folder}"}
    return Contender("recorded", WORKER, "this worker, recording every call", environment)


async def measure(quick: bool, say: Callable[[str], None]) -> list[Row]:
    """Place the same calls to both workers, each first in every second pair, and make rows of them."""
    calls: list[CallRecord] = []
    with tempfile.TemporaryDirectory() as folder:
        contenders = [UNRECORDED, recorded(Path(folder) / "recordings")]
        async with side_by_side(contenders, say) as place:
            for script in first_unchosen_scripts(QUICK_CALLS if quick else CALLS, Path(folder)):
                for contender in contenders[:: 1 if script.number % 2 else -1]:
                    done = await place(contender, script)
                    calls.append(done)
                    say(f"recorded beside unrecorded, call {script.number + 1}: {described(done)}")
    return rows_of(calls)


def described(done: CallRecord) -> str:
    """Return one call's figures for whoever watches."""
    return f"{done.contender}: {done.cpu_seconds or 0:.2f} s CPU, {done.private_megabytes or 0:.1f} MB" + "".join(
        f"; {error}" for error in done.errors
    )


def rows_of(calls: Sequence[CallRecord]) -> list[Row]:
    """The rows of `out/bench.json`, medians of both; only scripts that both workers have carried count."""
    cpu, memory = _pairs(calls, lambda call: call.cpu_rate), _pairs(calls, lambda call: call.private_megabytes)
    return [
        row(
            "recorded_call_cpu", "seconds", len(cpu), _medians(cpu),
            {"kind": "ratio_to", "against": UNRECORDED.name, "value": MOST_CPU_RATIO},
        ),
        row(
            "recorded_call_memory", "megabytes", len(memory), _medians(memory),
            {"kind": "over_floor", "against": UNRECORDED.name, "value": MOST_MEGABYTES},
        ),
    ]  # fmt: skip


def _pairs(calls: Sequence[CallRecord], figure: Callable[[CallRecord], float | None]) -> list[tuple[float, float]]:
    """Return the figure of each script, unrecorded and recorded."""
    found = {(call.script, call.contender): value for call in calls if (value := figure(call)) is not None}
    both = sorted({script for script, _ in found})
    return [
        (found[script, UNRECORDED.name], found[script, "recorded"])
        for script in both
        if (script, UNRECORDED.name) in found and (script, "recorded") in found
    ]


def _medians(pairs: Sequence[tuple[float, float]]) -> dict[str, float | None]:
    return {
        "vaani": percentile([recorded for _, recorded in pairs], 0.5),
        UNRECORDED.name: percentile([unrecorded for unrecorded, _ in pairs], 0.5),
    }
