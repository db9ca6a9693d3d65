"""Turns that nobody chose: enough of them, in the shares in which people say them, and reported beside the others."""

from collections import Counter

import pytest

from bench.calls import UNCHOSEN_PER_CALL, unchosen_scripts
from bench.contenders import SEED_PATTERN, VAANI
from bench.records import CallRecord, Measured, TurnRecord
from bench.report import bench_page
from bench.rows import rows_of
from bench.utterances import load_table, load_unchosen, shares_of_kinds

ROWS = load_unchosen()
MIN_EACH, SHARE_TOLERANCE = 40, 0.03


def of_language(english):
    return [row for row in ROWS if (row.language == "en-IN") == english]


@pytest.mark.parametrize("english", [True, False])
def test_there_are_enough_in_the_shares_in_which_people_say_them(english):
    rows = of_language(english)
    assert len(rows) >= MIN_EACH
    counted = Counter(row.kind for row in rows)
    assert set(counted) == set(shares_of_kinds())
    for kind, share in shares_of_kinds().items():
        assert counted[kind] / len(rows) == pytest.approx(share, abs=SHARE_TOLERANCE), kind


def test_all_eleven_languages_are_spoken():
    assert len({row.language for row in ROWS}) == 11


def test_none_of_them_is_among_the_chosen_and_each_has_its_own_id():
    chosen = {row.text.casefold().strip(".?! ") for row in load_table()}
    assert not chosen & {row.text.casefold() for row in ROWS}
    assert len({row.id for row in ROWS}) == len(ROWS)


def test_a_call_says_all_its_turns_and_nothing_else(tmp_path):
    hindi = [row for row in ROWS if row.language == "hi-IN"][: UNCHOSEN_PER_CALL + 1]
    placed = list(unchosen_scripts(hindi, tmp_path))
    assert [len(script.plan.turns) for script in placed] == [UNCHOSEN_PER_CALL, 1]
    said = [each.utterance for script in placed for each in script.utterances]
    assert said == hindi
    assert {script.first_utterance for script in placed} == {0}


def record(contender, *waits):
    turns = tuple(
        TurnRecord(
            contender, f"unchosen-{number}", "espeak", "en-IN", paused=False, unfinished=False, noise=False,
            voice_to_voice_seconds=wait, cut_off=False, used_tool=False, chosen=False,
        )
        for number, wait in enumerate(waits)
    )  # fmt: skip
    return CallRecord(contender, 0, None, (), 1.0, None, None, None, 0.0, turns)


def rows_by_name(*calls):
    return {row["name"]: row for row in rows_of(Measured(calls=list(calls), floor_seconds=0.95))}


def test_the_wait_is_reported_with_the_share_of_each_and_against_the_same_utterances():
    rows = rows_by_name(record(VAANI.name, 1.0, 1.1, 1.3, 2.0), record(SEED_PATTERN.name, 3.0))
    half = rows["voice_to_voice_p50_unchosen"]
    assert half["values"]["vaani"] == pytest.approx(1.2)
    assert half["values"]["vaani_beside_seed_pattern"] == pytest.approx(1.0)
    assert (half["n"], half["met"]) == (4, True)
    assert rows["voice_to_voice_p90_unchosen"]["met"] is False
    shares = [
        rows[f"unchosen_{name}"]["values"]["vaani"]
        for name in ("up_to_floor_and_quarter_second", "up_to_floor_and_half_second", "beyond_floor_and_half_second")
    ]
    assert shares == [0.5, 0.25, 0.25]


def test_a_turn_that_was_never_answered_misses_a_goal():
    rows = rows_by_name(record(VAANI.name, 1.0, None))
    assert rows["unchosen_unanswered"]["values"]["vaani"] == 0.5
    assert rows["unchosen_unanswered"]["met"] is False


def test_they_do_not_change_the_figures_of_the_chosen_ones():
    assert "voice_to_voice_p50" not in rows_by_name(record(VAANI.name, 1.0))


def test_the_page_names_them():
    machine = {
        "quick": True, "at": "", "cpus": 2, "cpu": "", "memory_gigabytes": 1, "python": "", "commit": "", "calls": 1,
        "minutes": 1, "load_average_before": 0, "calls_with_a_late_caller": 0, "calls_with_errors": 0,
    }  # fmt: skip
    rows = list(rows_by_name(record(VAANI.name, 1.0)).values())
    assert "turns that nobody chose" in bench_page({"machine": machine, "rows": rows, "calls": []})
