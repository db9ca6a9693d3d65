"""The outside witness: its scenario says what it claims, and a miss is a miss."""

import json

import pytest

from bench.witness.__main__ import SENTENCES, is_good, report, scenario_of


def turn(name, expect, *, answer=None, stop=None):
    return {
        "id": name, "expect": expect, "answer_seconds": answer, "stop_seconds": stop, "passed": True, "notes": [],
    }  # fmt: skip


def found(**changes):
    turns = [turn("sentence-1", "respond", answer=1.2) | changes, turn("barge-in", "stop", stop=0.3)]
    return {"queue_seconds": 0.44, "turns": turns}


def test_every_sentence_is_said_and_something_must_and_must_not_stop_the_agent(tmp_path):
    turns = scenario_of(tmp_path)["turns"]
    assert [turn["id"] for turn in turns if turn["id"].startswith("sentence")] == [
        f"sentence-{number}" for number in range(1, len(SENTENCES) + 1)
    ]
    assert {turn.get("expect", "respond") for turn in turns} == {"respond", "ignore", "stop"}
    json.dumps(turns)


@pytest.mark.parametrize("changes", [{"passed": False}, {"answer_seconds": None}, {"answer_seconds": 3.5}])
def test_a_missed_or_late_answer_fails(changes):
    assert is_good(found())
    assert not is_good(found(**changes))


def test_the_page_says_what_was_taken_off_and_why_something_was_missed():
    said = report(found(passed=False, notes=["no agent speech"]))
    assert "0.44 s" in said[0]
    assert "no agent speech" in said[1]
