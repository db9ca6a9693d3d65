"""What a telephone line does to what is said into it: the other side's voice comes back, and it hisses."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from sandbox.phone.rtp import FRAME_SAMPLES, FRAME_SECONDS, SILENCE
from sandbox.speech.voice_activity import Samples

NOISE_FRAMES = 200
MOST_WAITING_FRAMES = 4  # frames come unevenly; the echo of a line does not


@dataclass(frozen=True, slots=True)
class LineSound:
    """What a telephone line adds to what is said into it.

    Args:
        echo_db: The level of the agent's own voice as it comes back, e.g. -30; None has no echo.
        echo_delay_seconds: How much later it comes back, in steps of 20 ms.
        noise_rms: Hiss on 16-bit samples.
    """

    echo_db: float | None = None
    echo_delay_seconds: float = 0.2
    noise_rms: float = 0.0


class LineEffects:
    """The sound of one call's line: is told what was heard, and mixes into what is said."""

    def __init__(self, sound: LineSound) -> None:
        delay_frames = round(sound.echo_delay_seconds / FRAME_SECONDS)
        self._on_the_way: deque[Samples] = deque([SILENCE] * delay_frames)
        self._heard: deque[Samples] = deque(maxlen=MOST_WAITING_FRAMES)
        self._echo_gain = 0.0 if sound.echo_db is None else 10 ** (sound.echo_db / 20)
        noise = np.random.default_rng(7).normal(0.0, sound.noise_rms, (NOISE_FRAMES, FRAME_SAMPLES))
        self._noise = noise.astype(np.int16)
        self._beat = 0

    def hear(self, frame: Samples) -> None:
        """Take a frame of the other side; it comes back later."""
        if len(frame) == FRAME_SAMPLES:
            self._heard.append(frame)

    def mixed(self, said: Samples) -> Samples:
        """What is sent in the next 20 ms, when this is said in them."""
        self._on_the_way.append(self._heard.popleft() if self._heard else SILENCE)
        frame = np.pad(said, (0, FRAME_SAMPLES - len(said))).astype(np.float64)
        frame += self._on_the_way.popleft().astype(np.float64) * self._echo_gain
        frame += self._noise[self._beat % NOISE_FRAMES]
        self._beat += 1
        return np.clip(frame, -32768, 32767).astype(np.int16)
