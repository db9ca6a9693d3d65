"""Whether a trace is true: each stage of a turn as its span has it, beside the same stage by clocks not the worker's.

The stand-ins know when they heard the last sound, and when transcript, first token and first byte left; the caller when
it stopped and when it heard the answer. What of a stage only the worker knows is found from these:

* The decision is not to be heard by itself. Where it is what the sound waited for, sound leaves with it, and is on its
  way for as long as in the turns of the same calls in which nothing held it back.
* A trace has the ways there and back in one, `network`, so both are held against it together, with `playout`. It ends
  at the caller's devices, of which nobody else knows: what our caller's microphone holds back is taken off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bench.figures import percentile
from bench.records import CallRecord
from bench.rows import Row, row
from bench.stages import Marks
from sandbox.caller.microphone import LEAD_SECONDS
from sandbox.services.otlp import Received, ReceivedSpan

MOST_ERROR = 0.05
LEAST_SECONDS = 0.01
"""So near a stage of a few hundredths is asked to be: sound goes in frames of this length."""
MICROPHONE_SECONDS = LEAD_SECONDS
"""How long our caller keeps a frame in its queue. The frame's own 10 ms are not to be taken off as well: a microphone
hands over a frame when it is full, so what leaves the queue whole has just been said."""
END_OF_TURN, ON_THE_WAY = "end_of_turn", "on_the_way"
STAGES = (
    "recogniser_final", END_OF_TURN, "model_first_token", "model_first_clause", "voice_first_byte", ON_THE_WAY,
)  # fmt: skip
WHY_NONE = "no turn of these calls showed it from outside"


@dataclass(frozen=True, slots=True)
class ToldTurn:
    """A turn as its trace has it: how long, and its stages by name."""

    seconds: float
    stages: Mapping[str, ReceivedSpan]

    @property
    def is_held(self) -> bool:
        """Whether the sound was there before it might be played."""
        decided, voiced = self.stages.get("end_of_turn"), self.stages.get("voice_first_byte")
        return decided is not None and voiced is not None and decided.ended > voiced.ended


def turns_told(received: Received) -> list[list[ToldTurn]]:
    """Return the turns of each call, calls and turns in the order in which they began."""
    below: dict[str, dict[str, ReceivedSpan]] = {}
    for span in list(received.spans):
        below.setdefault(span.parent_id, {})[span.name] = span
    by_trace: dict[str, list[ToldTurn]] = {}
    for turn in received.named("turn"):
        by_trace.setdefault(turn.trace_id, []).append(ToldTurn(turn.seconds, below.get(turn.span_id, {})))
    return list(by_trace.values())


def told_beside(
    calls: Iterable[CallRecord], told: Iterable[Sequence[ToldTurn]]
) -> list[tuple[float, Marks | None, ToldTurn]]:
    """Return each turn's wait and marks at its caller beside its trace.

    A call whose worker saw another number of turns than its caller is left out; the caller's goodbye is one more.
    """
    return [
        (turn.voice_to_voice_seconds, turn.marks, span)
        for done, spans in zip(calls, told, strict=False)
        if len(spans) - len(done.turns) in (0, 1)
        for turn, span in zip(done.turns, spans, strict=False)
        if turn.voice_to_voice_seconds
    ]


def stage_rows(turns: Iterable[tuple[Marks, ToldTurn]]) -> list[Row]:
    """One row a stage: by how much its span differs from it, median, and how long it is."""
    both = list(turns)
    out = percentile([at.heard - at.first_audio for at, told in both if not told.is_held], 0.5)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in STAGES}
    for at, told in both:
        seen, said = seen_from_outside(at, told.is_held, out), said_by_spans(told)
        for name in seen.keys() & said.keys():
            found[name].append((seen[name], said[name]))
    return [_row(name, pairs) for name, pairs in found.items()]


def seen_from_outside(at: Marks, is_held: bool, out_seconds: float | None) -> dict[str, float]:
    """Return the seconds of each stage that a turn shows, by the clocks of stand-ins and caller.

    Args:
        at: What they saw.
        is_held: Whether sound was there before it might be played.
        out_seconds: How long sound is on its way to the caller, with the silence that it begins with.
    """
    seen = {
        "recogniser_final": at.final - at.last_sound,
        "voice_first_byte": at.first_audio - at.spoken,
    }
    if at.first_token is not None:
        seen |= {"model_first_token": at.first_token - at.asked, "model_first_clause": at.spoken - at.first_token}
    if not is_held:
        seen[ON_THE_WAY] = (at.last_sound - at.last_voiced - MICROPHONE_SECONDS) + (at.heard - at.first_audio)
    elif out_seconds is not None:
        seen[END_OF_TURN] = at.heard - out_seconds - at.last_sound
    return seen


def said_by_spans(told: ToldTurn) -> dict[str, float]:
    """Return the seconds of each stage as the trace has them."""
    said = {name: told.stages[name].seconds for name in STAGES if name in told.stages}
    if (network := told.stages.get("network")) is not None:
        playout = told.stages.get("playout")
        said[ON_THE_WAY] = network.seconds + (playout.seconds if playout is not None else 0.0)
    return said


def _row(stage: str, pairs: Sequence[tuple[float, float]]) -> Row:
    by_sound = percentile([seen for seen, _ in pairs], 0.5)
    return row(
        f"{stage}_span_against_sound", "seconds", len(pairs),
        {"vaani": percentile([abs(said - seen) for seen, said in pairs], 0.5), "sound": by_sound,
         "more_than_sound": percentile([said - seen for seen, said in pairs], 0.5)},
        {"kind": "at_most", "value": max(LEAST_SECONDS, MOST_ERROR * (by_sound or 0.0))},
        why_empty=WHY_NONE,
    )  # fmt: skip
