"""The waits of the end of turn come from the settings."""

from __future__ import annotations

import pytest

from worker.checks import setting_problems
from worker.end_of_turn import DEFAULT_POLICY, WaitPolicy
from worker.end_of_turn.wait_policy import STREAMING_POLICY, wait_policy
from worker.environment import load_settings

KEYS = {
    "LIVEKIT_URL": "ws://127.0.0.1:7880",
    "LIVEKIT_API_KEY": "key",
    "LIVEKIT_API_SECRET": "s" * 32,
    "SARVAM_API_KEY": "sarvam",
    "OPENAI_API_KEY": "openai",
}


def waits(**given: str) -> WaitPolicy:
    settings = load_settings(KEYS | given)
    return wait_policy(settings.turns, settings.stt)


def test_a_recogniser_that_writes_while_the_caller_speaks_is_waited_for_less():
    assert waits() == DEFAULT_POLICY
    streaming = waits(STT_MODEL="saaras:v3-realtime")
    assert streaming == STREAMING_POLICY
    assert streaming.finished_seconds < DEFAULT_POLICY.finished_seconds


def test_each_wait_can_be_set():
    settings = load_settings({**KEYS, "WORKER_TURN_FINISHED_SECONDS": "0.5", "WORKER_TURN_UNFINISHED_SECONDS": "2"})
    policy = wait_policy(settings.turns, settings.stt)
    assert (policy.finished_seconds, policy.unclear_seconds, policy.unfinished_seconds) == (0.5, 0.95, 2.0)
    assert setting_problems(settings) == []


def test_what_sounds_ended_follows_a_wait_that_was_set_below_it():
    assert waits(WORKER_TURN_FINISHED_SECONDS="0.4").sure_seconds == 0.4
    assert waits(WORKER_TURN_SURE_SECONDS="0.25").sure_seconds == 0.25


@pytest.mark.parametrize(
    "given",
    [
        {"WORKER_TURN_SURE_SECONDS": "0.9"},
        {"WORKER_TURN_FINISHED_SECONDS": "1.0"},
        {"WORKER_TURN_UNFINISHED_SECONDS": "2.6"},
    ],
    ids=str,
)
def test_waits_that_contradict_one_another_are_refused_at_the_start_and_named(given):
    [problem] = setting_problems(load_settings({**KEYS, **given}))
    assert next(iter(given)) in problem


def test_a_reply_that_is_ready_is_held_back_as_long_as_is_set():
    assert waits().ready_seconds == DEFAULT_POLICY.ready_seconds
    assert waits(WORKER_TURN_READY_SECONDS="0.25").ready_seconds == 0.25
