"""Tells when the caller was last heard, from loudness alone, cheaply enough for every frame of every call.

The framework's own voice detector says so only after its silence window and through private state; the wait is
counted from the last voiced sample. Cost: docs/end-of-turn.md.
"""

from collections import deque
from typing import Final

import numpy as np
import numpy.typing as npt

WINDOW_SECONDS: Final = 0.010
QUIETEST_VOICE_RMS: Final = 150.0  # of 16-bit samples; quieter is line noise
VOICE_OVER_NOISE: Final = 2.5
_NOISE_MEMORY_BLOCKS: Final = 30  # of 100 ms: speech dips to the line's noise more often than every 3 s
_WINDOWS_PER_BLOCK: Final = 10
_LOUDEST_NOISE_RMS: Final = 1500.0  # above this even steady sound is taken for voice

Samples = npt.NDArray[np.int16]


def loudness(samples: Samples, window: int) -> list[float]:
    """The RMS of each whole window of so many samples."""
    count = len(samples) // window
    blocks = samples[: count * window].reshape(count, window).astype(np.float32)
    levels: list[float] = np.sqrt(np.mean(blocks * blocks, axis=1)).tolist()
    return levels


class VoiceClock:
    """Keeps the time of the last voiced 10 ms window, judged against a noise floor that follows the line.

    Times are whatever clock the caller passes as `now`, in seconds; they must not run backwards.
    """

    def __init__(self, *, quietest_voice_rms: float = QUIETEST_VOICE_RMS) -> None:
        self._quietest_voice_rms = quietest_voice_rms
        self._noise_rms = 0.0
        self._lowest_rms: deque[float] = deque(maxlen=_NOISE_MEMORY_BLOCKS)
        self._block_lowest_rms, self._block_windows = _LOUDEST_NOISE_RMS, 0
        self.last_voiced_at: float | None = None
        self.voiced_seconds = 0.0  # since the beginning; differences say how much was voiced in between

    def hear(self, samples: Samples, sample_rate_hz: int, now: float) -> None:
        """Take one frame of mono audio whose last sample was spoken at `now`."""
        window = max(1, int(sample_rate_hz * WINDOW_SECONDS))
        frame_began_at = now - len(samples) / sample_rate_hz
        for place, rms in enumerate(loudness(samples, window)):
            if self._is_voice(rms):
                self.last_voiced_at = frame_began_at + (place + 1) * window / sample_rate_hz
                self.voiced_seconds += WINDOW_SECONDS

    def _is_voice(self, rms: float) -> bool:
        self._block_lowest_rms = min(self._block_lowest_rms, rms)
        self._block_windows += 1
        if self._block_windows == _WINDOWS_PER_BLOCK:
            self._lowest_rms.append(self._block_lowest_rms)
            self._block_lowest_rms, self._block_windows = _LOUDEST_NOISE_RMS, 0
            self._noise_rms = min(self._lowest_rms)
        return rms > max(self._quietest_voice_rms, self._noise_rms * VOICE_OVER_NOISE)
