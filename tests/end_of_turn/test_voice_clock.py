"""When the caller was last heard, with noise on the line."""

import numpy as np
import pytest

from worker.end_of_turn.voice_clock import VoiceClock

RATE_HZ = 16000


def play(clock, parts, frame_seconds=0.05, noise=0.0, seed=7):
    """Each part is (seconds, rms). Returns the time at the end."""
    rng = np.random.default_rng(seed)
    samples = np.concatenate([rng.normal(0, max(rms, 1), int(length * RATE_HZ)) for length, rms in parts])
    samples = (samples + rng.normal(0, 1, len(samples)) * noise).clip(-32768, 32767).astype(np.int16)
    size = int(frame_seconds * RATE_HZ)
    for end in range(size, len(samples) + 1, size):
        clock.hear(samples[end - size : end], RATE_HZ, end / RATE_HZ)
    return len(samples) / RATE_HZ


@pytest.mark.parametrize("noise", [0, 20, 100, 300])
def test_the_last_voiced_moment_is_found_under_noise(noise):
    clock = VoiceClock()
    play(clock, [(1.0, 0), (2.0, 2500), (1.0, 0)], noise=noise)
    assert clock.last_voiced_at == pytest.approx(3.0, abs=0.03)


def test_a_silent_line_has_no_voice():
    clock = VoiceClock()
    play(clock, [(2.0, 0)], noise=30)
    assert clock.last_voiced_at is None


def test_noise_that_begins_in_the_call_stops_counting_as_voice_within_seconds():
    clock = VoiceClock()
    play(clock, [(1.0, 0), (1.0, 2500), (8.0, 400)])
    assert clock.last_voiced_at < 5.5


def test_after_the_noise_has_begun_the_voice_over_it_is_still_found():
    clock = VoiceClock()
    play(clock, [(5.0, 400), (1.0, 2500), (1.0, 400)])
    assert clock.last_voiced_at == pytest.approx(6.0, abs=0.03)


@pytest.mark.parametrize("frame_seconds", [0.01, 0.02, 0.05, 0.1])
def test_the_size_of_the_frames_changes_nothing(frame_seconds):
    clock = VoiceClock()
    play(clock, [(1.0, 0), (1.0, 2500), (1.0, 0)], frame_seconds=frame_seconds)
    assert clock.last_voiced_at == pytest.approx(2.0, abs=0.03)
    assert clock.voiced_seconds == pytest.approx(1.0, abs=0.05)


def test_a_frame_of_any_length_is_taken():
    clock = VoiceClock()
    for size in (0, 1, 79, 160, 100_000):
        clock.hear(np.zeros(size, np.int16), RATE_HZ, 1.0)
    assert clock.last_voiced_at is None
