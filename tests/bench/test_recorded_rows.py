"""The rows about recorded calls compare the same calls, and say by how much."""

from __future__ import annotations

import pytest

from bench.recorded_calls import rows_of
from bench.records import CallRecord


def call(contender, script, cpu, megabytes, minutes=1.0):
    return CallRecord(
        contender=contender, script=script, greeting_seconds=0.7, barge_in_seconds=(), minutes=minutes, cpu_seconds=cpu,
        worker_cpu_seconds=None, private_megabytes=megabytes, caller_late_seconds=0.0, turns=(),
    )  # fmt: skip


def rows(cpu, megabytes):
    calls = [call("unrecorded", 0, 2.0, 50.0), call("recorded", 0, cpu, megabytes)]
    calls.append(call("unrecorded", 1, 9.0, 90.0))  # whose recorded call failed: compared with nothing
    return {each["name"]: each for each in rows_of(calls)}


@pytest.mark.parametrize(("cpu", "megabytes", "met"), [(2.2, 54.0, True), (2.21, 54.1, False)])
def test_a_recorded_call_may_cost_a_tenth_more_and_four_megabytes(cpu, megabytes, met):
    made = rows(cpu, megabytes)
    for name, ours, theirs in (("recorded_call_cpu", cpu, 2.0), ("recorded_call_memory", megabytes, 50.0)):
        assert (made[name]["n"], made[name]["met"]) == (1, met)
        assert made[name]["values"] == {"vaani": ours, "unrecorded": theirs}


def test_without_a_pair_both_have_missed():
    assert [(each["n"], each["met"]) for each in rows_of([call("recorded", 0, 2.0, 50.0)])] == [(0, False)] * 2


def test_a_call_that_was_cut_short_is_no_rate():
    assert rows_of([call("recorded", 0, 2.0, None, 0.1), call("unrecorded", 0, 2.0, None, 0.1)])[0]["n"] == 0
