"""Tells by windows of sound whether what is heard over the agent's voice is words of the caller's."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from operator import mul
from typing import Final

import numpy as np

from worker.barge_in.sound import SIGNS, Sound
from worker.barge_in.traits import WINDOW_SAMPLES, Samples, level_db, traits_of

NEAR_DB: Final = -9.0  # below the caller's usual level: farther off is another person's voice, or the agent's own
AUDIBLE_DB: Final = 12.0  # over the line's noise
QUIETEST_DB: Final = 43.5  # an RMS of 150
_NOISE_RISE_DB: Final = 0.2  # a window: what is steady becomes noise within 2 s
LOUDEST_NOISE_DB: Final = 60.0


@dataclass(frozen=True, slots=True)
class Weights:
    """Holds what each sign is worth, and from which sum on a sound is words."""

    prior: float
    of_signs: tuple[float, ...]
    words_from: float


@cache
def fitted_weights() -> Weights:
    """Return the weights that are shipped."""
    source = resources.files("worker.barge_in").joinpath("data", "weights.toml")
    table = tomllib.loads(source.read_text("utf-8"))
    return Weights(
        prior=table["prior"],
        of_signs=tuple(table["signs"][name] for name in SIGNS),
        words_from=table["words_from"],
    )


class Judge:
    """Judges one caller's sounds.

    A sound begins with the first window that stands out of the line's noise, and is over when it is neither loud nor
    taken for speech. Once it is words it stays words.
    """

    def __init__(self, weights: Weights | None = None) -> None:
        self.usual_level: Callable[[], float] = lambda: 0.0
        """The RMS of this caller's voice, 0 while it is not known."""
        self._weights = weights or fitted_weights()
        self._noise_db = LOUDEST_NOISE_DB
        self._before: Samples = np.zeros(WINDOW_SAMPLES, dtype=np.int16)
        self.sound: Sound | None = None
        """What lasts now."""
        self._are_words = False

    def hear(self, window: Samples, probability: float, *, speaking: bool) -> None:
        """Take the next window.

        Args:
            probability: The voice detector's, that the window is speech.
            speaking: Whether it takes the caller to be speaking still: it says so in the pauses of words, too.
        """
        before, self._before = self._before, window
        level = level_db(window)
        self._noise_db = min(level, self._noise_db + _NOISE_RISE_DB, LOUDEST_NOISE_DB)
        if not speaking and level < max(self._noise_db + AUDIBLE_DB, QUIETEST_DB):
            self.forget()
            return
        traits = traits_of(before, window)
        if self.sound is None:
            self.sound = Sound(traits, probability)
        else:
            self.sound.add(traits, probability)

    def forget(self) -> None:
        """Let the sound be over."""
        self.sound, self._are_words = None, False

    def read_words(self) -> None:
        """Take the sound that lasts now for words: somebody has read them."""
        self._are_words = self.sound is not None

    @property
    def hears_words(self) -> bool:
        """Return whether the sound that lasts now is words."""
        if not self._are_words and self.sound is not None:
            self._are_words = self._is_near(self.sound) and self._is_words(self.sound)
        return self._are_words

    def _is_near(self, sound: Sound) -> bool:
        usual = self.usual_level()
        return not usual or sound.loudest_db >= 20 * math.log10(usual) + NEAR_DB

    def _is_words(self, sound: Sound) -> bool:
        weights = self._weights
        score: float = weights.prior + sum(map(mul, weights.of_signs, sound.signs()))
        return score >= weights.words_from
