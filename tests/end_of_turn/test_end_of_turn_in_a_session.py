"""The detector inside the framework: when it is called, what it delays, and that going on cancels it."""

import pytest
from scripted_session import Segment, play_call
from worker.end_of_turn import DEFAULT_POLICY
from worker.providers.end_of_turn_detector import EvidenceTurnDetector

CLOSE = 0.05


def detector(now):
    return EvidenceTurnDetector(now=now)


def test_a_finished_question_is_committed_after_the_finished_wait():
    call = play_call(detector, [Segment(0.5, 2.0, "where is my order")])
    [(at, text)] = call.commits
    assert text == "where is my order"
    assert at - 2.0 == pytest.approx(DEFAULT_POLICY.finished_seconds, abs=CLOSE)
