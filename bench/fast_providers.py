"""Calls with providers that answer at once: what is left to wait for is the end of the turn.

The stand-ins take what deployments beside their providers reach, 0.52 s in all instead of 0.95 s. The callers say turns
that nobody chose, once to the worker as it is configured by default and once with the streaming recogniser.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.calls import UNCHOSEN_PER_CALL, unchosen_scripts
from bench.contenders import VAANI, VAANI_STREAMING, Contender
from bench.figures import percentile
from bench.records import TurnRecord
from bench.rows import Row, row
from bench.running import call, configured_latencies, floor_seconds, started, steady_port
from bench.utterances import load_unchosen
from sandbox.stack.stack import ROOT, Stack, StackOptions

PROVIDERS = {
    "stt_end_of_speech_seconds": 0.10,
    "stt_final_seconds": 0.10,
    "llm_first_token_seconds": 0.20,
    "tts_first_byte_seconds": 0.12,
}
CALLS, QUICK_CALLS = 6, 2
ROWS: tuple[tuple[Contender, str, float], ...] = (
    (VAANI, "voice_to_voice_p50_fast", 0.80),
    (VAANI_STREAMING, "voice_to_voice_p50_fast_streaming", 0.55),
)


async def measure(quick: bool, say: Callable[[str], None]) -> list[Row]:
    """Place the calls, the two workers in turn, and make rows of them."""
    said = load_unchosen()
    rows = said[:: max(1, len(said) // ((QUICK_CALLS if quick else CALLS) * UNCHOSEN_PER_CALL))]
    turns: list[TurnRecord] = []
    options = StackOptions(
        worker=False, logs=ROOT / ".cache" / "bench", scope=VAANI.scope, ports={"sandbox": steady_port()}
    )
    contenders = [contender for contender, _, _ in ROWS]
    async with Stack(options) as stack:
        for contender in contenders:
            await stack.configure(contender.scope, **PROVIDERS)
            latencies = await configured_latencies(stack, contender.scope)
        async with started(stack, contenders, 1, say) as (processes, _):
            with tempfile.TemporaryDirectory() as folder:
                for script in unchosen_scripts(rows, Path(folder)):
                    for contender in contenders:
                        done = await call(stack, contender, processes[contender.name], script, latencies)
                        turns += done.turns
                        waits = " ".join(f"{turn.voice_to_voice_seconds or 0:.2f}" for turn in done.turns)
                        say(f"fast providers, call {script.number + 1} to {contender.name}: answers after {waits} s")
    return rows_of(turns, floor_seconds(latencies))


def rows_of(turns: Sequence[TurnRecord], floor: float) -> list[Row]:
    """The rows of `out/bench.json`: the median of answered turns, and how many callers were cut off."""
    made = []
    for contender, name, goal_seconds in ROWS:
        answered = [
            turn.voice_to_voice_seconds
            for turn in turns
            if turn.contender == contender.name and turn.voice_to_voice_seconds is not None and not turn.cut_off
        ]
        values = {"vaani": percentile(answered, 0.5), "p90": percentile(answered, 0.9), "floor": floor}
        made.append(row(name, "seconds", len(answered), values, {"kind": "at_most", "value": goal_seconds}))
    return made
