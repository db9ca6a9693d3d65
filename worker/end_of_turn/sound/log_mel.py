"""Turns sound into the picture that the model reads: Whisper's log-mel, with numpy alone, in single precision."""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

RATE_HZ: Final = 16_000
FRAMES_A_SECOND: Final = 100
BANDS: Final = 80
_WINDOW: Final = 400
_HOP: Final = RATE_HZ // FRAMES_A_SECOND
_LINEAR_UP_TO_HZ: Final = 1000.0  # Slaney's mel scale: straight below, logarithmic above
_HZ_A_MEL: Final = 200.0 / 3.0
_LOG_STEP: Final = float(np.log(6.4)) / 27.0
_SILENCE_POWER: Final = 1e-10
_RANGE_TENS: Final = 8.0  # what is more than 80 dB below the loudest counts as that

Single = npt.NDArray[np.float32]
Samples = npt.NDArray[np.int16]


def log_mel(samples: Samples, seconds: int, normalised_over_seconds: int) -> Single:
    """Return the picture of the last `seconds`, padded with silence before it: BANDS x (100 frames a second).

    The model was trained on loudness that is made even over its whole window, silence included.
    """
    room = seconds * RATE_HZ
    heard = samples[-room:].astype(np.float32) / 32768
    total = normalised_over_seconds * RATE_HZ
    mean = float(heard.sum()) / total
    variance = max(0.0, float(heard @ heard) / total - mean * mean)
    padded = np.zeros(room, np.float32)
    padded[room - len(heard) :] = heard
    even = (padded - np.float32(mean)) / np.float32(np.sqrt(variance + 1e-7))
    around = np.pad(even, _WINDOW // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(around, _WINDOW)[::_HOP][: seconds * FRAMES_A_SECOND]
    spectrum = np.fft.rfft(frames * _hann(), axis=-1)
    power = spectrum.real**2 + spectrum.imag**2
    loudness = np.log10(np.maximum(_mel_bands() @ power.T, _SILENCE_POWER))
    picture: Single = ((np.maximum(loudness, loudness.max() - _RANGE_TENS) + 4) / 4).astype(np.float32)
    return picture


@cache
def _hann() -> Single:
    return np.hanning(_WINDOW + 1)[:-1].astype(np.float32)


@cache
def _mel_bands() -> Single:
    """The triangles that gather the spectrum's bins into bands of equal area on Slaney's mel scale."""
    top = _LINEAR_UP_TO_HZ / _HZ_A_MEL + np.log(RATE_HZ / 2 / _LINEAR_UP_TO_HZ) / _LOG_STEP
    mels = np.linspace(0.0, top, BANDS + 2)
    linear_top = _LINEAR_UP_TO_HZ / _HZ_A_MEL
    above = _LINEAR_UP_TO_HZ * np.exp(_LOG_STEP * (np.maximum(mels, linear_top) - linear_top))
    edges_hz = np.where(mels < linear_top, mels * _HZ_A_MEL, above)
    bins_hz = np.linspace(0.0, RATE_HZ / 2, _WINDOW // 2 + 1)
    low, middle, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising, falling = (bins_hz - low) / (middle - low), (high - bins_hz) / (high - middle)
    bands = np.maximum(0.0, np.minimum(rising, falling)) * 2.0 / (high - low)
    return np.asarray(bands, np.float32)
