"""Turns what was measured into the rows of `out/bench.json`, each with its goal and whether it was met."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bench.contenders import CONTENDERS, PREDISPATCHED, VAANI, VAANI_STREAMING
from bench.figures import met, percentile, share_of
from bench.records import CallRecord, Measured, TurnRecord
from bench.utterances import RECORDINGS_HELP, recordings_installed

Row = dict[str, Any]
Values = dict[str, float | None]
DIGITS = 4
NOT_MEASURED = "no call gave a figure; the errors of the calls say more"


def rows_of(measured: Measured) -> list[Row]:
    """All rows that come from calls, in the order of the report."""
    rows = [*_waiting_rows(measured), *_cut_off_rows(measured), *_call_rows(measured)] if measured.chosen_calls else []
    return [*rows, *(_unchosen_rows(measured) if measured.unchosen_turns else []), _start_row(measured)]


def row(
    name: str, unit: str, n: int, values: Values, goal: dict[str, Any] | None = None, *, why_empty: str = NOT_MEASURED
) -> Row:
    """One row; rounded first, so that the verdict is about the figures that are shown.

    Without data it has missed, goal or not, and says why: a figure that is silently absent looks like one that is good.
    """
    shown = {key: None if value is None else round(value, DIGITS) for key, value in values.items()}
    goal = goal or {"kind": "none"}
    ours = shown.get(VAANI.name)
    made = {"name": name, "unit": unit, "n": n, "values": shown, "goal": goal, "met": met(goal, ours, shown)}
    return made if n else {**made, "met": False, "why": why_empty}


def finished_turns(measured: Measured) -> list[TurnRecord]:
    """Answered turns that count for the wait: not cut off, and said to contenders that needed no tool for them.

    Where one contender has a tool for an utterance, its answer takes two model requests: nobody's wait for that
    utterance is compared.
    """
    return _finished(measured.turns)


def _finished(turns: Sequence[TurnRecord]) -> list[TurnRecord]:
    with_tool = {turn.utterance for turn in turns if turn.used_tool}
    return [
        turn
        for turn in turns
        if turn.voice_to_voice_seconds is not None and not turn.cut_off and turn.utterance not in with_tool
    ]


def waits(turns: Sequence[TurnRecord], contender: str) -> list[float]:
    return [
        turn.voice_to_voice_seconds
        for turn in turns
        if turn.contender == contender and turn.voice_to_voice_seconds is not None
    ]


def _waiting_rows(measured: Measured) -> list[Row]:
    turns = finished_turns(measured)
    espeak = [turn for turn in turns if turn.engine == "espeak"]
    real = [turn for turn in turns if turn.engine == "recording"]
    piper = [turn for turn in turns if turn.engine == "piper"]

    def of(
        name: str, chosen: Sequence[TurnRecord], share: float, goal: dict[str, Any] | None = None,
        why_empty: str = NOT_MEASURED,
    ) -> Row:  # fmt: skip
        values: Values = {who: percentile(waits(chosen, who), share) for who in _callers(measured)}
        values["floor"] = measured.floor_seconds
        return row(name, "seconds", len(waits(chosen, VAANI.name)), values, goal, why_empty=why_empty)

    rows = [
        of("voice_to_voice_p50", turns, 0.5, {"kind": "over_floor", "value": 0.25}),
        of("voice_to_voice_p95", turns, 0.95, {"kind": "over_floor", "value": 0.6}),
        of(
            "voice_to_voice_p50_espeak",
            espeak,
            0.5,
            {"kind": "ratio_to", "against": "seed_pattern", "value": 0.42},
        ),
        of("voice_to_voice_p50_neural", piper, 0.5),
        of(
            "voice_to_voice_p50_people", real, 0.5,
            why_empty=NOT_MEASURED if recordings_installed() else RECORDINGS_HELP,
        ),
    ]  # fmt: skip
    if any(call.contender == VAANI_STREAMING.name for call in measured.calls):  # a short run calls it never
        streaming = waits(turns, VAANI_STREAMING.name)
        values: Values = {
            "vaani": percentile(streaming, 0.5),
            "vaani_whole_turns": percentile(_same_utterances(turns, VAANI_STREAMING.name), 0.5),
            "floor": measured.floor_seconds,
        }
        goal = {"kind": "over_floor", "value": 0.0}
        rows.append(row("voice_to_voice_p50_streaming", "seconds", len(streaming), values, goal))
    return rows


def _unchosen_rows(measured: Measured) -> list[Row]:
    """Waits over turns that nobody chose because they read well, and how many of them wait how long.

    The other contenders hear a part of them: their figures stand beside ours for the same utterances.
    """
    turns, floor = _finished(measured.unchosen_turns), measured.floor_seconds
    ours = waits(turns, VAANI.name)
    others = [each.name for each in CONTENDERS if each is not VAANI and waits(turns, each.name)]

    def of(name: str, share: float, over: float) -> Row:
        values: Values = {VAANI.name: percentile(ours, share)}
        values |= {who: percentile(waits(turns, who), share) for who in others}
        values |= {f"vaani_beside_{who}": percentile(_same_utterances(turns, who), share) for who in others}
        values["floor"] = floor
        return row(name, "seconds", len(ours), values, {"kind": "over_floor", "value": over})

    def within(name: str, low: float, high: float) -> Row:
        values: Values = {
            who: share_of(sum(low < wait - floor <= high for wait in waits(turns, who)), len(waits(turns, who)))
            for who in (VAANI.name, *others)
        }
        return row(name, "share", len(ours), values)

    asked = [turn for turn in measured.unchosen_turns if turn.contender == VAANI.name]
    unanswered = sum(turn.voice_to_voice_seconds is None for turn in asked)
    return [
        of("voice_to_voice_p50_unchosen", 0.5, 0.25),
        of("voice_to_voice_p90_unchosen", 0.9, 0.5),
        within("unchosen_up_to_floor_and_quarter_second", float("-inf"), 0.25),
        within("unchosen_up_to_floor_and_half_second", 0.25, 0.5),
        within("unchosen_beyond_floor_and_half_second", 0.5, float("inf")),
        row(
            "unchosen_unanswered", "share", len(asked), {VAANI.name: share_of(unanswered, len(asked))},
            {"kind": "at_most", "value": 0.0},
        ),
    ]  # fmt: skip


def _same_utterances(turns: Sequence[TurnRecord], other: str) -> list[float]:
    heard = {turn.utterance for turn in turns if turn.contender == other}
    return waits([turn for turn in turns if turn.utterance in heard], VAANI.name)


def _cut_off_rows(measured: Measured) -> list[Row]:
    paused = [turn for turn in measured.turns if turn.paused]
    unfinished = [turn for turn in paused if turn.unfinished]

    def of(name: str, turns: Sequence[TurnRecord], most: float) -> Row:
        values: Values = {}
        for who in _callers(measured):
            own = [turn for turn in turns if turn.contender == who]
            values[who] = share_of(sum(turn.cut_off for turn in own), len(own))
        n = sum(turn.contender == VAANI.name for turn in turns)
        return row(name, "share", n, values, {"kind": "at_most", "value": most})

    return [of("false_cut_offs", paused, 0.15), of("false_cut_offs_unfinished", unfinished, 0.05)]


def _call_rows(measured: Measured) -> list[Row]:
    calls = measured.chosen_calls

    def medians(pick: Callable[[CallRecord], Sequence[float]], names: Sequence[str] | None = None) -> Values:
        chosen = names or _callers(measured)
        return {
            who: percentile([v for call in calls if call.contender == who for v in pick(call)], 0.5) for who in chosen
        }

    def count(pick: Callable[[CallRecord], Sequence[float]]) -> int:
        return sum(len(pick(call)) for call in calls if call.contender == VAANI.name)

    greetings = medians(_greeting, _callers(measured, with_probe=True))
    against_seed = {"kind": "ratio_to", "against": "seed_pattern"}
    return [
        row("greeting_p50", "seconds", count(_greeting), greetings, {"kind": "at_most", "value": 0.75}),
        row(
            "greeting_p50_over_probe",
            "seconds",
            count(_greeting),
            {name: greetings.get(name) for name in ("vaani", "probe")},
            {"kind": "over_floor", "against": "probe", "value": 0.10},
        ),
        _predispatched_row(calls),
        row("barge_in_p50", "seconds", count(_barge_in), medians(_barge_in), {"kind": "at_most", "value": 0.3}),
        row(
            "cpu_seconds_per_call_minute",
            "seconds",
            count(_cpu_rate),
            medians(_cpu_rate),
            {**against_seed, "value": 0.9},
        ),
        row(
            "private_memory_per_call",
            "megabytes",
            count(_private),
            medians(_private),
            {**against_seed, "value": 0.85},
        ),
    ]


def _predispatched_row(calls: Sequence[CallRecord]) -> Row:
    greetings = [seconds for call in calls if call.contender == PREDISPATCHED for seconds in _greeting(call)]
    values: Values = {VAANI.name: percentile(greetings, 0.5)}
    return row("greeting_p50_predispatched", "seconds", len(greetings), values, {"kind": "at_most", "value": 0.40})


def _greeting(call: CallRecord) -> list[float]:
    return [] if call.greeting_seconds is None else [call.greeting_seconds]


def _barge_in(call: CallRecord) -> list[float]:
    return list(call.barge_in_seconds)


def _cpu_rate(call: CallRecord) -> list[float]:
    return [] if call.cpu_rate is None else [call.cpu_rate]


def _private(call: CallRecord) -> list[float]:
    return [] if call.private_megabytes is None or not call.turns else [call.private_megabytes]


def _start_row(measured: Measured) -> Row:
    values: Values = {who: percentile(seconds, 0.5) for who, seconds in measured.worker_start_seconds.items()}
    return row("worker_start", "seconds", len(measured.worker_start_seconds.get(VAANI.name, ())), values)


def _callers(measured: Measured, *, with_probe: bool = False) -> list[str]:
    present = {call.contender for call in measured.calls}
    return [
        each.name
        for each in CONTENDERS
        if each.name in present and (with_probe or each.name != "probe") and each.name != "vaani_streaming"
    ]
