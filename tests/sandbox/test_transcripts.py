"""Which words of a scripted utterance are released at each pause."""

from unittest.mock import AsyncMock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.control.scopes import Scopes
from sandbox.sarvam.listening import Listening
from sandbox.speech.transcripts import BadTranscript, parse_entry
from tests.sandbox.conftest import HZ, joined, silence, tone


def entry(**fields):
    return parse_entry({"text": "one two three four", "language": "en-IN", **fields})


def test_without_times_the_whole_text_goes_at_the_first_end_of_speech():
    whole = entry()
    assert whole.release(0.1) == "one two three four"
    assert whole.used_up


def test_word_times_hold_back_what_has_not_been_said():
    words = [{"text": text, "end_seconds": end} for text, end in [("one", 0.4), ("two", 0.8), ("three", 2.0)]]
    timed = entry(words=words)
    assert timed.release(1.0) == "one two"
    assert not timed.used_up
    assert timed.release(2.1) == "three"
    assert timed.used_up


def test_a_word_ending_within_a_tenth_of_a_second_counts_as_said():
    words = [{"text": "one", "end_seconds": 1.0}, {"text": "two", "end_seconds": 5.0}]
    assert entry(words=words).release(0.9) == "one"
    assert entry(words=words).release(0.89) == ""


def test_with_only_a_duration_words_are_spread_by_their_characters():
    spread = parse_entry({"text": "aaaa bb cccc", "language": "en-IN", "duration_seconds": 10})
    assert spread.release(4.0) == "aaaa"
    assert spread.release(6.0) == "bb"


def test_when_the_utterance_is_over_in_time_all_that_is_left_goes_out():
    words = [{"text": "one", "end_seconds": 0.5}, {"text": "two", "end_seconds": 3.0}]
    timed = entry(words=words, duration_seconds=2.0)
    assert timed.release(1.0) == "one"
    assert timed.release(1.85) == "two"


@given(st.lists(st.floats(0, 12), max_size=6))
def test_every_word_goes_out_once_and_in_order(pauses):
    timed = entry(duration_seconds=10)
    said = [timed.release(at) for at in sorted(pauses)] + [timed.release(10)]
    assert " ".join(filter(None, said)) == "one two three four"


def test_what_was_not_delivered_is_said_again_in_the_next_connection():
    timed = entry(duration_seconds=8)
    first = timed.release(3)
    timed.delivered = timed.released
    timed.release(8)  # on its way when the socket broke
    left = timed.rebased()
    assert first
    assert f"{first} {left.release(9)}" == "one two three four"


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("hello", "must be an object"),
        ({"language": "en-IN"}, "text must be a string"),
        ({"text": "a"}, "language must be a code"),
        ({"text": "a", "language": "en-IN", "probabilty": 1}, "'probabilty' is unknown"),
        ({"text": "a", "language": "en-IN", "probability": "high"}, "probability must be a number"),
        ({"text": "a", "language": "en-IN", "duration_seconds": 0}, "above 0"),
        ({"text": "a", "language": "en-IN", "words": [{"text": "a"}]}, "needs 'end_seconds'"),
        ({"text": "a", "language": "en-IN", "words": "a"}, "must be a list"),
    ],
)
def test_a_bad_entry_is_refused_with_the_reason(raw, told):
    with pytest.raises(BadTranscript, match=told):
        parse_entry(raw)


@pytest.mark.parametrize("is_reset", [False, True])
async def test_words_that_a_connection_took_go_back_to_the_queue_unless_the_scope_was_reset(is_reset):
    """Pins a caller who was heard to say what the caller before them had said."""
    scopes = Scopes()
    scope = scopes.get_or_create("test")
    scope.queue.append(entry())
    connection = Listening(scope, AsyncMock(), HZ, None)
    await connection.feed(joined(silence(0.3), tone(0.5)))
    assert not scope.queue
    if is_reset:
        scopes.reset("test")
    connection.close()
    assert len(scope.queue) == (0 if is_reset else 1)
