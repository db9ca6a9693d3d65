"""Tells how long a reply's sound is silent before it is heard: voices and codecs begin with hundredths of a second."""

from __future__ import annotations

import numpy as np
from livekit import rtc

from worker.end_of_turn.voice_clock import WINDOW_SECONDS, loudness

AUDIBLE_RMS = 200.0
"""Of 16-bit samples: quieter is not heard."""


class FirstSound:
    """Listens to the beginning of each reply, up to its first audible 10 ms."""

    def __init__(self) -> None:
        self._reply: object = None
        self._silent_seconds = 0.0
        self._heard = False

    def hear(self, frame: rtc.AudioFrame, reply: object) -> None:
        """Take one frame of what is being made of a reply; a reply that is another object is another reply."""
        if reply is not self._reply:
            self._reply, self._silent_seconds, self._heard = reply, 0.0, False
        if self._heard:
            return
        samples = np.frombuffer(frame.data, dtype=np.int16)[:: frame.num_channels]
        for rms in loudness(samples, max(1, int(frame.sample_rate * WINDOW_SECONDS))):
            if rms > AUDIBLE_RMS:
                self._heard = True
                return
            self._silent_seconds += WINDOW_SECONDS

    def take(self) -> float:
        """Return how long the newest reply began with silence; 0 where it was ready sound, or none."""
        seconds = self._silent_seconds if self._heard else 0.0
        self._reply, self._silent_seconds, self._heard = None, 0.0, False
        return seconds
