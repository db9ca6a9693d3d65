"""The rows about telemetry compare the same calls, and a turn's span with the same turn's sound."""

from dataclasses import replace

import pytest

from bench.records import CallRecord, TurnRecord
from bench.stages import Marks
from bench.traced_calls import rows_of
from bench.traced_stages import STAGES, ToldTurn, stage_rows, told_beside, turns_told
from sandbox.services.otlp import Received, ReceivedSpan


def call(contender, script, cpu=2.0, waits=(1.0,), minutes=1.0):
    turns = tuple(
        TurnRecord(contender, "u", "engine", "hi-IN", False, False, False, wait, False, False) for wait in waits
    )
    return CallRecord(
        contender=contender, script=script, greeting_seconds=0.7, barge_in_seconds=(), minutes=minutes, cpu_seconds=cpu,
        worker_cpu_seconds=None, private_megabytes=50.0, caller_late_seconds=0.0, turns=turns,
    )  # fmt: skip


def spans(*seconds):
    return [ToldTurn(each, {}) for each in seconds]


# A turn of which sound and spans say the same: 0.02 s in the caller's microphone, 0.02 s to get here, 0.45 to the
# transcript, decided after 0.60, model asked at 0.48, and 0.07 s out, behind 0.02 s of silence.
AT = Marks(
    last_voiced=99.98, last_sound=100.02, speech_ended=100.22, final=100.47, asked=100.5, first_token=100.8,
    answered=101.1, spoken=100.82, first_audio=101.02, heard=101.09,
)  # fmt: skip
TRUE = {
    "recogniser_final": (100.02, 100.47), "end_of_turn": (100.02, 100.62), "model_first_token": (100.5, 100.8),
    "model_first_clause": (100.8, 100.82), "voice_first_byte": (100.82, 101.02), "playout": (101.02, 101.07),
    "network": (101.07, 101.11),
}  # fmt: skip


def span(name, began, ended, span_id="", parent_id="turn"):
    return ReceivedSpan("trace", span_id or name, parent_id, name, "vaani-worker", began, ended, False, {}, (), ())


def told(stages):
    return ToldTurn(1.09, {name: span(name, *times) for name, times in stages.items()})


def later(at, seconds):
    """The same turn with a sound that was there, and held back for so long."""
    return replace(at, heard=at.heard + seconds)


@pytest.mark.parametrize(("cpu", "sick", "span", "met"), [(2.06, 1.05, 0.96, True), (2.07, 1.06, 0.94, False)])
def test_telemetry_may_cost_three_percent_a_sick_endpoint_nothing_and_spans_are_true(cpu, sick, span, met):
    calls = [call("untraced", 0), call("traced", 0, cpu), call("sick_endpoint", 0, waits=(sick,))]
    calls.append(call("traced", 1, 99.0))  # which the others have not carried: compared with nothing
    made = rows_of(calls, [spans(span), spans()])
    assert [row["name"] for row in made] == [
        "telemetry_cpu", "voice_to_voice_p95_with_a_sick_telemetry_endpoint", "turn_span_against_sound",
        *(f"{stage}_span_against_sound" for stage in STAGES),
    ]  # fmt: skip
    assert [row["met"] for row in made[:3]] == [met] * 3
    assert [row["n"] for row in made[:3]] == [1] * 3


def test_without_calls_every_row_has_missed():
    assert [row["met"] for row in rows_of([], [])] == [False] * (3 + len(STAGES))


def test_a_goodbye_is_one_span_more_and_a_call_of_other_turns_is_left_out():
    calls = [call("traced", 0, waits=(1.0, 2.0)), call("traced", 1, waits=(1.0, 2.0)), call("traced", 2, waits=(None,))]
    beside = told_beside(calls, [spans(1.1, 2.0, 1.0), spans(1.0), spans(1.0)])
    assert [(wait, turn.seconds) for wait, _, turn in beside] == [(1.0, 1.1), (2.0, 2.0)]


def by_stage(turns):
    return {row["name"].removesuffix("_span_against_sound"): row for row in stage_rows(turns)}


HELD = TRUE | {"end_of_turn": (100.02, 101.32), "playout": (101.32, 101.37)}


def test_spans_that_say_what_sound_says_meet_every_goal():
    made = by_stage([(AT, told(TRUE)), (later(AT, 0.3), told(HELD))])
    assert tuple(made) == STAGES
    assert [row["met"] for row in made.values()] == [True] * len(STAGES)
    assert made["end_of_turn"]["values"] == {
        "vaani": pytest.approx(0.0, abs=1e-4), "sound": pytest.approx(1.3),
        "more_than_sound": pytest.approx(0.0, abs=1e-4),
    }  # fmt: skip
    assert made["recogniser_final"]["goal"]["value"] == pytest.approx(0.05 * 0.45)


@pytest.mark.parametrize("stage", ["recogniser_final", "model_first_token", "voice_first_byte"])
@pytest.mark.parametrize(("wrong_by", "met"), [(0.96, True), (0.94, False), (1.06, False)])
def test_a_stage_is_held_to_a_twentieth_of_its_length(stage, wrong_by, met):
    began, ended = TRUE[stage]
    wrong = TRUE | {stage: (began, began + wrong_by * (ended - began))}
    assert by_stage([(AT, told(wrong))])[stage]["met"] is met


@pytest.mark.parametrize(("stage", "wrong_by", "met"), [
    ("model_first_clause", 0.009, True), ("model_first_clause", 0.011, False),
    ("network", 0.009, True), ("network", 0.011, False),
])  # fmt: skip
def test_a_stage_of_hundredths_is_held_to_a_frame_of_sound(stage, wrong_by, met):
    began, ended = TRUE[stage]
    made = by_stage([(AT, told(TRUE | {stage: (began, ended + wrong_by)}))])
    assert made["on_the_way" if stage == "network" else stage]["met"] is met


def test_a_decision_that_the_spans_tell_too_early_is_found_by_the_sound_it_let_go():
    early = HELD | {"end_of_turn": (100.02, 101.22), "playout": (101.22, 101.37)}
    made = by_stage([(AT, told(TRUE)), (later(AT, 0.3), told(early))])
    assert made["end_of_turn"]["met"] is False
    assert made["end_of_turn"]["values"]["vaani"] == pytest.approx(0.1)


def test_what_no_turn_shows_has_missed_and_says_so():
    made = by_stage([(AT, told(TRUE))])
    assert (made["end_of_turn"]["n"], made["end_of_turn"]["met"]) == (0, False)
    assert "showed" in made["end_of_turn"]["why"]


def test_a_turns_stages_are_the_spans_below_it():
    received = Received(spans=[
        span("turn", 100.02, 101.11, "t2", "session"), span("turn", 90.0, 91.0, "t1", "session"),
        span("recogniser_final", 90.0, 90.4, "a", "t1"), span("recogniser_final", 100.02, 100.47, "b", "t2"),
    ])  # fmt: skip
    ((first, second),) = turns_told(received)
    assert first.stages["recogniser_final"].seconds == pytest.approx(0.4)
    assert second.stages["recogniser_final"].span_id == "b"
