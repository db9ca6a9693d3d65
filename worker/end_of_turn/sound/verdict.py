"""Reads the model's probability by a small table: does the sound agree with words that are finished, or not?

The table is data, fitted by `python -m bench.end_of_turn_sound`: data/sound.toml.
"""

import tomllib
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import resources


class Sound(Enum):
    """What the sound says. UNKNOWN also where it was not asked, or not measured for the language."""

    ENDED = "sounds ended"
    UNKNOWN = "unknown"
    GOES_ON = "sounds as if it goes on"


@dataclass(frozen=True, slots=True)
class SoundTable:
    """Where the verdict changes."""

    languages: frozenset[str]
    ended_from: float
    goes_on_below: float


@cache
def sound_table() -> SoundTable:
    """The fitted table."""
    source = resources.files("worker.end_of_turn").joinpath("data", "sound.toml")
    table = tomllib.loads(source.read_text("utf-8"))
    return SoundTable(frozenset(table["languages"]), table["ended_from"], table["goes_on_below"])


def read_sound(probability: float | None, language: str | None, table: SoundTable | None = None) -> Sound:
    """Judge the probability that a turn is over, from sound alone; `language` is the recogniser's tag."""
    table = table or sound_table()
    if probability is None or language is None or language.partition("-")[0].lower() not in table.languages:
        return Sound.UNKNOWN
    if probability >= table.ended_from:
        return Sound.ENDED
    return Sound.GOES_ON if probability < table.goes_on_below else Sound.UNKNOWN


sound_table()  # at import: a first turn must not wait for files
