"""How long a reply is silent before it is heard."""

import numpy as np
import pytest
from livekit import rtc

from worker.telemetry.first_sound import FirstSound
from worker.telemetry.turns import heard_later


def frame(seconds, level, rate=24_000, channels=1):
    samples = np.full(round(seconds * rate) * channels, level, dtype=np.int16)
    return rtc.AudioFrame(samples.tobytes(), rate, channels, round(seconds * rate))


@pytest.mark.parametrize("rate", [8000, 16_000, 24_000, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_silence_that_a_reply_begins_with_is_counted_over_its_frames(rate, channels):
    sound, reply = FirstSound(), object()
    for seconds, level in ((0.02, 0), (0.03, 150), (0.1, 5000), (0.5, 0)):
        sound.hear(frame(seconds, level, rate, channels), reply)
    assert sound.take() == pytest.approx(0.05, abs=0.011)


def test_each_reply_is_counted_anew_and_once():
    sound = FirstSound()
    sound.hear(frame(0.2, 0), "begun early, and thrown away")
    sound.hear(frame(0.02, 0), "spoken")
    sound.hear(frame(0.02, 5000), "spoken")
    assert sound.take() == pytest.approx(0.02)
    assert sound.take() == 0.0, "a phrase that was ready has no voice to wait for"


def test_a_reply_that_is_never_heard_counts_nothing():
    sound = FirstSound()
    sound.hear(frame(3.0, 0), "silent")
    assert sound.take() == 0.0


def test_a_turn_ends_where_its_reply_is_heard():
    assert heard_later({"started_speaking_at": 10.0, "llm_node_ttft": 0.3}, 0.05) == {
        "started_speaking_at": 10.05, "llm_node_ttft": 0.3,
    }  # fmt: skip
    assert heard_later({}, 0.05) == {}
