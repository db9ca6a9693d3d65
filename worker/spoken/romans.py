"""Says Roman numerals: Class XI is class eleven, Phase II phase two. One that may be a letter or "I" needs its noun."""

import re
from functools import cache

from worker.spoken.endings import said_range, with_ending
from worker.spoken.forms import SpokenForms
from worker.spoken.letters import ENDING, INDIC_CHARS, any_of
from worker.spoken.numbers import cardinal

_NUMERALS = (
    "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X",
    "XI", "XII", "XIII", "XIV", "XV", "XVI", "XVII", "XVIII", "XIX", "XX",
)  # fmt: skip
_VALUES = {numeral: value for value, numeral in enumerate(_NUMERALS, start=1)}
_MAY_BE_LETTERS = frozenset({"I", "IV", "V", "VI", "IX", "X", "XV", "XX"})
_ANY = "(?:" + any_of(_NUMERALS) + ")(?![A-Za-z0-9])"
_SECTION = r"(?:-(?P<section>[A-Z])(?![\w.]))"  # class XI-A
_ROMAN = re.compile(
    rf"(?:(?<=[A-Za-z{INDIC_CHARS}])(?P<hyphen>-)|(?<![\w{INDIC_CHARS}.&'’/-]))(?P<first>{_ANY})(?:(?P<joint>\s?[-–—]\s?|/)(?P<second>{_ANY}))?"
    rf"(?![&'’/]|\.[A-Za-z0-9]|-[a-z0-9]){_SECTION}?{ENDING}"
)
_BEGINS = re.compile(rf"[(\"'“‘]?(?P<numeral>{_ANY})")
_CONTEXT_CHARS = 48


@cache
def _noun_before(forms: SpokenForms) -> re.Pattern[str]:
    """Class, or the numerals that it has already: classes IX and X."""
    others = rf"(?:{_ANY}(?:\s?[-–—,&/]\s?|,?\s(?:{_between(forms)})\s)){{0,3}}"
    noun = rf"(?P<noun>(?i:{any_of(forms.numbered_nouns)}))|(?i:{any_of(forms.numbered_by_several)})(?P<several>)"
    return re.compile(rf"(?<![\w{INDIC_CHARS}])(?:{noun})\.?[\s:–—-]{{1,3}}(?P<others>{others})$")


@cache
def _noun_behind(forms: SpokenForms) -> re.Pattern[str]:
    """X வகுப்பு: the nouns of the Indian languages stand behind their numbers, too."""
    indic = tuple(noun for noun in forms.numbered_nouns if not noun.isascii())
    return re.compile(rf"\s(?:{any_of(indic)})")


@cache
def _another_next(forms: SpokenForms) -> re.Pattern[str]:
    return re.compile(rf"(?:\s?[-–—&,]\s?|\s(?:{_between(forms)})\s){_ANY}|\s(?:to|से|ते)\s*$")


def _between(forms: SpokenForms) -> str:
    return any_of((*forms.called.ors, *forms.called.ands, *forms.range_words))


def _counts(numeral: str, before: str, after: str, forms: SpokenForms) -> bool:
    """Whether it is a number: in English a lone I only behind a noun with a capital letter, Part I."""
    if numeral not in _MAY_BE_LETTERS:
        return True
    if numeral != "I" and _noun_behind(forms).match(after):
        return True
    found = _noun_before(forms).search(before[-_CONTEXT_CHARS:])
    if found is None or (found["several"] is not None and len(numeral) == 1):
        return False
    lower = numeral == "I" and found["noun"] is not None and found["noun"].islower()
    return not lower or found["others"] != "" or _another_next(forms).match(after) is not None


def is_numeral(word: str, before: str, forms: SpokenForms) -> bool:
    """Whether `word` may begin with a Roman numeral, given what stands before it."""
    found = _BEGINS.match(word)
    if found is None:
        return False
    return found["numeral"] != "I" or _noun_before(forms).search(before[-_CONTEXT_CHARS:]) is not None


def say_numerals(text: str, before: str, forms: SpokenForms) -> str:
    """Class XI-A, classes VI-VIII, XII-ஆம் வகுப்பு, World War II."""

    def spoken(found: re.Match[str]) -> str:
        first, second = found["first"], found["second"]
        context, after = f"{before}{text[: found.start()]}{found['hyphen'] or ''}", text[found.end("first") :]
        if not (_counts(first, context, after, forms) or (second and second not in _MAY_BE_LETTERS)):
            return found[0]
        said = _said(first, forms)
        if second and found["joint"] == "/":
            said = f"{said}, {_said(second, forms)}"
        elif second:
            said = said_range(said, _said(second, forms), forms)
        if found["section"]:
            said = f"{said} {found['section']}"
        said = with_ending(said, found["ending"], forms, None if second else _VALUES[first])
        return f" {said}" if found["hyphen"] else said  # Phase-II

    return _ROMAN.sub(spoken, text)


def _said(numeral: str, forms: SpokenForms) -> str:
    return cardinal(_VALUES[numeral], forms.numbers)
