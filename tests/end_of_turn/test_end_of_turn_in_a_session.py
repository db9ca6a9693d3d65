"""The detector inside the framework: when it is called, what it delays, and that going on cancels it."""

import pytest
from scripted_session import FINAL_AFTER_VOICE_SECONDS, VAD_ONSET_SECONDS, Segment, play_call

from worker.end_of_turn import DEFAULT_POLICY
from worker.end_of_turn.detector import EvidenceTurnDetector

CLOSE = 0.05


def detector(now):
    return EvidenceTurnDetector(now=now)


def test_a_finished_question_is_committed_after_the_finished_wait():
    [(at, text)] = play_call(detector, [Segment(0.5, 2.0, "where is my order")]).commits
    assert text == "where is my order"
    assert at - 2.0 == pytest.approx(DEFAULT_POLICY.finished_seconds, abs=CLOSE)


def test_unfinished_words_wait_long_and_going_on_cancels_the_wait():
    call = play_call(
        detector,
        [Segment(0.5, 2.0, "my number is"), Segment(3.4, 6.0, "nine eight four five zero one two three four five")],
    )
    [(at, text)] = call.commits
    assert text == "my number is nine eight four five zero one two three four five"
    assert at - 6.0 == pytest.approx(DEFAULT_POLICY.finished_seconds, abs=CLOSE)


@pytest.mark.parametrize("ms_apart", range(-4, 5))
def test_going_on_cancels_the_wait_when_both_detectors_hear_it_in_one_moment(ms_apart):
    """Trap: `asyncio.wait_for` of Python 3.11 swallows a cancellation in the moment of what it waits for. The wait went
    on unseen, and cut callers off in the middle of a phone number."""
    told = []
    call = play_call(
        lambda now: EvidenceTurnDetector(now=now, decided=told.append),
        [
            Segment(0.5, 2.0, "my number is nine eight four five zero"),
            Segment(2.7, 5.5, "one two three four five", announced_after_seconds=VAD_ONSET_SECONDS + ms_apart / 1000),
        ],
    )
    assert [text for _, text in call.commits] == ["my number is nine eight four five zero one two three four five"]
    assert len(told) == 1


def test_unfinished_words_are_committed_in_the_end():
    [(at, _)] = play_call(detector, [Segment(0.5, 2.0, "my number is")]).commits
    assert at - 2.0 == pytest.approx(DEFAULT_POLICY.unfinished_seconds, abs=CLOSE)


def test_speculation_begins_at_the_final_and_not_at_the_decision():
    call = play_call(detector, [Segment(0.5, 2.0, "account balance")])
    assert call.speculations[0][0] - 2.0 == pytest.approx(FINAL_AFTER_VOICE_SECONDS, abs=CLOSE)
    assert call.commits[0][0] - 2.0 == pytest.approx(DEFAULT_POLICY.unclear_seconds, abs=CLOSE)


@pytest.mark.parametrize(("final_after", "ready_after"), [(0.2, 0.15), (0.2, 0.5), (0.45, 0.2)])
def test_a_reply_that_is_ready_before_the_wait_is_over_is_not_held_back(final_after, ready_after):
    call = play_call(
        detector,
        [Segment(0.5, 2.0, "where is my order", final_after_seconds=final_after)],
        ready_after_seconds=[ready_after],
    )
    ready_at = max(DEFAULT_POLICY.ready_seconds, final_after + ready_after)
    assert call.commits[0][0] - 2.0 == pytest.approx(ready_at, abs=CLOSE)


@pytest.mark.parametrize(
    ("goes_on", "wait"),
    [("from last week", DEFAULT_POLICY.unclear_seconds), ("it is for my", DEFAULT_POLICY.unfinished_seconds)],
)
def test_a_reply_to_fewer_words_hurries_nobody(goes_on, wait):
    call = play_call(
        detector,
        [
            Segment(0.5, 2.0, "where is my order", final_after_seconds=0.2),
            Segment(2.45, 3.5, goes_on, final_after_seconds=0.2),
        ],
        ready_after_seconds=[0.1, 9.0],
    )
    [(at, text)] = call.commits
    assert text == f"where is my order {goes_on}"
    assert at - 3.5 == pytest.approx(wait, abs=CLOSE)


def test_the_end_of_a_second_stretch_does_not_commit_the_first_alone():
    """Trap: at the voice detector's end of speech the framework asks again with the *old* text; the new words follow
    0.2 s later and would have become a turn of their own."""
    call = play_call(
        detector, [Segment(0.5, 2.0, "where is my order"), Segment(2.6, 3.5, "from last week", final_after_seconds=1.2)]
    )
    [(_, text)] = call.commits
    assert text == "where is my order from last week"


def test_a_final_that_arrives_while_the_caller_has_gone_on_is_not_the_end():
    """The second stretch begins before the first one's transcript is there."""
    call = play_call(detector, [Segment(0.5, 2.0, "where is my order"), Segment(2.3, 3.5, "the one from Pune")])
    [(at, text)] = call.commits
    assert text == "where is my order the one from Pune"
    assert at > 3.5


def test_a_late_final_is_judged_again_and_committed_at_once_when_its_wait_is_over():
    [(at, text)] = play_call(detector, [Segment(0.5, 2.0, "where is my order", final_after_seconds=2.4)]).commits
    assert text == "where is my order"
    assert at - 4.4 == pytest.approx(0.0, abs=CLOSE)


def test_a_noise_that_the_recogniser_never_writes_does_not_hold_the_turn_for_ever():
    call = play_call(
        detector,
        [Segment(0.5, 2.0, "where is my order"), Segment(2.6, 2.8, None, final_after_seconds=1.0)],
    )
    [(at, _)] = call.commits
    assert at <= 2.8 + DEFAULT_POLICY.late_final_seconds + CLOSE


@pytest.mark.parametrize("turn_seconds", [0.4, 1.5])
def test_a_noise_that_was_announced_and_never_ended_does_not_slow_down_later_turns(turn_seconds):
    """Trap: livekit-plugins-sarvam forgets the end of a stretch without words when the next one begins within 3 s; with
    a plain count one horn on the street made every later turn of the call 0.5 s slower."""
    turns = [Segment(at, at + turn_seconds, "where is my order") for at in (2.0, 6.0)]
    call = play_call(detector, [Segment(0.5, 0.6, None, only_announced=True), *turns], until=10.0)
    waits = [at - turn.ends for (at, _), turn in zip(call.commits, turns, strict=True)]
    assert waits[1] == pytest.approx(DEFAULT_POLICY.finished_seconds, abs=CLOSE)
    assert waits[0] < DEFAULT_POLICY.late_final_seconds


def test_two_turns_in_a_row_are_each_judged_by_their_own_words():
    call = play_call(detector, [Segment(0.5, 1.0, "yes"), Segment(3.0, 3.5, "no thank you")], until=7.0)
    assert [text for _, text in call.commits] == ["yes", "no thank you"]


def test_without_the_callers_audio_and_events_the_wait_is_counted_from_the_frameworks_pause():
    [(at, _)] = play_call(detector, [Segment(0.5, 2.0, "account balance")], observed=False).commits
    asked_at = 2.0 + FINAL_AFTER_VOICE_SECONDS
    assert at - asked_at == pytest.approx(DEFAULT_POLICY.unclear_seconds - 0.25, abs=CLOSE)


def test_failing_evidence_waits_the_documented_time(monkeypatch):
    def broken(*_):
        raise ValueError("a list is missing")

    monkeypatch.setattr("worker.end_of_turn.detector.how_long_to_wait", broken)
    [(at, _)] = play_call(detector, [Segment(0.5, 2.0, "where is my order")]).commits
    assert at - 2.0 == pytest.approx(DEFAULT_POLICY.unclear_seconds, abs=CLOSE)


def test_each_decision_is_told_with_its_reason_and_without_the_transcript():
    told = []
    play_call(lambda now: EvidenceTurnDetector(now=now, decided=told.append), [Segment(0.5, 2.0, "where is my order")])
    [decision] = told
    assert "a whole English clause" in decision.wait.reason
    assert decision.since_voice_seconds == pytest.approx(DEFAULT_POLICY.finished_seconds, abs=CLOSE)
    assert "order" not in repr(decision)


@pytest.mark.parametrize("begins_at", [0.0, 1.9, 2.1])
def test_noise_on_the_line_moves_the_decision_by_a_fifth_of_a_second_at_most(begins_at):
    """Loudness alone takes new noise for voice for seconds; the framework's voice detector bounds it."""
    call = play_call(
        detector,
        [Segment(0.5, 2.0, "where is my order")],
        noise_rms=lambda at: 900.0 if at >= begins_at else 0.0,
    )
    [(at, _)] = call.commits
    # 0.15 s more: voice that may just have begun is given time to be confirmed.
    assert -0.2 <= at - 2.0 - DEFAULT_POLICY.finished_seconds <= 0.2 + 0.15 + CLOSE


def test_hanging_up_while_the_detector_waits_does_not_keep_the_session_open():
    """Trap: on closing, the framework waits for the task that decides the turn instead of cancelling it."""
    call = play_call(detector, [Segment(0.5, 2.0, "my number is")], until=2.6)
    assert call.closing_seconds < 0.75
