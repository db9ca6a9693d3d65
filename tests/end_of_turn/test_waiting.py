"""Words and the recogniser's state combined into seconds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.end_of_turn import DEFAULT_POLICY, Evidence, WaitPolicy, how_long_to_wait


def seconds(text, **evidence):
    return how_long_to_wait(Evidence(text, "en-IN", **evidence)).seconds


def test_the_less_finished_the_longer():
    assert seconds("where is my order") < seconds("account balance") < seconds("my number is")


def test_a_reply_takes_longer_to_make_than_a_finished_turn_waits():
    """End of speech 0.20 s, final 0.25, first token 0.30, first byte 0.20: until then the wait costs nothing."""
    assert DEFAULT_POLICY.unclear_seconds <= 0.95


def test_every_wait_gives_its_reason():
    assert how_long_to_wait(Evidence("my number is", "en-IN")).reason.startswith("announced value missing")


def test_unwritten_speech_waits_for_its_transcript():
    assert seconds("where is my order", transcript_pending=True) == DEFAULT_POLICY.late_final_seconds


@given(st.text(), st.booleans())
def test_the_wait_is_always_a_length_of_time_with_an_end(text, pending):
    wait = how_long_to_wait(Evidence(text, None, pending))
    assert 0 <= wait.seconds <= DEFAULT_POLICY.most_seconds


def test_a_policy_that_hurries_unfinished_words_is_refused():
    with pytest.raises(ValueError, match="finished_seconds"):
        WaitPolicy(finished_seconds=1.0, unclear_seconds=0.5)


@pytest.mark.parametrize(
    ("sounds_over", "waits"),
    [
        (None, DEFAULT_POLICY.ready_seconds),
        (0.99, min(DEFAULT_POLICY.ready_seconds, DEFAULT_POLICY.sure_seconds)),
        (0.01, DEFAULT_POLICY.unclear_seconds),
    ],
)
def test_a_reply_that_is_ready_is_not_held_back_unless_it_sounds_as_if_they_go_on(sounds_over, waits):
    assert seconds("where is my order", reply_is_ready=True, sounds_over=sounds_over) == waits


@pytest.mark.parametrize("text", ["account balance", "my number is"])
def test_a_reply_that_is_ready_hurries_nobody_whose_words_are_not_finished(text):
    assert seconds(text, reply_is_ready=True) == seconds(text)


def test_who_pauses_inside_their_turns_is_not_hurried_by_a_reply_that_is_ready():
    ready = {"reply_is_ready": True}
    assert seconds("where is my order", longest_pause_seconds=0.6, **ready) == pytest.approx(0.7)
    assert seconds("where is my order", longest_pause_seconds=2.0, **ready) == DEFAULT_POLICY.finished_seconds
    assert seconds("where is my order", longest_pause_seconds=0.2, **ready) == DEFAULT_POLICY.ready_seconds


def test_a_wait_that_is_set_below_it_is_not_lengthened_by_a_reply_that_is_ready():
    policy = WaitPolicy(sure_seconds=0.3, finished_seconds=0.3)
    assert how_long_to_wait(Evidence("where is my order", "en-IN", reply_is_ready=True), policy).seconds == 0.3
