"""Measures a window of sound: how loud it is, whether it has a pitch, and where in the telephone's band it is strong.

Only what a telephone carries is looked at, so that a caller is judged alike on a page and on a phone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE_HZ: Final = 16_000
WINDOW_SAMPLES: Final = 512
"""What the voice detector judges at once: 32 ms."""
WINDOW_SECONDS: Final = WINDOW_SAMPLES / RATE_HZ

_FFT: Final = 1280  # two windows, and the lag of the lowest pitch
_TAPER: Final = np.hanning(2 * WINDOW_SAMPLES).astype(np.float32)
_LAGS: Final = slice(RATE_HZ // 400, RATE_HZ // 70)  # of a voice's pitch, in Hz


def _between(low_hz: int, high_hz: int) -> slice:
    return slice(low_hz * _FFT // RATE_HZ, high_hz * _FFT // RATE_HZ)


_LOW: Final = _between(300, 1000)
_HIGH: Final = _between(1000, 3300)
_BAND: Final = _between(300, 3300)
BANDS: Final = tuple(_between(low, high) for low, high in pairwise((300, 500, 800, 1200, 1800, 2500, 3300)))

Samples = NDArray[np.int16]


def _power(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    spectrum = np.fft.rfft(sound, _FFT)
    return np.asarray(spectrum.real**2 + spectrum.imag**2, dtype=np.float32)


def _autocorrelation(power: NDArray[np.float32]) -> NDArray[np.float64]:
    """How alike a sound is to itself one pitch period later, for every pitch of a voice."""
    alike = np.fft.irfft(power)
    return np.asarray(alike[_LAGS] / alike[0], dtype=np.float64)


# The windowed sound's own decay with the lag: what is periodic is measured against it.
_DECAY: Final = _autocorrelation(_power(_TAPER))


@dataclass(frozen=True, slots=True)
class Traits:
    """Describes one window of sound."""

    level_db: float
    """RMS of 16-bit samples."""
    periodicity: float
    """Up to 1 for a sound with a steady pitch between 70 and 400 Hz, near 0 for noise."""
    tilt_db: float
    """How much stronger it is from 0.3 to 1 kHz than from there to 3.3."""
    flatness: float
    """Decimal logarithm of the spectral flatness: 0 for white noise, below -2 for a few harmonics."""
    bands_db: tuple[float, ...]
    """How strong each of BANDS is against all of them."""


def level_db(samples: Samples) -> float:
    """Return how loud some sound is."""
    loud = samples.astype(np.float32)
    return 10 * math.log10(float(loud @ loud) / len(loud) + 1.0)


def traits_of(before: Samples, window: Samples) -> Traits:
    """Measure a window, together with the one before it: one alone is too short for a low pitch."""
    both = np.concatenate((before, window)).astype(np.float32)
    both = (both - both.mean()) * _TAPER
    power = _power(both) + 1.0
    in_band = power[_BAND]
    in_band_sum = float(in_band.sum())
    return Traits(
        level_db=level_db(window),
        periodicity=min(float((_autocorrelation(power) / _DECAY).max()), 1.0),
        tilt_db=10 * math.log10(power[_LOW].sum() / power[_HIGH].sum()),
        flatness=float(np.log10(in_band).mean()) - math.log10(in_band_sum / len(in_band)),
        bands_db=tuple(10 * math.log10(power[band].sum() / in_band_sum) for band in BANDS),
    )
