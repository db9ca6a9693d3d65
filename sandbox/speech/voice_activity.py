"""Find where speech starts and ends in a stream of samples, on the audio's own clock.

Energy over 10 ms frames, not a model: the benchmarks' floor rests on this clock, and it must be explainable.
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

FRAME_SECONDS = 0.01
VOICED_RMS = 200.0
# Noise is what the quietest 30 ms of the last 2.5 s sound like, provided that enough of those 2.5 s sound alike:
# speech without noise has quiet moments too, but few and all different, and must be judged by VOICED_RMS alone.
NOISE_WINDOW_FRAMES = 250
NOISE_SMOOTHING_FRAMES = 3
NOISE_SHARE = 0.12
NOISE_ALIKE = (0.7, 1.4)
OVER_NOISE = 2.0
LEARNING_FRAMES = 20
MIN_VOICED_FRAMES = 10
# A run of speech may dip below the threshold for this long before a turn is open (a stop consonant does).
MAX_DIP_FRAMES = 6


@dataclass(frozen=True)
class Change:
    """Speech started or ended. `voiced_at` is the first or the last voiced moment, in seconds of audio."""

    kind: Literal["start", "end"]
    voiced_at: float
    noticed_at: float


class VoiceActivity:
    """Fed with samples of any length, tells the changes in them."""

    def __init__(self, sample_rate: int) -> None:
        self._frame_samples = int(sample_rate * FRAME_SECONDS)
        self._rest = np.zeros(0, dtype=np.int16)
        self._frames = 0
        self._levels: deque[float] = deque(maxlen=NOISE_WINDOW_FRAMES)
        self._smoothed: deque[float] = deque(maxlen=NOISE_WINDOW_FRAMES)
        self._run_started: int | None = None
        self._run_voiced = 0
        self._last_voiced = 0
        self.speaking = False

    @property
    def clock_seconds(self) -> float:
        """How much audio has been judged."""
        return self._frames * FRAME_SECONDS

    @property
    def last_voiced_seconds(self) -> float:
        """The end of the last voiced frame."""
        return self._last_voiced * FRAME_SECONDS

    def feed(self, samples: Samples, end_of_speech_seconds: float) -> list[Change]:
        pending = np.concatenate([self._rest, samples]) if len(self._rest) else samples
        count = len(pending) // self._frame_samples
        self._rest = pending[count * self._frame_samples :]
        frames = pending[: count * self._frame_samples].reshape(count, self._frame_samples)
        levels = np.sqrt(np.mean(frames.astype(np.float32) ** 2, axis=1)) if count else []
        hangover_frames = max(1.0, round(end_of_speech_seconds / FRAME_SECONDS, 0))
        changes = [self._judge(float(level), hangover_frames) for level in levels]
        return [change for change in changes if change is not None]

    def end(self) -> Change | None:
        """Close an open run, as the client has said that nothing more will come."""
        if not self.speaking:
            self._run_started = None
            return None
        return self._close()

    def _judge(self, rms: float, hangover_frames: float) -> Change | None:
        threshold = self._threshold(rms)
        self._frames += 1
        if rms > threshold:
            self._last_voiced = self._frames
            if self._run_started is None:
                self._run_started, self._run_voiced = self._frames - 1, 0
            self._run_voiced += 1
        silent_frames = self._frames - self._last_voiced
        if self.speaking:
            return self._close() if silent_frames >= hangover_frames else None
        if self._run_started is None:
            return None
        if silent_frames > MAX_DIP_FRAMES:
            self._run_started = None  # a click, not speech
            return None
        if self._run_voiced < MIN_VOICED_FRAMES or self._frames < LEARNING_FRAMES + NOISE_SMOOTHING_FRAMES:
            return None
        if not self._still_voiced(threshold):
            self._run_started = None  # it began before the noise was known
            return None
        self.speaking = True
        return Change("start", self._run_started * FRAME_SECONDS, self.clock_seconds)

    def _still_voiced(self, threshold: float) -> bool:
        length = self._frames - (self._run_started or 0)
        recent = list(self._levels)[-length:]
        return sum(level > threshold for level in recent) >= MIN_VOICED_FRAMES

    def _threshold(self, rms: float) -> float:
        self._levels.append(rms)
        if len(self._levels) >= NOISE_SMOOTHING_FRAMES:
            latest = [self._levels[-back] for back in range(1, NOISE_SMOOTHING_FRAMES + 1)]
            self._smoothed.append(sum(latest) / NOISE_SMOOTHING_FRAMES)
        if len(self._smoothed) < LEARNING_FRAMES:
            return VOICED_RMS
        floor = min(self._smoothed)
        if OVER_NOISE * floor <= VOICED_RMS:
            return VOICED_RMS
        low, high = (factor * floor for factor in NOISE_ALIKE)
        alike = sum(low <= level <= high for level in self._levels)
        return OVER_NOISE * floor if alike >= NOISE_SHARE * len(self._levels) else VOICED_RMS

    def _close(self) -> Change:
        self.speaking = False
        self._run_started = None
        return Change("end", self.last_voiced_seconds, self.clock_seconds)
