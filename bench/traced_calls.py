"""What telemetry costs a call, and what a sick endpoint costs its caller: nothing. In turn with calls without either.

And whether the spans are true: a turn and its stages as spans have them, beside the same as sound has them.
"""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.calls import first_unchosen_scripts
from bench.contenders import WORKER, Contender
from bench.figures import percentile
from bench.records import CallRecord
from bench.rows import Row, row, waits
from bench.running import side_by_side
from bench.traced_stages import MOST_ERROR, ToldTurn, stage_rows, told_beside, turns_told
from sandbox.services.otlp import running_receiver

UNTRACED = Contender("untraced", WORKER, "this worker, telling nobody")
TRACED, SICK = "traced", "sick_endpoint"
CALLS, QUICK_CALLS = 6, 2
MOST_CPU_RATIO = 1.03
MOST_LATENCY_RATIO = 1.05


def traced(name: str, url: str) -> Contender:
    """Return this worker with its traces and metrics sent to an endpoint."""
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_METRIC_EXPORT_INTERVAL": "5000"}
    return Contender(name, WORKER, "this worker, every call traced and measured", environment)


@contextmanager
def silent_endpoint() -> Iterator[str]:
    """An endpoint that takes connections and never answers; yields its address."""
    held: list[socket.socket] = []
    server = socket.create_server(("127.0.0.1", 0))

    def hold() -> None:
        while True:
            try:
                held.append(server.accept()[0])
            except OSError:
                return

    threading.Thread(target=hold, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    finally:
        for each in (server, *held):
            each.close()


async def measure(quick: bool, say: Callable[[str], None]) -> list[Row]:
    """Place the same calls to all three workers, each first in turn, and make rows of them."""
    calls: list[CallRecord] = []
    with tempfile.TemporaryDirectory() as folder, running_receiver() as (url, received), silent_endpoint() as silent:
        contenders = [UNTRACED, traced(TRACED, url), traced(SICK, silent)]
        async with side_by_side(contenders, say) as place:
            for script in first_unchosen_scripts(QUICK_CALLS if quick else CALLS, Path(folder)):
                first = script.number % len(contenders)
                for contender in contenders[first:] + contenders[:first]:
                    done = await place(contender, script)
                    calls.append(done)
                    say(f"{contender.name}, call {script.number + 1}: {done.cpu_seconds or 0:.2f} s CPU")
        return rows_of(calls, turns_told(received))


def rows_of(calls: Sequence[CallRecord], told: Sequence[Sequence[ToldTurn]]) -> list[Row]:
    """The rows of `out/bench.json`; only scripts that all three workers have carried count."""
    cpu = _together(calls, lambda call: [] if call.cpu_rate is None else [call.cpu_rate])
    waited = _together(calls, lambda call: waits(call.turns, call.contender))
    turns = told_beside([call for call in calls if call.contender == TRACED], told)
    errors = [abs(span.seconds - wait) / wait for wait, _, span in turns]
    return [
        row(
            "telemetry_cpu", "seconds", len(cpu[TRACED]),
            {"vaani": percentile(cpu[TRACED], 0.5), UNTRACED.name: percentile(cpu[UNTRACED.name], 0.5)},
            {"kind": "ratio_to", "against": UNTRACED.name, "value": MOST_CPU_RATIO},
        ),
        row(
            "voice_to_voice_p95_with_a_sick_telemetry_endpoint", "seconds", len(waited[SICK]),
            {"vaani": percentile(waited[SICK], 0.95), UNTRACED.name: percentile(waited[UNTRACED.name], 0.95)},
            {"kind": "ratio_to", "against": UNTRACED.name, "value": MOST_LATENCY_RATIO},
        ),
        row(
            "turn_span_against_sound", "ratio", len(errors), {"vaani": percentile(errors, 0.5)},
            {"kind": "at_most", "value": MOST_ERROR},
        ),
        *stage_rows((marks, span) for _, marks, span in turns if marks is not None),
    ]  # fmt: skip


def _together(calls: Sequence[CallRecord], figures: Callable[[CallRecord], Sequence[float]]) -> dict[str, list[float]]:
    """Return each worker's figures, of the scripts of which every worker has some."""
    found = {(call.contender, call.script): list(figures(call)) for call in calls}
    names = (UNTRACED.name, TRACED, SICK)
    whole = [number for number in {script for _, script in found} if all(found.get((name, number)) for name in names)]
    return {name: [each for number in whole for each in found[name, number]] for name in names}
