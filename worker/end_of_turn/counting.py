"""Hears amounts and years that are said in words: "साढ़े चार हज़ार", "nineteen ninety one"."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache

from worker.end_of_turn.lexicon import LANGUAGES, Lexicon, code_of, lexicon
from worker.lang import part_of
from worker.text.normalise import normalised

_SHORTEST_LATIN_SCALE_LETTERS = 3  # "teenshe", "ainooru": hundreds grow on to their number
_HUNDRED, _THOUSAND, _LAKH = 100, 1_000, 100_000
_UNITS, _TENS = range(1, 10), range(20, _HUNDRED, 10)
_SHORT_YEARS = range(32, _HUNDRED)  # no day of a month
_CENTURIES = (19, 20)


class Ending(Enum):
    """How far an amount in words has come."""

    WHOLE = "whole"
    PERHAPS = "perhaps"  # "two thousand five": a hundred may follow


@dataclass(frozen=True, slots=True)
class _Count:
    """One number below a hundred, a figure, or a scale as its power of ten."""

    value: int
    is_scale: bool = False


def amount_so_far(words: Sequence[str], language: str) -> Ending | None:
    """Whether the words end in an amount; None for a lone number below a hundred: its scale may be to come."""
    counts = _counts(words, language)
    scale_at = next((place for place in range(len(counts) - 1, -1, -1) if counts[place].is_scale), None)
    if scale_at is None:
        return None
    last, scale = counts[-1], counts[scale_at]
    if last.is_scale or scale.value == _HUNDRED:
        return Ending.WHOLE
    # Behind a thousand "five" may become five hundred, behind a lakh "fifty" fifty thousand.
    least = max(_UNITS) + 1 if scale.value == _THOUSAND else _HUNDRED
    return Ending.WHOLE if last.value >= least else Ending.PERHAPS


def figures_of(words: Sequence[str], language: str) -> list[str]:
    """The words with figures in place of numbers below a hundred: "m h twelve", "forty three"."""
    lexicons, figures = (lexicon(language), lexicon("en")), list[str]()
    tens_open = False
    for word in words:
        count = next((found for known in lexicons if (found := _count(word, known)) is not None), None)
        is_figure = word.isdecimal() and not (tens_open and len(word) == 1)  # behind "forty" a 3 is its unit
        value = None if count is None or count.is_scale or is_figure else count.value
        if value is not None and value in _UNITS and tens_open:
            figures[-1] = str(int(figures[-1]) + value)
        else:
            figures.append(word if value is None else str(value))
        tens_open = value in _TENS
    return figures


def ends_in_count(words: Sequence[str], language: str) -> bool:
    """Whether the last word is a number or its scale."""
    return bool(_counts(words[-1:], language))


def year_so_far(words: Sequence[str], language: str) -> bool | None:
    """Whether a date ends in a whole year (True) or in the beginning of one (False); None where it ends in no year."""
    counts = _with_tens_joined(_counts(words, language))
    if not counts:
        return None
    last, before = counts[-1], counts[:-1]
    if last.is_scale:
        return False if last.value == _HUNDRED else None  # "nineteen hundred" is no birth year, "two thousand" may be
    if before and before[-1].is_scale:
        return True
    if last.value >= _THOUSAND or last.value in _SHORT_YEARS:
        return True
    values = [0, *(count.value for count in before)]
    if values[-1] == 0 and len(before) > 1:  # "nineteen oh eight"
        return values[-2] in _CENTURIES
    if values[-1] in _CENTURIES:
        return last.value not in _UNITS  # "may nineteen eight..." goes on
    return False if last.value in _CENTURIES else None


def _with_tens_joined(counts: Sequence[_Count]) -> list[_Count]:
    """ "ninety one" is one number."""
    joined: list[_Count] = []
    for count in counts:
        is_unit = not count.is_scale and count.value in _UNITS
        if joined and is_unit and not joined[-1].is_scale and joined[-1].value in _TENS:
            joined[-1] = _Count(joined[-1].value + count.value)
        else:
            joined.append(count)
    return joined


def _counts(words: Sequence[str], language: str) -> list[_Count]:
    """The numbers and scales at the end of what was said."""
    lexicons = (lexicon(language), lexicon("en"))
    counts: list[_Count] = []
    for word in reversed(words):
        if word == "and" and counts:  # "two thousand and four"
            continue
        count = next((found for known in lexicons if (found := _count(word, known)) is not None), None)
        if count is None:
            break
        counts.append(count)
    return counts[::-1]


def _count(word: str, known: Lexicon) -> _Count | None:
    if word.isdecimal():
        return _Count(int(word))
    if word in known.digits:
        return _Count(int(known.digits[word]))
    if word in _below_hundred(known.language):
        return _Count(_below_hundred(known.language)[word])
    for power, scales in ((_LAKH, known.lakhs), (_THOUSAND, known.thousands), (_HUNDRED, known.hundreds)):
        if any(_ends_in_scale(word, scale) for scale in scales):
            return _Count(power, is_scale=True)
    return None


def _ends_in_scale(word: str, scale: str) -> bool:
    grows_on = not scale.isascii() or len(scale) >= _SHORTEST_LATIN_SCALE_LETTERS
    return word == scale or (grows_on and word.endswith(scale))


@cache
def _below_hundred(language: str) -> dict[str, int]:
    """The numbers that are one word, with their values."""
    named = part_of(code_of(language), "spoken")["numbers"]["below_hundred"].split(",")
    spelt = (normalised(name.strip()) for name in named if name.strip())
    return {name: value for value, name in enumerate(spelt) if " " not in name}


for _language in LANGUAGES:  # at import: a first turn must not wait for files
    _below_hundred(_language)
