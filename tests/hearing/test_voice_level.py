"""How loud the caller is, and what is far below that."""

import numpy as np
import pytest
from livekit import rtc

from worker.hearing.voice_level import VoiceLevel, level_of

RATE = 16000


def sound(rms, seconds=0.5, channels=1):
    """Frames of 10 ms of a tone."""
    moments = np.arange(int(RATE * seconds))
    samples = (rms * np.sqrt(2) * np.sin(moments * 2 * np.pi * 200 / RATE)).astype(np.int16)
    for begin in range(0, len(samples), RATE // 50):
        piece = np.repeat(samples[begin : begin + RATE // 50], channels)
        yield rtc.AudioFrame(piece.tobytes(), RATE, channels, len(piece) // channels)


def test_the_level_is_that_of_the_loudest_part():
    soft_then_loud = [*sound(100, 2.0), *sound(2000, 0.4)]
    assert level_of(soft_then_loud) == pytest.approx(2000, rel=0.1)
    assert level_of([]) == 0.0
    assert level_of(sound(1500, channels=2)) == pytest.approx(1500, rel=0.1)


def test_nothing_is_noise_while_nobody_has_been_understood():
    assert not VoiceLevel().is_noise(sound(20))


@pytest.mark.parametrize(("rms", "noise"), [(2000, False), (1000, False), (400, True), (50, True)])
def test_what_is_far_below_the_caller_is_noise(rms, noise):
    level = VoiceLevel()
    level.learn(sound(2000))
    assert level.is_noise(sound(rms)) is noise


def test_a_caller_who_goes_away_from_the_microphone_is_followed():
    level = VoiceLevel()
    level.learn(sound(4000))
    assert level.is_noise(sound(800))
    for _ in range(6):
        level.learn(sound(1500))
    assert not level.is_noise(sound(800))


def test_silence_teaches_nothing():
    level = VoiceLevel()
    level.learn(sound(2000))
    level.learn([])
    assert not level.is_noise(sound(1900))
