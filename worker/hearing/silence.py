"""Limits a caller's silence: to what they have announced, or what finding the thing asked for takes.

"Hold on for two minutes" is a promise to come back; a card number is in another room.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cache

from worker.end_of_turn.asking import SPELLING, asked_for
from worker.end_of_turn.lexicon import LANGUAGES, hold_on_phrases, lexicon
from worker.lang import part_of, shared
from worker.languages import SUPPORTED
from worker.text.normalise import normalised

MOMENT_SECONDS = 30.0
FETCHING_SECONDS = 60.0
SECONDS_IN: Mapping[str, float] = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
FINDING_FACTOR = 2.0  # a number has to be found before it can be said
TO_BE_FOUND = frozenset({"a number", SPELLING})
SHORTEST_ANNOUNCED_SECONDS = 15.0  # "ek second" is a way of speaking
BARE_DURATION_WORDS = 5  # "bas do minute ji" announces; "I have been on this call for two minutes" tells
WORDS_BEFORE_UNIT = 3
AND_A_HALF = ("and", "a", "half")
WORDS_AROUND = 4
TENS = frozenset({20.0, 30.0, 40.0, 50.0})
_WORD = re.compile(r"[^\s.,!?।॥…:;\-–—\"“”‘()]+")
_RANGE = re.compile(r"(\d)\s*(?:-|–|to)\s*(\d)")

Phrase = tuple[str, ...]


class CallersTime:
    """The silence that one caller is given before they are asked whether they are there."""

    def __init__(
        self, usual_seconds: float, longest_seconds: float, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._usual_seconds = usual_seconds
        self._longest_seconds = longest_seconds
        self._now = now
        self._back_at = now()

    def heard(self, text: str) -> None:
        """The caller has finished a turn: whoever speaks of something else is back."""
        self._back_at = self._now() + min(announced_seconds(text), self._longest_seconds)

    def left_seconds(self, agent_said: str) -> float:
        """How much longer than the usual silence they are waited for, from now."""
        due = self._usual_seconds * (FINDING_FACTOR - 1) if asked_for(agent_said) in TO_BE_FOUND else 0.0
        if _stands_in(_phrases("waited for"), words_of(agent_said)):
            due = max(due, FETCHING_SECONDS - self._usual_seconds)
        return min(max(due, self._back_at - self._now()), self._longest_seconds)


def announced_seconds(text: str) -> float:
    """How long the caller says they will be away; 0 for everything else."""
    words = words_of(_RANGE.sub(r"\2", text))
    if _stands_in(_phrases("asked"), words):
        return 0.0
    plain = tuple(word for word in words if word not in _beside())
    fetches = _stands_in(_phrases("fetching"), words) or _stands_in(_phrases("fetching"), plain)
    waits = fetches or _stands_in(_phrases("moments") | hold_on_phrases(), words)
    if not waits and (text.rstrip().endswith("?") or _stands_in(_phrases("told"), words)):
        return 0.0
    short = len(plain) <= BARE_DURATION_WORDS
    duration = _duration_seconds(words, all_count=waits or short)
    if duration:
        return max(duration, FETCHING_SECONDS if fetches else SHORTEST_ANNOUNCED_SECONDS)
    if fetches:
        return FETCHING_SECONDS
    return MOMENT_SECONDS if waits else 0.0


def _duration_seconds(words: Phrase, *, all_count: bool) -> float:
    """The longest time that is named, e.g. "two minutes", "half an hour", "5 मिनट"; all, or those that one needs."""
    return max(
        (
            seconds * _number_before(words, place)
            for place, word in enumerate(words)
            if (seconds := _unit_seconds(word))
            and (all_count or _stands_in(_phrases("lasting"), words[max(0, place - WORDS_AROUND) : place + 3]))
        ),
        default=0.0,
    )


def _number_before(words: Phrase, place: int) -> float:
    """The number in front of a unit: 1 without one, as in "give me a minute"; "two more minutes" has a word between."""
    if words[max(0, place - len(AND_A_HALF)) : place] == AND_A_HALF:
        return _number_before(words, place - len(AND_A_HALF)) + 0.5
    before = words[max(0, place - WORDS_BEFORE_UNIT) : place]
    numbers = [float(word) if re.fullmatch(r"\d{1,3}", word) else _numbers().get(word, 0.0) for word in before]
    named = [number for number in numbers if number]
    if not named:
        return 1.0
    more = 0.5 if len(before) > 1 and before[-2] in _half_more() else 0.0
    if len(named) > 1 and (named[-1] == 1 or named[-2] in TENS):
        return named[-2] + named[-1] if named[-2] in TENS else named[-2]  # "twenty five", "half a"
    return named[-1] + more


@cache
def _unit_seconds(word: str) -> float:
    for unit, beginnings in _units().items():
        for beginning in map(normalised, beginnings.split(" | ")):
            latin = beginning.isascii()
            if word == beginning or word == f"{beginning}s" or (not latin and word.startswith(beginning)):
                return SECONDS_IN[unit]
            if latin and len(beginning) > len("mins") and word.startswith(beginning):
                return SECONDS_IN[unit]
    return 0.0


@cache
def _units() -> Mapping[str, str]:
    units: Mapping[str, str] = shared("waits")["units"]
    return units


@cache
def _numbers() -> Mapping[str, float]:
    digits = {word: float(value) for code in LANGUAGES for word, value in lexicon(code).digits.items()}
    own = (pair.rsplit("=", 1) for pair in shared("waits")["numbers"]["every"].split())
    return digits | {normalised(word): float(value) for word, value in own}


@cache
def _half_more() -> frozenset[str]:
    return frozenset(words_of(shared("waits")["numbers"]["half more"]))


@cache
def _beside() -> frozenset[str]:
    return frozenset(words_of(shared("waits")["beside"]["every"]))


@cache
def _phrases(section: str) -> frozenset[Phrase]:
    own = [part_of(code, "endings")["silence"].get(section, []) for code in SUPPORTED]
    of_all = [phrases.split("|") for phrases in shared("waits").get(section, {}).values()]
    return frozenset(words_of(phrase) for phrases in own + of_all for phrase in phrases)


def read_word_lists() -> None:
    """Read all lists at once: eleven files each, for which otherwise the first caller's turn waits."""
    for section in ("asked", "fetching", "moments", "told", "lasting", "waited for"):
        _phrases(section)
    announced_seconds("half a minute")


def words_of(text: str) -> Phrase:
    """The words of what a caller says, each in one spelling, without punctuation."""
    return tuple(_WORD.findall(normalised(text)))


def _stands_in(phrases: Iterable[Phrase], words: Phrase) -> bool:
    runs = {words[start:end] for start in range(len(words)) for end in range(start + 1, min(start + 6, len(words) + 1))}
    return not runs.isdisjoint(phrases)
