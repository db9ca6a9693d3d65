"""Sound from the caller's rate to the telephone's and back, within a millisecond.

A resampler of a library looks ahead for 30 ms each way, which a telephone does not: a call's figures would tell of it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sandbox.caller.audio import SAMPLE_RATE
from sandbox.phone.g711 import SAMPLE_RATE as PHONE_SAMPLE_RATE
from sandbox.speech.voice_activity import Samples

RATIO = SAMPLE_RATE // PHONE_SAMPLE_RATE
TAPS = 49  # 24 samples look ahead: 1 ms
CUT_OFF_HZ = 3_600


def _low_pass() -> npt.NDArray[np.float64]:
    """A windowed sinc that lets through what a telephone does."""
    places = np.arange(TAPS) - TAPS // 2
    taps = np.sinc(2 * CUT_OFF_HZ / SAMPLE_RATE * places) * np.hamming(TAPS)
    return np.asarray(taps / taps.sum())


_LOW_PASS = _low_pass()


class _Filter:
    """A low-pass over a stream: each piece goes on where the last one ended."""

    def __init__(self) -> None:
        self._past = np.zeros(TAPS - 1)

    def __call__(self, samples: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        joined = np.concatenate((self._past, samples))
        self._past = joined[-(TAPS - 1) :]
        return np.convolve(joined, _LOW_PASS, "valid")


class ToPhone:
    """24 kHz to 8 kHz; pieces must be multiples of three samples."""

    def __init__(self) -> None:
        self._filter = _Filter()

    def __call__(self, samples: Samples) -> Samples:
        return _rounded(self._filter(samples.astype(np.float64))[::RATIO])


class FromPhone:
    """8 kHz to 24 kHz."""

    def __init__(self) -> None:
        self._filter = _Filter()

    def __call__(self, samples: Samples) -> Samples:
        spread = np.zeros(len(samples) * RATIO)
        spread[::RATIO] = samples.astype(np.float64) * RATIO
        return _rounded(self._filter(spread))


def _rounded(samples: npt.NDArray[np.float64]) -> Samples:
    return np.clip(np.round(samples), -32768, 32767).astype(np.int16)
