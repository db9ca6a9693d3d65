"""Knows how digits, letters and topics are said; read from data/ at first use, once per process."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType

from records.masking.kinds import Kind
from records.masking.normalise import normalised

_VALUES = {
    "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4",
    "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
}  # fmt: skip
_LONG = (("aa", "a"), ("ee", "i"), ("oo", "u"), ("ii", "i"), ("uu", "u"), ("w", "v"), ("z", "j"))
_SHORTEST_SOUND = 3
"""Shorter ones are found in any two languages: "na" would be nine in Odia."""
_SHORT_WORD = 4
_DOUBLED = re.compile(r"([a-z])\1+")

KEPT_SOUNDS = 4096
"""How many words' sounds are kept: a call repeats its words. Bounded, because a caller can say anything."""
OTHER = "other"
"""A topic whose numbers are no secret: an order's, an amount's."""
Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """Everything that masking knows of words, in `normalised` form."""

    numbers: Mapping[Phrase, str]
    """Digits, and what is below a hundred: `("नौ",)` is 9, `("twenty", "one")` is 21."""
    repeats: Mapping[str, int]
    weak: frozenset[str]
    fillers: frozenset[str]
    scales: frozenset[str]
    money: frozenset[str]
    months: frozenset[str]
    letters: Mapping[str, str]
    topics: Mapping[Phrase, str]
    """What a number behind these words is: a `Kind`, or OTHER."""
    longest_number: Mapping[str, int]
    """How many words the longest number has that begins with this one; the same for topics."""
    longest_topic: Mapping[str, int]


@lru_cache(maxsize=KEPT_SOUNDS)
def folded(word: str) -> str:
    """A word in Latin letters as it sounds: "paanch" and "panch" are one; other scripts stay as they are."""
    if not word.isascii():
        return word
    for written, spoken in _LONG:
        word = word.replace(written, spoken)
    return _DOUBLED.sub(r"\1", word)


@cache
def words() -> Words:
    """All lists."""
    data = files("records.masking") / "data"
    generated = json.loads(data.joinpath("number_words.json").read_text(encoding="utf-8"))
    own = tomllib.loads(data.joinpath("own.toml").read_text(encoding="utf-8"))
    topics = _topics(own, generated["about"])
    # "aadhar" sounds as the Gujarati eighteen does.
    numbers = {said: value for said, value in _numbers(own["digits"], generated).items() if said not in topics}
    return Words(
        numbers=MappingProxyType(numbers),
        repeats=MappingProxyType(_repeats(own["repeats"], generated["repeats"])),
        weak=_weak(own, generated),
        fillers=_listed(own["fillers"]["words"]),
        scales=frozenset(generated["scales"]) - _listed(own["not_scales"]["words"]),
        money=_listed(own["money"]["words"]) | frozenset(generated["about"]["amount"]),
        months=frozenset(generated["about"]["months"]) - {"may", "march", "मे", "মে", "મે", "మే", "ಮೇ", "மே", "मई"},
        letters=MappingProxyType(generated["letters"]),
        topics=topics,
        longest_number=_longest_by_first(numbers),
        longest_topic=_longest_by_first(topics),
    )


def _numbers(own: Mapping[str, str], generated: Mapping[str, Mapping[str, str]]) -> dict[Phrase, str]:
    exact = {phrase_of(said): value for said, value in generated["below_hundred"].items()}
    exact |= {phrase_of(word): _VALUES[name] for name, listed in own.items() for word in normalised(listed).split()}
    exact |= {phrase_of(word): value for word, value in generated["digits"].items()}
    by_sound: dict[Phrase, set[str]] = {}
    for said, value in exact.items():
        by_sound.setdefault(tuple(map(folded, said)), set()).add(value)
    sure = {
        said: values.pop()
        for said, values in by_sound.items()
        if len(values) == 1 and len(" ".join(said)) >= _SHORTEST_SOUND
    }
    return sure | exact


def _repeats(own: Mapping[str, str], generated: Mapping[str, str]) -> dict[str, int]:
    ours = {word: int(times) for times, listed in own.items() for word in normalised(listed).split()}
    return ours | {word: int(times) for word, times in generated.items()}


def _weak(own: Mapping[str, Mapping[str, str]], generated: Mapping[str, Mapping[str, str]]) -> frozenset[str]:
    """What is listed, and what is short and Latin and stands for more than nine: "das", "baar", "on"."""
    digits = {word for listed in own["digits"].values() for word in normalised(listed).split()} | set(
        generated["digits"]
    )
    short = {said for said in generated["below_hundred"] if said.isascii() and len(said) <= _SHORT_WORD}
    return _listed(own["weak"]["words"]) | (short - digits)


def _topics(own: Mapping[str, Mapping[str, list[str]]], about: Mapping[str, list[str]]) -> Mapping[Phrase, str]:
    topics: dict[Phrase, str] = {}
    for said in (*own["other"]["words"], *about["birth"]):
        topics[phrase_of(normalised(said))] = OTHER
    for topic in (Kind.OTP, Kind.AADHAAR):
        topics |= {phrase_of(word): topic.value for word in about[topic.value]}
    for name, phrases in own["topics"].items():
        topics |= {phrase_of(normalised(said)): Kind(name).value for said in phrases}
    return MappingProxyType(topics)


def _longest_by_first(phrases: Iterable[Phrase]) -> Mapping[str, int]:
    longest: dict[str, int] = {}
    for phrase in phrases:
        longest[phrase[0]] = max(len(phrase), longest.get(phrase[0], 0))
    return MappingProxyType(longest)


def phrase_of(said: str) -> Phrase:
    """The words of a phrase."""
    return tuple(said.split())


def _listed(text: str) -> frozenset[str]:
    return frozenset(normalised(text).split())


@lru_cache(maxsize=KEPT_SOUNDS)
def can_begin_number(word: str) -> bool:
    """Whether a word may be the first of a number; figures are."""
    return word.isdecimal() or word in words().repeats or longest_number(word) > 0


@lru_cache(maxsize=KEPT_SOUNDS)
def can_begin_topic(word: str) -> bool:
    """Whether a word may be the first of what tells what a number is, or the first letter of it."""
    known = words()
    return word in known.longest_topic or (len(word) == 1 and word.isascii()) or word in known.letters


def longest_number(word: str) -> int:
    """How many words the longest number has that begins with this one; 0 where none does."""
    longest = words().longest_number
    return longest.get(word, 0) or longest.get(folded(word), 0)


def value_of(said: Phrase) -> str | None:
    """The digits that these words say, by spelling or else by sound; None where they say none."""
    numbers = words().numbers
    return numbers.get(said) or numbers.get(tuple(map(folded, said)))
