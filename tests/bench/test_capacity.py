"""What `make capacity` and the overload rows say follows from what was measured, and is written as promised."""

import json
import os

import pytest

from bench.capacity import Ramp, capacity, main, step_line, steps_up, write
from bench.cores import Cores, CoreTimes, pinned
from bench.crowd import Cost, Crowd, was_refused
from bench.flame import NUMBERED
from bench.overload import Heard, _note, greeted_after, rows_of
from bench.processes import cpu_seconds_by_thread, private_megabytes_of_pages
from bench.settings import BenchSettings
from sandbox.caller import CallError, CallResult, TurnResult

STEP_KEYS = {"calls", "p50", "p95", "missed", "loop_lag_p99_ms", "cpu_per_call", "memory_per_call_mb"}
KEYS = {"machine", "worker_cores", "single_call_p95", "steps", "calls_a_core"}


def turn(wait):
    return TurnResult("said", "said", "en-IN", "reply", "en-IN", True, wait, False)


def result(*waits, greeting=0.7, errors=(), notices=(), planned=None):
    turns = tuple(turn(wait) for wait in waits)
    return CallResult(
        "room", greeting, turns, errors, turns_planned=len(waits) if planned is None else planned, notices=notices
    )


REFUSED = result(errors=(CallError("agent_left", "", 3.0),), notices=({"code": "busy", "message": "…"},), planned=7)


def crowd(calls, wait, lost=0, worker_idle=0.5, others_idle=0.5):
    results = [result(wait, wait)] * (calls - lost) + [result(wait, None)] * lost
    cost = Cost(30.0, 0.08, 0.7, 57.2, worker_idle, others_idle, 8.4)
    return Crowd(calls, results, [wait] * 2 * calls, cost)


def ramp(*crowds):
    return Ramp(1.2, [crowd(1, 1.2), *crowds])


def test_a_worker_gets_one_core_and_everything_else_the_others():
    assert Cores.split(frozenset({3, 5, 6})) == Cores(frozenset({3}), frozenset({5, 6}))


def test_on_one_core_there_is_no_figure(monkeypatch, capsys):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0})
    assert main() == 2
    assert "needs two cores" in capsys.readouterr().err


def test_what_is_started_while_pinned_stays_there():
    before = os.sched_getaffinity(0)
    with pinned(frozenset({min(before)})):
        assert os.sched_getaffinity(0) == {min(before)}
    assert os.sched_getaffinity(0) == before


def test_idle_time_is_told_core_by_core(tmp_path):
    stat = tmp_path / "stat"
    looks = []
    for busy, idle in ((0, 0), (50, 150)):
        stat.write_text(
            f"cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 {busy} 0 0 {idle} 0 0 0 0 7 7\n"
            f"cpu1 0 0 {2 * busy} {idle} {idle} 0 0 0 0 0\nintr 4 4\n"
        )
        looks.append(CoreTimes.now(stat))
    earlier, now = looks
    assert now.idle_since(earlier, frozenset({0})) == pytest.approx(0.75)
    assert now.idle_since(earlier, frozenset({1})) == pytest.approx(0.75)
    assert now.idle_since(now, frozenset({0})) == 1.0


def test_the_private_memory_of_a_process_is_what_nobody_shares():
    rollup = "55d0-7ffe ---p 00000000 00:00 0 [rollup]\nRss: 90000 kB\nPss: 40000 kB\nShared_Clean: 5 kB\n"
    rollup += "Private_Clean: 1000 kB\nPrivate_Dirty:  9000 kB\nSwap: 0 kB\n"
    assert private_megabytes_of_pages(rollup) == pytest.approx(10.24)


def test_threads_of_one_name_count_together():
    assert sum(cpu_seconds_by_thread(os.getpid()).values()) > 0
    assert {NUMBERED.sub("", name) for name in ("tokio-7", "tokio 12", "tokio", "rtc_net #3")} == {"tokio", "rtc_net"}


@pytest.mark.parametrize(
    ("crowds", "most"),
    [
        ((), 1),
        ((crowd(2, 1.3), crowd(4, 1.79)), 4),
        ((crowd(2, 1.3), crowd(4, 1.81), crowd(3, 1.5)), 3),
        ((crowd(2, 1.3), crowd(4, 1.3, lost=1)), 2),
        ((crowd(2, 1.3), Crowd(4)), 2),
    ],
    ids=["one call only", "within half as long again", "between two steps", "a caller missed", "nothing heard"],
)
def test_a_core_carries_as_many_as_notice_nothing_of_one_another(crowds, most):
    assert ramp(*crowds).most == most


@pytest.mark.parametrize(
    ("worker_idle", "others_idle", "first"),
    [(0.02, 0.3, "worker"), (0.3, 0.02, "others"), (0.3, 0.3, "neither"), (0.01, 0.04, "worker")],
)
def test_a_run_says_whose_core_was_used_up_first(worker_idle, others_idle, first):
    ended = ramp(crowd(2, 1.3), crowd(4, 2.9, worker_idle=worker_idle, others_idle=others_idle), crowd(3, 1.4))
    assert ended.ran_out_first() == first


def test_steps_end_where_they_were_told_to():
    assert list(steps_up(1)) == [1]
    assert list(steps_up(7)) == [1, 2, 4, 6]


def test_the_file_is_the_one_of_the_interfaces(tmp_path, capsys):
    write(ramp(crowd(4, 2.9, worker_idle=0.0), crowd(2, 1.3), crowd(3, 1.4)), tmp_path / "out")
    content = json.loads((tmp_path / "out" / "capacity.json").read_text())
    assert content.keys() == KEYS
    assert [step.keys() for step in content["steps"]] == [STEP_KEYS] * 4
    assert [step["calls"] for step in content["steps"]] == [1, 2, 3, 4]
    assert content["steps"][1] == {
        "calls": 2, "p50": 1.3, "p95": 1.3, "missed": 0, "loop_lag_p99_ms": 8, "cpu_per_call": 0.08,
        "memory_per_call_mb": 57.2,
    }  # fmt: skip
    assert (content["worker_cores"], content["single_call_p95"], content["calls_a_core"]) == (1, 1.2, 3)
    assert content["machine"]["cpus"] == os.cpu_count()
    assert "3 calls a core; the worker's core was used up first" in capsys.readouterr().out


def test_a_step_in_which_nobody_was_heard_is_still_a_line_and_a_row():
    silent = Crowd(4, [result(None, greeting=None)] * 4)
    assert "p95 none of 0 turns, 4 callers missed" in step_line(ramp(), silent)
    assert capacity(ramp(silent))["steps"][1]["p95"] is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BENCH_CAPACITY_MAX", "0"),
        ("BENCH_CAPACITY_MAX", "many"),
        ("BENCH_CAPACITY_TURNS", "2"),
        ("BENCH_CAPACITY", "8"),
    ],
)
def test_a_setting_that_cannot_be_is_named(name, value):
    with pytest.raises(ValueError, match=name):
        BenchSettings.from_environment({name: value})


def test_settings_of_the_ramp_are_read():
    settings = BenchSettings.from_environment({"BENCH_CAPACITY_MAX": "9", "BENCH_CAPACITY_TURNS": "3"})
    assert (settings.capacity_max, settings.capacity_turns) == (9, 3)


def heard_of(*results, single=(1.2, 1.2)):
    heard = Heard(single_waits=list(single), slowest_greetings=[1.4, 1.9, 1.6])
    for each in results:
        _note(heard, each)
    return heard


def test_those_let_in_are_held_against_a_single_call():
    ratio, greeting = rows_of(heard_of(result(1.2, 1.5), REFUSED, result(1.3, 1.5), REFUSED))
    assert ratio["name"] == "overload_p95_ratio"
    assert (ratio["values"]["vaani"], ratio["met"]) == (1.25, True)
    assert (ratio["values"]["told_busy"], ratio["values"]["left_in_silence"]) == (2, 0)
    assert (greeting["name"], greeting["values"]["vaani"], greeting["n"], greeting["met"]) == (
        "greeting_six_at_once", 1.6, 18, True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "caller",
    [result(1.2, None), result(1.2, planned=7), result(greeting=None, planned=7)],
    ids=["an answer lost", "left in mid-call", "neither let in nor told why"],
)
def test_nobody_who_was_let_in_may_be_lost(caller):
    ratio, _ = rows_of(heard_of(result(1.2, 1.2), caller))
    assert ratio["met"] is False


def test_a_refused_caller_is_one_who_was_told_so():
    assert was_refused(REFUSED)
    assert not was_refused(result(1.2, notices=({"code": "time_limit"},)))


def test_who_hears_only_that_lines_are_busy_was_not_greeted():
    assert greeted_after(result(1.2)) == 0.7
    assert greeted_after(REFUSED) == greeted_after(result(greeting=None)) == 15.0


def test_rows_without_a_call_say_why():
    for row in rows_of(Heard(), "it needs two cores"):
        assert (row["n"], row["met"], row["why"]) == (0, False, "it needs two cores")
