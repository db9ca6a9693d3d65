"""Learns how loud this caller speaks, so that the street around them is not taken for them.

A voice detector hears voices in traffic; no words come of it, and a caller who has said nothing would be told that they
were not understood. The caller's own turns say how loud they are: what stays far below that is not the caller.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from livekit import rtc

from worker.end_of_turn.voice_clock import loudness

WINDOW_SECONDS = 0.02
LOUDEST_SECONDS = 0.3  # a short word fills it; a click does not
NOISE_SHARE = 0.35  # of the usual level: 9 dB below
_LEARNING_SHARE = 0.3


class VoiceLevel:
    """Learns one caller's usual level: the RMS of 16-bit samples over the loudest 0.3 s."""

    def __init__(self) -> None:
        self.usual = 0.0
        """0 while nothing is known."""

    def learn(self, frames: Iterable[rtc.AudioFrame]) -> None:
        """Learn from frames that held words of the caller."""
        level = level_of(frames)
        if level:
            self.usual = level if not self.usual else self.usual + _LEARNING_SHARE * (level - self.usual)

    def is_noise(self, frames: Iterable[rtc.AudioFrame]) -> bool:
        """Return whether these frames are too soft to be the caller; False while nothing is known of them."""
        return self.usual > 0 and level_of(frames) < NOISE_SHARE * self.usual


def level_of(frames: Iterable[rtc.AudioFrame]) -> float:
    """Return the level of some audio; 0 for none."""
    levels: list[float] = []
    for frame in frames:
        samples = np.frombuffer(frame.data, np.int16)[:: frame.num_channels]
        levels.extend(loudness(samples, max(1, int(frame.sample_rate * WINDOW_SECONDS))))
    loudest = sorted(levels)[-round(LOUDEST_SECONDS / WINDOW_SECONDS) :]
    return float(np.mean(loudest)) if loudest else 0.0
