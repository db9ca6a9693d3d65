"""Finds codes written with spaces, by the word before them: tracking number BD 4512 7789, flight 6E 534."""

import re
from functools import cache

from worker.spoken.endings import said_code
from worker.spoken.forms import SpokenForms
from worker.spoken.letters import ENDING, INDIC_CHARS, any_of
from worker.spoken.numbers import grouped_digits, spelt
from worker.spoken.public_codes import counts_next

_ENDS = rf"(?![A-Za-z0-9]|[.,:/-][0-9]|\s?%){ENDING}"
_CODE = re.compile(
    rf"(?<![\w.,:/-])(?:(?P<letters>[A-Z]{{1,5}})\s)?(?P<groups>[0-9]{{2,12}}(?:\s[0-9]{{2,8}}){{0,4}})"
    rf"(?:(?<=[0-9])\s(?P<tail>[A-Z]{{2}})(?!\w|\.\w))?{_ENDS}"
)
_FLIGHT = re.compile(rf"(?<![\w.,:/-])(?P<line>[A-Z]{{2}}|[A-Z][0-9]|[0-9][A-Z])\s(?P<number>[0-9]{{2,4}}){_ENDS}")
SIGN = re.compile("[0-9A-Z] [0-9]{2}")
_LETTERS = re.compile("[A-Z]{1,5}")
_CONTEXT_CHARS = 48
_FEWEST_FIGURES = 3
_SHORTEST_OF_TWO = 4  # two groups of three may be a PIN code


@cache
def _label_before(forms: SpokenForms) -> re.Pattern[str]:
    links = any_of({*forms.connectors, *forms.code_labels})
    return _stands_before(rf"(?:{any_of(forms.code_labels)})(?:[.:\s–—-]+(?:{links}))?")


@cache
def _flight_before(forms: SpokenForms) -> re.Pattern[str]:
    """Flight, or the flight that is named already: flights 6E 534 and 6E 535."""
    links = any_of({*forms.connectors, *forms.code_labels})
    another = rf"(?:[.:\s]+[A-Z0-9]{{2}}[\s-]?[0-9]{{2,4}},?\s(?:{any_of((*forms.called.ors, *forms.called.ands))}))?"
    return _stands_before(rf"(?:{any_of(forms.flight_words)})[{INDIC_CHARS}]*(?:[.:\s–—-]+(?:{links})){{0,2}}{another}")


def _stands_before(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w{INDIC_CHARS}]){words}[.:\s#–—-]+$", re.IGNORECASE)


def begins_code(word: str, before: str, forms: SpokenForms) -> bool:
    """Whether `word` is letters that a number may follow: BD behind "tracking number", AI behind "flight"."""
    if _LETTERS.fullmatch(word) is None:
        return False
    return _is_behind(_flight_before(forms), before) or _is_behind(_label_before(forms), before)


def _is_behind(label: re.Pattern[str], before: str) -> bool:
    return label.search(before[-_CONTEXT_CHARS:]) is not None


def say_labelled_codes(text: str, before: str, forms: SpokenForms) -> str:
    """Tracking number BD 4512 7789 and flight AI 480: every letter and figure by itself."""

    def of_flight(found: re.Match[str]) -> str:
        named = _is_behind(_flight_before(forms), f"{before}{text[: found.start()]}")
        if not named or counts_next(text[found.end() :], forms):
            return found[0]
        return said_code(spelt(found["line"] + found["number"], forms.numbers), found, forms)

    text = _FLIGHT.sub(of_flight, text)

    def of_code(found: re.Match[str]) -> str:
        named = _is_behind(_label_before(forms), f"{before}{text[: found.start()]}")
        return _spoken_code(found, text[found.end() :], forms) if named else found[0]

    return _CODE.sub(of_code, text)


def _spoken_code(found: re.Match[str], after: str, forms: SpokenForms) -> str:
    letters, groups, left = found["letters"], found["groups"].split(), ""
    if counts_next(after, forms):  # AB 4521 20 minutes
        *groups, left = groups
    if letters and len("".join(groups)) < _FEWEST_FIGURES:
        return found[0]  # coupon code SAVE 50
    if letters in forms.currencies or not (groups and (letters or _are_groups(groups))):
        return found[0]
    said = grouped_digits(groups, forms.numbers)
    if letters:
        named = letters.lower() in forms.strong_cues | forms.weak_cues  # AWB
        said = f"{letters if named else spelt(letters, forms.numbers)} {said}"
    if tail := found["tail"]:  # EK 458 721 963 IN
        said = f"{said} {spelt(tail, forms.numbers) if letters else tail}"
    if left:
        return f"{said}, {left}{found['ending'] or ''}"
    return said_code(said, found, forms)


def _are_groups(groups: list[str]) -> bool:
    """Whether these are one number in groups, not a code and a quantity: the last may be cut short."""
    length, last = len(groups[0]), len(groups[-1])
    if len(groups) == 2:
        return length == last >= _SHORTEST_OF_TWO
    same = all(len(group) == length for group in groups[:-1])
    return len(groups) > 2 and same and length >= _SHORTEST_OF_TWO - 1 and last <= length
