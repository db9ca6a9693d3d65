"""`out/bench.json` is read by others: its rows are there, in the promised form, and honest about what was missed."""

import dataclasses
import json
import socket

import pytest

from bench import rows as bench_rows
from bench import running
from bench.__main__ import BenchSettings, order_of
from bench.calls import FIRST_UTTERANCE, chosen, groups, turn_of
from bench.contenders import CONTENDERS, PREDISPATCHED, PROBE, SEED_PATTERN, STARTER, VAANI, VAANI_STREAMING
from bench.performance import BEGIN, END, front_section, section, verdict, with_section
from bench.records import CallRecord, Measured, TurnRecord
from bench.report import bench_page
from bench.rows import finished_turns, rows_of
from bench.utterances import load_table, render_utterance
from sandbox.stack.processes import free_port

FROM_CALLS = {
    "voice_to_voice_p50",
    "voice_to_voice_p95",
    "false_cut_offs",
    "greeting_p50",
    "barge_in_p50",
    "cpu_seconds_per_call_minute",
    "private_memory_per_call",
    "worker_start",
}

MACHINE = (
    "at", "cpus", "cpu", "memory_gigabytes", "python", "commit", "calls", "minutes", "load_average_before",
    "calls_with_a_late_caller", "calls_with_errors",
)  # fmt: skip


def turn(contender, wait, utterance="en-order-status", **changes):
    made = TurnRecord(
        contender=contender,
        utterance=utterance,
        engine="espeak",
        language="en-IN",
        paused=False,
        unfinished=False,
        noise=False,
        voice_to_voice_seconds=wait,
        cut_off=False,
        used_tool=False,
    )
    return dataclasses.replace(made, **changes)


def call(contender, *turns, **changes):
    made = CallRecord(
        contender=contender,
        script=0,
        greeting_seconds=0.7,
        barge_in_seconds=(0.35,),
        minutes=1.0,
        cpu_seconds=9.0,
        worker_cpu_seconds=12.0,
        private_megabytes=70.0,
        caller_late_seconds=0.0,
        turns=turns,
    )
    return dataclasses.replace(made, **changes)


@pytest.fixture
def measured():
    return Measured(
        calls=[
            call("vaani", turn("vaani", 1.1), turn("vaani", 1.3, "p", paused=True, unfinished=True)),
            call("seed_pattern", turn("seed_pattern", 3.1), cpu_seconds=12.0, private_megabytes=90.0),
            call("starter", turn("starter", 3.0)),
            call("probe", greeting_seconds=0.68),
        ],
        worker_start_seconds={"vaani": [4.0], "seed_pattern": [5.0], "starter": [4.5]},
        floor_seconds=0.95,
    )


def by_name(rows):
    return {row["name"]: row for row in rows}


def test_every_promised_row_is_there_in_the_promised_form(measured):
    rows = by_name(rows_of(measured))
    assert rows.keys() >= FROM_CALLS
    for row in rows.values():
        assert row.keys() - {"why"} == {"name", "unit", "n", "values", "goal", "met"}
        assert row["goal"]["kind"] in {"at_most", "ratio_to", "over_floor", "none"}
        assert row["met"] in (True, False, None)
        assert (row["met"] is None) == (row["goal"]["kind"] == "none" and row["n"] > 0)
        assert ("why" in row) == (row["n"] == 0)
        assert "vaani" in row["values"]
    assert json.loads(json.dumps(list(rows.values()))) == list(rows.values())
    assert rows["voice_to_voice_p50"]["values"] == {"vaani": 1.2, "seed_pattern": 3.1, "starter": 3.0, "floor": 0.95}


def test_a_missed_goal_is_said_to_be_missed(measured):
    measured.calls.append(call("vaani", turn("vaani", 2.9), turn("vaani", 2.8)))
    rows = by_name(rows_of(measured))
    assert rows["voice_to_voice_p50"]["met"] is False
    assert rows["greeting_p50"]["met"] is True


def test_a_run_without_figures_meets_nothing():
    assert not any(row["met"] for row in rows_of(Measured(floor_seconds=0.95)))


@pytest.mark.parametrize(
    ("installed", "why"), [(False, "pocketsphinx-testdata"), (True, "no call gave a figure")], ids=["absent", "there"]
)
def test_a_row_without_data_has_missed_and_says_why(measured, monkeypatch, installed, why):
    """Pins a run on a machine without the recordings that reported success, with an empty line for people."""
    monkeypatch.setattr(bench_rows, "recordings_installed", lambda: installed)
    measured.calls.append(call("vaani_streaming", turn("vaani_streaming", None)))
    rows = by_name(rows_of(measured))
    people = rows["voice_to_voice_p50_people"]
    assert (people["n"], people["met"]) == (0, False)
    assert why in people["why"]
    assert rows["voice_to_voice_p50_streaming"]["n"] == 0, "its calls were placed and none was answered"
    assert rows["voice_to_voice_p50_streaming"]["met"] is False
    content = {"machine": {**dict.fromkeys(MACHINE, 0), "quick": False}, "rows": list(rows.values()), "calls": []}
    assert why in bench_page(content)
    assert "voice_to_voice_p50_people" in verdict(content["rows"])


def test_a_turn_that_was_cut_off_is_a_cut_off_and_no_quick_answer(measured):
    """The tail of a reply begun in the pause would be heard milliseconds after the caller's last word."""
    early = turn("vaani", 0.02, "p", paused=True, unfinished=True, cut_off=True)
    measured.calls.append(call("vaani", early))
    rows = by_name(rows_of(measured))
    assert rows["false_cut_offs"]["values"]["vaani"] == 0.5
    assert rows["false_cut_offs_unfinished"]["met"] is False
    assert early not in finished_turns(measured)


def test_an_utterance_that_one_contender_answers_with_a_tool_is_compared_for_nobody(measured):
    measured.calls.append(call("vaani", turn("vaani", 1.9, "hi-timing", used_tool=True)))
    measured.calls.append(call("starter", turn("starter", 3.0, "hi-timing")))
    assert {turn.utterance for turn in finished_turns(measured)} == {"en-order-status", "p"}


def test_every_utterance_is_said_once_and_what_ends_a_call_is_said_last():
    rows = chosen(load_table(), quick=False)
    dealt = groups(rows)
    assert sorted(row.id for group in dealt for row in group) == sorted(row.id for row in rows)
    for group in dealt:
        assert not any("that is all" in row.text for row in group[:-1])


def test_a_full_run_says_what_the_bench_promises():
    rows = chosen(load_table(), quick=False)
    assert len(rows) >= 24
    assert [row for row in rows if row.paused] == [row for row in load_table() if row.paused]
    assert {row.engine for row in rows} == {"espeak", "piper", "recording"}
    assert {row.kind for row in rows} == {"question", "statement", "short", "digits"}
    assert {row.language for row in rows} >= {"en-IN", "hi-IN", "ta-IN", "te-IN", "bn-IN"}
    assert sum(row.noise for row in rows) >= len(rows) / 3


def test_this_worker_and_what_its_goals_are_held_against_take_every_call_in_turn():
    orders = [order_of(number, CONTENDERS) for number in range(4)]
    for order in orders:
        assert all(each in order for each in (VAANI, SEED_PATTERN, PROBE))
    assert [order[0] for order in orders] == [VAANI, SEED_PATTERN, VAANI, SEED_PATTERN]
    assert STARTER in orders[0]
    assert VAANI_STREAMING in orders[1]


def test_a_quick_run_still_has_pauses_languages_and_voices():
    rows = chosen(load_table(), quick=True)
    assert 6 <= len(rows) <= 12
    assert any(row.paused for row in rows)
    assert any(not row.paused for row in rows)
    assert len({row.language for row in rows}) >= 3


def test_the_recogniser_is_told_the_words_before_the_pause_as_over_at_the_pause(tmp_path):
    row = next(row for row in load_table() if row.paused and row.engine == "espeak")
    rendered = render_utterance(row, tmp_path)
    spoken = turn_of(rendered, tmp_path)
    before = len(row.parts[0].split())
    pause = rendered.pause_start_seconds - rendered.first_voiced_seconds
    assert [word.end_seconds <= pause + 1e-6 for word in spoken.words].count(True) == before
    assert spoken.wav.stat().st_size > 10_000
    assert FIRST_UTTERANCE == 2


def test_the_page_names_every_figure_and_what_was_missed(measured):
    content = {
        "machine": {
            "cpu": "x", "cpus": 2, "memory_gigabytes": 8, "python": "3.11", "commit": "abc", "at": "now",
            "quick": False, "minutes": 20, "load_average_before": 0.1, "calls": 4, "calls_with_errors": 0,
            "calls_with_a_late_caller": 1,
        },
        "rows": rows_of(measured),
        "calls": [dataclasses.asdict(each) for each in measured.calls],
    }  # fmt: skip
    page = bench_page(content)
    assert "| 0.39 | <= floor + 0.25 s | yes |" in page
    assert "the caller itself was late" in page
    assert "`voice_to_voice_p95`" not in section(content, []).partition("\n\n|")[0]
    front = front_section(content)
    assert "| 0.39 | <= floor + 0.25 s | yes |" in front
    assert "Every goal was met." in front or "Goals missed: " in front
    assert "worker start" not in front


def test_only_what_is_between_the_markers_is_replaced():
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert with_section(page, "new") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    with pytest.raises(ValueError, match="performance:begin"):
        with_section("no markers", "new")


def test_a_misspelt_setting_names_the_nearest_right_one():
    with pytest.raises(ValueError, match="BENCH_QUIK is not a setting; the nearest is BENCH_QUICK"):
        BenchSettings.from_environment({"BENCH_QUIK": "1"})


def test_the_stand_ins_get_the_same_port_again_and_another_one_when_it_is_taken(monkeypatch):
    """Rendered phrases are kept by address: a new port in every run meant a minute of rendering in every run."""
    monkeypatch.setattr(running, "STEADY_PORT", free_port())
    first = running.steady_port()
    assert running.steady_port() == first == running.STEADY_PORT
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first))
        taken.listen()
        assert running.steady_port() != first


def test_greetings_of_an_agent_that_was_there_first_have_a_row_of_their_own():
    measured = Measured(
        calls=[call("vaani", greeting_seconds=0.56), call(PREDISPATCHED, greeting_seconds=0.26)],
        floor_seconds=0.95,
        worker_start_seconds={},
    )
    rows = {row["name"]: row for row in rows_of(measured)}
    assert rows["greeting_p50"]["values"]["vaani"] == 0.56
    assert rows["greeting_p50_predispatched"]["values"] == {"vaani": 0.26}
    assert rows["greeting_p50_predispatched"]["met"] is True
