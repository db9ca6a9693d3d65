"""Says Roman numerals: Class XI is class eleven, Phase II phase two. One that may be a letter or "I" needs its noun."""

import re
from functools import cache

from worker.spoken.endings import said_range, with_ending
from worker.spoken.forms import SpokenForms
from worker.spoken.letters import ENDING, INDIC_CHARS
from worker.spoken.numbers import cardinal

_NUMERALS = (
    "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X",
    "XI", "XII", "XIII", "XIV", "XV", "XVI", "XVII", "XVIII", "XIX", "XX",
)  # fmt: skip
_VALUES = {numeral: value for value, numeral in enumerate(_NUMERALS, start=1)}
_MAY_BE_LETTERS = frozenset({"I", "IV", "V", "VI", "IX", "X", "XV", "XX"})
_ANY = "(?:" + "|".join(sorted(_NUMERALS, key=len, reverse=True)) + ")(?![A-Za-z0-9])"
_SECTION = r"(?:-(?P<section>[A-Z])(?![\w.]))"  # class XI-A
_ROMAN = re.compile(
    rf"(?<![\w{INDIC_CHARS}.&'’/-])(?P<first>{_ANY})(?:(?P<joint>\s?[-–—]\s?|/)(?P<second>{_ANY}))?"
    rf"(?![&'’/]|\.[A-Za-z0-9]|-[a-z0-9]){_SECTION}?{ENDING}"
)
_BEGINS = re.compile(rf"[(\"'“‘]?(?P<numeral>{_ANY})")
_CONTEXT_CHARS = 48


@cache
def _noun_before(forms: SpokenForms) -> re.Pattern[str]:
    """Class, or the numerals that it has already: classes IX and X."""
    nouns = "|".join(re.escape(noun) for noun in sorted(forms.numbered_nouns, key=len, reverse=True))
    others = rf"(?:{_ANY}(?:\s?[-–—,&/]\s?|,?\s[^\sA-Z0-9]{{1,10}}\s)){{0,3}}"
    return re.compile(rf"(?<![\w{INDIC_CHARS}])(?P<noun>{nouns})\.?[\s:–—-]{{1,3}}(?P<others>{others})$", re.IGNORECASE)


def _counts(numeral: str, before: str, forms: SpokenForms) -> bool:
    """Whether it is a number: in English a lone I only behind a noun with a capital letter, Part I."""
    if numeral not in _MAY_BE_LETTERS:
        return True
    noun = _noun_before(forms).search(before[-_CONTEXT_CHARS:])
    return noun is not None and not (numeral == "I" and noun["noun"].islower())


def is_numeral(word: str, before: str, forms: SpokenForms) -> bool:
    """Whether `word` begins with a Roman numeral, given what stands before it."""
    found = _BEGINS.match(word)
    return found is not None and _counts(found["numeral"], before, forms)


def say_numerals(text: str, before: str, forms: SpokenForms) -> str:
    """Class XI-A, classes VI-VIII, XII-ஆம் வகுப்பு, World War II."""

    def spoken(found: re.Match[str]) -> str:
        first, second = found["first"], found["second"]
        if not (
            _counts(first, f"{before}{text[: found.start()]}", forms) or (second and second not in _MAY_BE_LETTERS)
        ):
            return found[0]
        said = _said(first, forms)
        if second and found["joint"] == "/":
            said = f"{said}, {_said(second, forms)}"
        elif second:
            said = said_range(said, _said(second, forms), forms)
        if found["section"]:
            said = f"{said} {found['section']}"
        return with_ending(said, found["ending"], forms, None if second else _VALUES[first])

    return _ROMAN.sub(spoken, text)


def _said(numeral: str, forms: SpokenForms) -> str:
    return cardinal(_VALUES[numeral], forms.numbers)
