"""Weighs the signs together: the probability that a turn is over is one sum, no sign and no last word decides alone.

The weights are log-odds, fitted by `python -m bench.end_of_turn_fit` and readable in `data/weights.toml`. A sign
that is not of words, such as what a pause sounds like, would be one more term of the sum.
"""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

WORD_ITSELF = "the word"
"""How a sign begins that quotes what the caller said: it is weighed, and never told in a log."""

_TOLD_SIGNS = 2


@dataclass(frozen=True, slots=True)
class Weights:
    """What each sign is worth in one family of languages, and where the verdicts change."""

    prior: float
    of_sign: Mapping[str, float]
    finished_from: float  # a probability, where the language has none of its own
    finished_from_in: Mapping[str, float]
    unfinished_to: float


@dataclass(frozen=True, slots=True)
class Weighed:
    """The probability that the turn is over, and the signs that speak most clearly for that side."""

    probability: float
    reason: str


def family_of(language: str) -> str:
    """English closes its sentences otherwise than the languages whose verb comes last."""
    return "english" if language == "en" else "indian"


@cache
def _all_weights() -> Mapping[str, Weights]:
    source = resources.files("worker.end_of_turn").joinpath("data", "weights.toml")
    tables = tomllib.loads(source.read_text("utf-8"))
    return MappingProxyType(
        {
            family: Weights(
                prior=table["prior"],
                of_sign=MappingProxyType(table["signs"]),
                finished_from=table["finished_from"],
                finished_from_in=MappingProxyType(table["finished_from_in"]),
                unfinished_to=table["unfinished_to"],
            )
            for family, table in tables.items()
        }
    )


def weights_for(language: str) -> Weights:
    """The weights that judge an utterance in this language (`hi`, `en`)."""
    return _all_weights()[family_of(language)]


def weigh(signs: Sequence[str], weights: Weights) -> Weighed:
    """Add up what the signs are worth."""
    worth = {sign: weights.of_sign[sign] for sign in signs if sign in weights.of_sign}
    total = weights.prior + sum(worth.values())
    side = 1 if total > 0 else -1
    fit_for_a_log = (sign for sign in worth if not sign.startswith(WORD_ITSELF))
    clearest = sorted(fit_for_a_log, key=lambda sign: -side * worth[sign])[:_TOLD_SIGNS]
    told = [sign for sign in clearest if side * worth[sign] > 0]
    return Weighed(1 / (1 + math.exp(-total)), "; ".join(told) or "no clear sign")


for _language in ("en", "hi"):
    weights_for(_language)  # at import: a first turn must not wait for files
