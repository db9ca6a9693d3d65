"""The bench's verdicts rest on this arithmetic."""

import pytest

from bench.figures import met, percentile, share_of
from bench.stages import STAGES, marks_of_turn, stages_of_turn


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([3.0, 1.0, 2.0], 0.5, 2.0), ([1.0, 2.0], 0.5, 1.5), ([1.0, 2.0, 3.0, 4.0, 5.0], 0.95, 4.8), ([7.0], 0.95, 7.0)],
)
def test_a_percentile_lies_between_its_neighbours_in_proportion(values, share, expected):
    assert percentile(values, share) == pytest.approx(expected)


def test_nothing_measured_is_no_figure():
    assert percentile([], 0.5) is None
    assert share_of(0, 0) is None


@pytest.mark.parametrize(
    ("goal", "values", "expected"),
    [
        ({"kind": "at_most", "value": 0.4}, {"vaani": 0.4}, True),
        ({"kind": "at_most", "value": 0.4}, {"vaani": 0.41}, False),
        ({"kind": "over_floor", "value": 0.25}, {"vaani": 1.2, "floor": 0.95}, True),
        ({"kind": "over_floor", "value": 0.25}, {"vaani": 1.21, "floor": 0.95}, False),
        ({"kind": "over_floor", "against": "probe", "value": 0.1}, {"vaani": 0.8, "probe": 0.69}, False),
        ({"kind": "ratio_to", "against": "seed_pattern", "value": 0.42}, {"vaani": 1.2, "seed_pattern": 3.0}, True),
        ({"kind": "ratio_to", "against": "seed_pattern", "value": 0.42}, {"vaani": 1.3, "seed_pattern": 3.0}, False),
        ({"kind": "none"}, {"vaani": 99.0}, None),
    ],
)
def test_a_goal_is_met_or_not(goal, values, expected):
    assert met(goal, values["vaani"], values) is expected


@pytest.mark.parametrize(
    "values", [{"vaani": None, "seed_pattern": 3.0}, {"vaani": 1.0, "seed_pattern": None}, {"vaani": 1.0}]
)
def test_a_figure_that_is_missing_has_missed_its_goal(values):
    goal = {"kind": "ratio_to", "against": "seed_pattern", "value": 0.42}
    assert met(goal, values["vaani"], values) is False


def events(**times):
    names = {
        "ended": ("stt", "speech_ended"),
        "final": ("stt", "transcript"),
        "asked": ("llm", "asked"),
        "answered": ("llm", "answered"),
        "spoken": ("tts", "speak"),
        "sound": ("tts", "first_audio"),
    }
    seen = [{"provider": names[key][0], "kind": names[key][1], "at": at} for key, at in times.items()]
    return [event | {"audio_seconds": 4.0, "heard_seconds": 4.2} for event in seen]


TURN = {"ended": 10.22, "final": 10.47, "asked": 10.48, "answered": 10.95, "spoken": 10.84, "sound": 11.04}


def stages(seen, heard_at, decided=None):
    at = marks_of_turn(seen, last_voiced_at=10.0, heard_at=heard_at)
    return at and stages_of_turn(at, first_token_seconds=0.3, decided_after_seconds=decided)


@pytest.mark.parametrize("decided", [None, 0.5, 1.1, 9.0])
def test_the_stages_of_a_turn_add_up_to_what_the_caller_waited(decided):
    found = stages(events(**TURN), 11.15, decided)
    assert tuple(found) == STAGES
    assert sum(found.values()) == pytest.approx(1.15)
    assert min(found.values()) >= -1e-9


def test_the_last_word_came_when_its_sample_did_however_long_the_piece_in_which_the_recogniser_was_sure():
    """Pins 0.02 s of network that were the wait for a piece of sound to fill: a stage of the recogniser."""
    seen = [event | {"heard_seconds": 4.23} for event in events(**TURN | {"ended": 10.25})]
    at = marks_of_turn(seen, last_voiced_at=10.0, heard_at=11.15)
    assert at.last_sound == pytest.approx(10.02)


def test_sound_that_is_ready_and_held_back_is_the_decision():
    found = stages(events(**TURN), 11.15, decided=1.09)
    assert found["end_of_turn_decision"] == pytest.approx(0.01 + 0.05)
    assert found["network_out"] == pytest.approx(0.06)


def test_text_that_is_ready_and_not_spoken_is_the_decision():
    """A contender that speculates with the model only says nothing of its decision: its voice is asked late."""
    found = stages(events(**{**TURN, "spoken": 12.5, "sound": 12.7}), 12.8)
    assert found["end_of_turn_decision"] == pytest.approx(0.01 + 1.55)
    assert found["first_clause"] == pytest.approx(0.17)


def test_a_reply_thrown_away_in_the_pause_is_not_the_one_that_was_heard():
    wasted = events(ended=8.9, final=9.1, asked=9.11, answered=9.6, spoken=9.5, sound=9.7)
    found = stages([*wasted, *events(**TURN)], 11.15)
    assert sum(found.values()) == pytest.approx(1.15)
    assert found["network_in"] == pytest.approx(0.02)


def test_events_that_tell_no_plain_turn_give_no_stages():
    assert stages(events(ended=10.22, final=10.47), 11.15) is None
