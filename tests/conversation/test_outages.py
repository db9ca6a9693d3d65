"""A provider that is down for everyone: after one call has given up on it, the next ones do so sooner, for a while."""

import os
import time

from worker.conversation.outages import Outages
from worker.reply.retry import RetryPolicy

USUAL = RetryPolicy(late_seconds=2.5, give_up_seconds=20.0)


def test_a_call_waits_less_for_a_provider_that_another_call_gave_up_on(tmp_path):
    Outages(tmp_path, 30).note("llm")
    another = Outages(tmp_path, 30)
    assert another.retry_policy(USUAL, "llm").give_up_seconds == 8.0
    assert another.retry_policy(USUAL, "tts", "llm").give_up_seconds == 8.0
    assert another.retry_policy(USUAL, "stt") == USUAL


def test_it_is_forgotten_after_a_while(tmp_path):
    outages = Outages(tmp_path, 30)
    outages.note("llm")
    long_ago = time.time() - 31
    os.utime(tmp_path / "down-llm", (long_ago, long_ago))
    assert outages.retry_policy(USUAL, "llm") == USUAL


def test_zero_seconds_switch_it_off(tmp_path):
    outages = Outages(tmp_path, 0)
    outages.note("llm")
    assert outages.retry_policy(USUAL, "llm") == USUAL


def test_no_patience_is_too_short_to_be_told_that_it_takes_longer(tmp_path):
    outages = Outages(tmp_path, 30)
    outages.note("llm")
    assert outages.retry_policy(RetryPolicy(late_seconds=2.5, give_up_seconds=6.0), "llm").give_up_seconds == 5.0


def test_a_folder_that_cannot_be_written_disturbs_no_call(tmp_path):
    (tmp_path / "file").touch()
    outages = Outages(tmp_path / "file", 30)
    outages.note("llm")
    assert not outages.known("llm")
