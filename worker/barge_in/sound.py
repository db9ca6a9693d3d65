"""Follows one sound from its onset, and tells what of it speaks for words and what against."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import islice, pairwise
from statistics import fmean, pstdev
from types import MappingProxyType
from typing import Final

from worker.barge_in.traits import BANDS, Traits

SPEECH_PROBABILITY: Final = 0.5  # from which the voice detector takes a window for speech
PERIODIC: Final = 0.6
NEWEST: Final = 3  # windows: 0.1 s
MOST_WINDOWS: Final = 8
REMEMBERED: Final = 32  # 1 s: a sound can last as long as the call


class Sound:
    """Holds the windows of one sound."""

    def __init__(self, onset: Traits, probability: float) -> None:
        self.onset = onset
        self.loudest_db = onset.level_db
        self.length = 0
        self.before_speech = 0
        """How many windows went before the first that was taken for speech."""
        self.traits: deque[Traits] = deque(maxlen=REMEMBERED)
        self.probabilities: deque[float] = deque(maxlen=REMEMBERED)
        self.add(onset, probability)

    def add(self, traits: Traits, probability: float) -> None:
        """Take the next window, and the voice detector's probability that it is speech."""
        if self.before_speech == self.length and probability < SPEECH_PROBABILITY:
            self.before_speech += 1
        self.length += 1
        self.traits.append(traits)
        self.probabilities.append(probability)
        self.loudest_db = max(self.loudest_db, traits.level_db)

    def signs(self) -> tuple[float, ...]:
        """Return the value of each of SIGNS, in their order."""
        return tuple(sign(self) for sign in SIGNS.values())


def _log_odds(probability: float) -> float:
    bounded = min(max(probability, 1e-3), 1 - 1e-3)
    return math.log(bounded / (1 - bounded))


def _newest(sound: Sound, trait: Callable[[Traits], float]) -> float:
    return fmean(trait(each) for each in islice(reversed(sound.traits), NEWEST))


def _share(holds: Iterable[bool]) -> float:
    return fmean(map(float, holds))


def _band(place: int, sound: Sound) -> float:
    return _newest(sound, lambda each: each.bands_db[place])


def _change_db(sound: Sound) -> float:
    """How much the bands change from window to window."""
    newest = islice(reversed(sound.traits), NEWEST + 1)
    changes = [
        abs(after - before)
        for later, earlier in pairwise(newest)
        for after, before in zip(later.bands_db, earlier.bands_db, strict=True)
    ]
    return fmean(changes) if changes else 0.0


SIGNS: Final[Mapping[str, Callable[[Sound], float]]] = MappingProxyType(
    {
        "speech": lambda sound: _log_odds(sound.probabilities[-1]),
        "speech_share": lambda sound: _share(each >= SPEECH_PROBABILITY for each in sound.probabilities),
        "windows": lambda sound: float(min(sound.length, MOST_WINDOWS)),
        "windows_before_speech": lambda sound: float(min(sound.before_speech, MOST_WINDOWS)),
        "periodicity": lambda sound: _newest(sound, lambda each: each.periodicity),
        "periodic_share": lambda sound: _share(each.periodicity > PERIODIC for each in sound.traits),
        "tilt_db": lambda sound: _newest(sound, lambda each: each.tilt_db),
        "flatness": lambda sound: _newest(sound, lambda each: each.flatness),
        "flatness_spread": lambda sound: pstdev(each.flatness for each in sound.traits),
        **{f"band_{place}_db": partial(_band, place) for place in range(len(BANDS))},
        "change_db": _change_db,
        "rise_db": lambda sound: sound.loudest_db - sound.onset.level_db,
        "onset_flatness": lambda sound: sound.onset.flatness,
        "onset_periodicity": lambda sound: sound.onset.periodicity,
        "onset_lowest_band_db": lambda sound: sound.onset.bands_db[0],
        "onset_highest_band_db": lambda sound: sound.onset.bands_db[-1],
    }
)
"""What is weighed, by name: coughs begin without a pitch, horns keep their spectrum, words change it."""
