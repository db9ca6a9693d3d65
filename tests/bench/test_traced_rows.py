"""The rows about telemetry compare the same calls, and a turn's span with the same turn's sound."""

from types import SimpleNamespace

import pytest

from bench.records import CallRecord, TurnRecord
from bench.traced_calls import rows_of, span_errors


def call(contender, script, cpu=2.0, waits=(1.0,), minutes=1.0):
    turns = tuple(
        TurnRecord(contender, "u", "engine", "hi-IN", False, False, False, wait, False, False) for wait in waits
    )
    return CallRecord(
        contender=contender, script=script, greeting_seconds=0.7, barge_in_seconds=(), minutes=minutes, cpu_seconds=cpu,
        worker_cpu_seconds=None, private_megabytes=50.0, caller_late_seconds=0.0, turns=turns,
    )  # fmt: skip


def spans(*seconds):
    return [SimpleNamespace(seconds=each) for each in seconds]


@pytest.mark.parametrize(("cpu", "sick", "span", "met"), [(2.06, 1.05, 0.96, True), (2.07, 1.06, 0.94, False)])
def test_telemetry_may_cost_three_percent_a_sick_endpoint_nothing_and_spans_are_true(cpu, sick, span, met):
    calls = [call("untraced", 0), call("traced", 0, cpu), call("sick_endpoint", 0, waits=(sick,))]
    calls.append(call("traced", 1, 99.0))  # which the others have not carried: compared with nothing
    made = rows_of(calls, [spans(span), spans()])
    assert [row["name"] for row in made] == [
        "telemetry_cpu", "voice_to_voice_p95_with_a_sick_telemetry_endpoint", "turn_span_against_sound",
    ]  # fmt: skip
    assert [row["met"] for row in made] == [met] * 3
    assert [row["n"] for row in made] == [1] * 3


def test_without_calls_every_row_has_missed():
    assert [row["met"] for row in rows_of([], [])] == [False] * 3


def test_a_goodbye_is_one_span_more_and_a_call_of_other_turns_is_left_out():
    calls = [call("traced", 0, waits=(1.0, 2.0)), call("traced", 1, waits=(1.0, 2.0)), call("traced", 2, waits=(None,))]
    told = [spans(1.1, 2.0, 1.0), spans(1.0), spans(1.0)]
    assert span_errors(calls, told) == pytest.approx([0.1, 0.0])
