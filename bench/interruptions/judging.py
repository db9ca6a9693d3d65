"""Lets the worker's voice detector and judge hear a sound as in a call: by windows, in noise, or over a telephone."""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from bench.interruptions.corpus import Heard
from bench.speech_windows import SpeechWindows
from bench.utterances.render import background
from bench.utterances.voices import SAMPLE_RATE_HZ
from sandbox.speech.voices import Samples
from worker.barge_in.judge import Judge, Weights
from worker.barge_in.traits import WINDOW_SAMPLES, WINDOW_SECONDS

LEAD_SECONDS, TAIL_SECONDS = 1.0, 0.5
LONGEST_SECONDS = 1.5
NOISE_BELOW_DB = 15.0
HISS_RMS = 12.0
PHONE_BAND_HZ = (300.0, 3400.0)


class Line(Enum):
    """Names how a sound comes to the agent."""

    CLEAR = "clear"
    NOISY = "noisy"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Moment:
    """A window at which the voice detector takes the caller to be speaking."""

    seconds: float
    """Since the sound's onset."""
    signs: tuple[float, ...]
    is_words: bool


def moments(heard: Heard, line: Line, usual_level: float, weights: Weights | None = None) -> Iterator[Moment]:
    """Judge a sound at every window in which it is taken for speech."""
    judge, detector = Judge(weights), SpeechWindows()
    judge.usual_level = lambda: usual_level
    samples, onset_seconds = on_line(heard, line, usual_level)
    for place in range(len(samples) // WINDOW_SAMPLES):
        window = samples[place * WINDOW_SAMPLES : (place + 1) * WINDOW_SAMPLES]
        was_speaking = detector.speaking
        probability = detector.hear(window)
        judge.hear(window, probability, speaking=was_speaking)
        if detector.speaking and judge.sound is not None:
            seconds = (place + 1) * WINDOW_SECONDS - onset_seconds
            yield Moment(seconds, judge.sound.signs(), judge.hears_words)


def stopped_after_seconds(heard: Iterable[Moment]) -> float | None:
    """Return how much of a sound was heard before it stopped the agent; None where it does not."""
    return next((each.seconds for each in heard if each.is_words), None)


def on_line(heard: Heard, line: Line, usual_level: float) -> tuple[Samples, float]:
    """Return a sound between silences, as it comes in, and the second of its onset: somewhere in a window."""
    random = np.random.default_rng(zlib.crc32(heard.name.encode()))
    lead = round(LEAD_SECONDS * SAMPLE_RATE_HZ) + int(random.integers(WINDOW_SAMPLES))
    said = heard.samples[: round(LONGEST_SECONDS * SAMPLE_RATE_HZ)]
    tail = round(TAIL_SECONDS * SAMPLE_RATE_HZ)
    whole = np.concatenate([np.zeros(lead), said.astype(np.float64), np.zeros(tail)])
    whole += HISS_RMS * random.standard_normal(len(whole))
    if line is Line.NOISY:
        whole += background(heard.name, len(whole), usual_level * 10 ** (-NOISE_BELOW_DB / 20))
    if line is Line.PHONE:
        whole = _in_band(whole)
    return np.clip(whole, -32768, 32767).astype(np.int16), lead / SAMPLE_RATE_HZ


def _in_band(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    frequencies, low_high = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ), PHONE_BAND_HZ
    spectrum = np.fft.rfft(samples)
    spectrum[(frequencies < low_high[0]) | (frequencies > low_high[1])] = 0
    return np.asarray(np.fft.irfft(spectrum, len(samples)), dtype=np.float64)
