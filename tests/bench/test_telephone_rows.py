"""The telephone's rows of `out/bench.json`: their names and goals, and honest when there was no call."""

import pytest

from bench.telephone import STORY, Heard, line_sounds, note_echo, rows_of
from sandbox.caller import CallResult, TurnResult

STORY_SECONDS = 12.0


def by_name(heard):
    return {row["name"]: row for row in rows_of(heard)}


def said(text, at):
    return TurnResult(text, text, "en-IN", "Once", "en-IN", True, 1.2, False, started_seconds=at)


def story_call(*, heard_seconds):
    """Three stories and a goodbye; the greeting and the answer to the goodbye are no part of a story."""
    turns = (*(said(STORY.text, at) for at in (4.0, 24.0, 44.0)), said("goodbye", 64.0))
    sound = ((0.2, 3.0), (5.2, 5.2 + heard_seconds), (65.0, 67.0))
    return CallResult("room", 0.2, turns, (), turns_planned=4, agent_audio=sound)


def test_a_telephone_may_cost_a_tenth_of_a_second():
    heard = Heard(phone_greetings=[0.2, 0.3], phone_waits=[1.3, 1.29], page_waits=[1.2, 1.21])
    rows = by_name(heard)
    assert rows["phone_greeting_p50"]["met"] is True
    assert rows["phone_voice_to_voice_p50"]["values"] == {"vaani": 1.295, "page": 1.205}
    assert rows["phone_voice_to_voice_p50"]["met"] is True
    heard.phone_waits = [1.4, 1.5]
    assert by_name(heard)["phone_voice_to_voice_p50"]["met"] is False


@pytest.mark.parametrize(
    ("seconds", "met", "met_with_echo"), [(0.44, True, True), (0.47, False, True), (0.6, False, False)]
)
def test_who_is_talked_over_falls_silent_in_time_also_on_a_line_that_echoes(seconds, met, met_with_echo):
    rows = by_name(Heard(barge_ins=[0.1, seconds, 0.9], echo_barge_ins=[0.1, seconds, 0.9]))
    assert (rows["phone_barge_in_p50"]["met"], rows["phone_echo_barge_in_p50"]["met"]) == (met, met_with_echo)


@pytest.mark.parametrize(("reports", "phantoms", "met"), [(4, 0, True), (6, 2, False)])
def test_turns_that_the_caller_did_not_say_are_counted(reports, phantoms, met):
    heard = Heard(story_seconds=STORY_SECONDS)
    note_echo(heard, story_call(heard_seconds=36.0), reports)
    row = by_name(heard)["phone_echo_phantom_turns"]
    assert (row["values"]["vaani"], row["n"], row["met"]) == (phantoms, 1, met)
    assert by_name(heard)["phone_echo_least_heard"]["values"] == {"vaani": 1.0}


def test_the_worst_line_says_how_much_was_heard():
    heard = Heard(story_seconds=STORY_SECONDS)
    for seconds in (36.0, 9.0, 30.0):
        note_echo(heard, story_call(heard_seconds=seconds), 4)
    assert by_name(heard)["phone_echo_least_heard"]["values"] == {"vaani": 0.25}


def test_without_calls_every_row_has_missed_and_says_why():
    rows = by_name(Heard())
    assert {"phone_greeting_p50", "phone_voice_to_voice_p50", "phone_echo_phantom_turns"} <= set(rows)
    assert all(row["n"] == 0 and row["met"] is False and row["why"] for row in rows.values())


def test_the_echo_table_has_eight_lines_and_a_quick_run_its_worst():
    assert len(line_sounds(False)) == 8
    assert [(each.echo_db, each.noise_rms) for each in line_sounds(True)] == [(-30.0, 0.0), (-40.0, 25.0)]
