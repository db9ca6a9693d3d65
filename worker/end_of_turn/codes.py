"""Hears whether a code or a word is still being spelled: a PAN has ten characters, an IFSC eleven.

Letters arrive singly ("a b c"), joined ("ABCDE1234F"), as words for digits, and with their example ("S for sugar").
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from worker.end_of_turn.counting import figures_of
from worker.end_of_turn.lexicon import any_answers, letter_names, lexicon
from worker.text.normalise import normalised
from worker.text.scripts import LATIN, SCRIPTS, indic_script_of

_LENGTHS: Final = {"pan": 10, "ifsc": 11, "gstin": 15, "gst": 15}
_CODE_WORDS: Final = {
    "पैन": "pan", "आईएफएससी": "ifsc", "প্যান": "pan", "પાન": "pan", "પેન": "pan", "ਪੈਨ": "pan", "ପାନ": "pan",
    "பான்": "pan", "పాన్": "pan", "ಪ್ಯಾನ್": "pan", "പാൻ": "pan", "पॅन": "pan", "ifsc": "ifsc", "pan": "pan",
    "gstin": "gstin", "gst": "gst",
}  # fmt: skip
_VEHICLE_WORDS: Final = frozenset(
    normalised(
        "vehicle registration plate car bike scooter gaadi gadi gari gaddi vandi bandi गाड़ी गाडी वाहन গাড়ি"
        " ગાડી વાહન ਗੱਡੀ ଗାଡ଼ି வண்டி బండి ಗಾಡಿ വണ്ടി"
    ).split()
)
_STATES: Final = (
    "an|ap|ar|as|br|cg|ch|dd|dl|dn|ga|gj|hp|hr|jh|jk|ka|kl|la|ld|mh|ml|mn|mp|mz|nl|od|or|pb|py|rj|sk|tg|tn|tr|ts|uk"
    "|up|wb"
)
_PLATE: Final = re.compile(rf"(?:{_STATES})\d{{1,2}}[a-z]{{0,3}}\d{{4}}|\d\dbh\d{{4}}[a-z]{{1,2}}")
_PLATE_BEGUN: Final = re.compile(rf"(?:{_STATES})\d{{1,2}}(?:[a-z]{{1,3}}\d{{0,3}})?|\d\dbh\d{{0,4}}")
_MAX_PLATE_WORDS: Final = 10
_EXAMPLE_WORDS: Final = frozenset({"for", "as", "like", "se"})  # "s for sugar", "s as in sugar", "s se sugar"
_MAX_EXAMPLE_WORDS: Final = 3
_FEWEST_SPELLED_LETTERS: Final = 2
_FIRST_LETTERS: Final = {"pan": 5, "ifsc": 4}
_LONG_VOWELS: Final = {0x08: 0x07, 0x0A: 0x09, 0x0F: 0x0E, 0x13: 0x12, 0x40: 0x3F, 0x42: 0x41, 0x47: 0x46, 0x4B: 0x4A}
_SHORT_VOWELS: Final = {
    script.first_code_point + long: script.first_code_point + short
    for script in SCRIPTS.values()
    if script.name != LATIN
    for long, short in _LONG_VOWELS.items()
}  # every block of India has its vowels in the same places


@dataclass(frozen=True, slots=True)
class Due:
    """How many characters of a code were said, of how many."""

    said: int
    of: int


def characters_due(words: Sequence[str], asked: Sequence[str], language: str) -> Due | None:
    """The characters of the code that was named by the caller or asked for by the agent; None when there is none."""
    named = [place for place, word in enumerate(words) if word in _CODE_WORDS]
    kind = _CODE_WORDS[words[named[-1]]] if named else next((_CODE_WORDS[w] for w in asked if w in _CODE_WORDS), None)
    if kind is None:
        return None
    said = _characters(_spelt(words[named[-1] + 1 :] if named else words, language), kind)
    return Due(said, _LENGTHS[kind]) if said else None


def plate_so_far(words: Sequence[str], asked: Sequence[str], language: str) -> bool | None:
    """Whether the vehicle number that ends the words is whole ("MH 12 AB 1234"); None where none does.

    A part of one ("MH 12") is one only where a vehicle is spoken of.
    """
    last = figures_of(_spelt(words[-_MAX_PLATE_WORDS:], language), language)
    ends = ["".join(last[start:]) for start in range(len(last))]
    if any(_PLATE.fullmatch(end) for end in ends):
        return True
    if _VEHICLE_WORDS.isdisjoint(words) and _VEHICLE_WORDS.isdisjoint(asked):
        return None
    return False if any(_PLATE_BEGUN.fullmatch(end) for end in ends) else None


def is_spelled(words: Sequence[str]) -> bool:
    """Letter by letter, without having been asked to."""
    return sum(_is_letter(word) for word in words[-4:]) >= _FEWEST_SPELLED_LETTERS and ends_in_a_spelled_letter(words)


def ends_in_a_spelled_letter(words: Sequence[str]) -> bool:
    """The last thing said is one letter, or a letter with its example."""
    if not words:
        return False
    return _is_letter(words[-1]) or _example_begins(words) is not None


def _example_begins(words: Sequence[str]) -> int | None:
    """Where "s for sugar" at the end begins."""
    for size in range(_MAX_EXAMPLE_WORDS, _MAX_EXAMPLE_WORDS + 2):
        if len(words) >= size and _is_letter(words[-size]) and words[1 - size] in _EXAMPLE_WORDS:
            return len(words) - size
    return None


def _is_letter(word: str) -> bool:
    return len(word) == 1 and word.isalpha() and word.isascii()


def _characters(spelt: Sequence[str], kind: str) -> int:
    """The letters and digits of a code at the end of what was said; 0 when it ends in an ordinary word."""
    said = 0
    for word in reversed(spelt):
        is_figure = word.isascii() and word.isalnum() and any(letter.isdigit() for letter in word)
        if not (_is_letter(word) or is_figure or _begins_code(word, said, kind)):
            break
        said += len(word)
    return said


def _begins_code(word: str, said: int, kind: str) -> bool:
    """The letters that a code begins with, said or written as one word: "HDFC zero zero zero ..."."""
    begins = _FIRST_LETTERS.get(kind)
    return begins == len(word) and said + begins == _LENGTHS[kind] and word.isascii() and word.isalpha()


def _spelt(words: Sequence[str], language: str) -> list[str]:
    """The words with Latin letters and figures in place of their names, "double" carried out; others as they are."""
    lexicons = (lexicon(language), lexicon("en"))
    spelt: list[str] = []
    times = 1
    for word in words:
        repeat = next((int(known.repeats[word]) for known in lexicons if word in known.repeats), 1)
        if repeat > 1:
            times = repeat
            continue
        character = next((known.digits[word] for known in lexicons if word in known.digits), None)
        character = character or _letters_named(word) or word
        spelt.append(character * times if len(character) == 1 else character)
        times = 1
    return spelt if times == 1 else [*spelt, words[-1]]


def _letters_named(word: str) -> str | None:
    """ "up" of "यूपी"; None for a word that is not made of the names of letters."""
    names = _folded_letter_names().get(indic_script_of(word))
    if names is None:
        return None
    folded, letters = _with_short_vowels(word), ""
    is_answer = word in any_answers(word)  # "ओके" confirms
    while folded:
        name = next((name for name in names if folded.startswith(name)), None)
        if name is None:
            return None
        folded, letters = folded[len(name) :], letters + names[name]
    return None if is_answer and len(letters) > 1 else letters


@cache
def _folded_letter_names() -> dict[str, dict[str, str]]:
    """As `letter_names`, vowels folded, the longest name first."""
    return {
        script: dict(sorted(((_with_short_vowels(n), letter) for n, letter in names.items()), key=lambda p: -len(p[0])))
        for script, names in letter_names().items()
    }


def _with_short_vowels(word: str) -> str:
    """Long and short vowels count alike: recognisers write "బి" and "బీ"."""
    return word.translate(_SHORT_VOWELS)


_folded_letter_names()  # at import: a first turn must not wait for files
