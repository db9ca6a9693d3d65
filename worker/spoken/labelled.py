"""Finds codes written with spaces, by the word before them: tracking number BD 4512 7789, flight 6E 534."""

import re
from functools import cache

from worker.spoken.endings import said_code
from worker.spoken.forms import SpokenForms
from worker.spoken.letters import ENDING, INDIC_CHARS
from worker.spoken.numbers import digits, grouped_digits
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
def _label_before(forms: SpokenForms, *, of_flights: bool) -> re.Pattern[str]:
    words = forms.flight_words if of_flights else forms.code_labels
    stems = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    links = "|".join(re.escape(word) for word in sorted((*forms.connectors, *forms.code_labels), key=len, reverse=True))
    bent = rf"[{INDIC_CHARS}]*" if of_flights else ""
    link = rf"(?:[.:\s–—-]+(?:{links}))" + ("{0,2}" if of_flights else "?")
    ors = "|".join(re.escape(word) for word in (*forms.called.ors, *forms.called.ands))
    if of_flights:  # flights 6E 534 and 6E 535
        link = rf"{link}(?:[.:\s]+[A-Z0-9]{{2}}[\s-]?[0-9]{{2,4}},?\s(?:{ors}))?"
    return re.compile(rf"(?<![\w{INDIC_CHARS}])(?:{stems}){bent}{link}[.:\s#–—-]+$", re.IGNORECASE)


def begins_code(word: str, before: str, forms: SpokenForms) -> bool:
    """Whether `word` is letters that a number may follow: BD behind "tracking number", AI behind "flight"."""
    return _LETTERS.fullmatch(word) is not None and any(_is_labelled(before, forms))


def _is_labelled(before: str, forms: SpokenForms) -> tuple[bool, bool]:
    """(as a flight, as any other code)."""
    before = before[-_CONTEXT_CHARS:]
    flight, code = (_label_before(forms, of_flights=of_flights).search(before) for of_flights in (True, False))
    return flight is not None, code is not None


def say_labelled_codes(text: str, before: str, forms: SpokenForms) -> str:
    """Tracking number BD 4512 7789 and flight AI 480: every letter and figure by itself."""

    def of_flight(found: re.Match[str]) -> str:
        flight, _ = _is_labelled(f"{before}{text[: found.start()]}", forms)
        if not flight or counts_next(text[found.end() :], forms):
            return found[0]
        return said_code(_spelt(found["line"] + found["number"], forms), found, forms)

    text = _FLIGHT.sub(of_flight, text)

    def of_code(found: re.Match[str]) -> str:
        _, code = _is_labelled(f"{before}{text[: found.start()]}", forms)
        return _spoken_code(found, text[found.end() :], forms) if code else found[0]

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
        said = f"{letters if named else _spelt(letters, forms)} {said}"
    if tail := found["tail"]:  # EK 458 721 963 IN
        said = f"{said} {_spelt(tail, forms) if letters else tail}"
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


def _spelt(code: str, forms: SpokenForms) -> str:
    return " ".join(digits(char, forms.numbers) if char.isdigit() else char for char in code)
