"""Finds the codes that the state gives out and people write with spaces: plates of vehicles and PIN codes."""

import re
from collections.abc import Callable
from functools import cache

from worker.spoken.endings import said_code
from worker.spoken.forms import SpokenForms
from worker.spoken.letters import ENDING, INDIC, INDIC_CHARS
from worker.spoken.numbers import spelt

# ---- plates

FEWEST_PLATE_FIGURES = 5


@cache
def _plate_pattern(forms: SpokenForms) -> re.Pattern[str]:
    states = "|".join(sorted(forms.plate_states))
    by_state = rf"(?:{states})[\s-]?[0-9]{{1,2}}[\s-]?(?:[A-Z]{{1,3}}[\s-]?){{1,2}}[0-9]{{4}}"
    of_india = r"[0-9]{2}[\s-]?BH[\s-]?[0-9]{4}[\s-]?[A-Z]{1,2}"
    return re.compile(rf"(?<![\w-])(?P<plate>{by_state}|{of_india})(?!-?[A-Za-z0-9_]){ENDING}")


@cache
def _plate_begun(forms: SpokenForms) -> re.Pattern[str]:
    states = "|".join(sorted(forms.plate_states))
    return re.compile(
        rf"(?<![\w-])(?:(?:{states})\s(?:[0-9]{{1,2}}[\s-]?(?:[A-Z]{{1,3}}\s){{0,2}})?|[0-9]{{2}}\sBH\s(?:[0-9]{{4}}\s)?)$"
    )


def plate_may_go_on(text: str, forms: SpokenForms) -> bool:
    """Whether what is written next may belong to a plate that `text` ends with: KA 01 AB."""
    return _plate_begun(forms).search(text[-16:]) is not None


def say_plates(text: str, forms: SpokenForms) -> str:
    """KA 01 AB 1234 is K A zero one A B one two three four: every letter and figure by itself."""

    def spoken(found: re.Match[str]) -> str:
        plate = found["plate"].replace(" ", "").replace("-", "")
        return said_code(spelt(plate, forms.numbers), found, forms)

    return _plate_pattern(forms).sub(spoken, text)


# ---- PIN codes

_TWO_HALVES = re.compile(r"(?<![\w.,-])([1-8][0-9]{2})\s([0-9]{3})(?![0-9.,]?[0-9]|\s[0-9]|\w)")
_PIN = re.compile(r"[1-8][0-9]{5}")
_WORD_BEFORE = re.compile(rf"(?<![A-Za-z])([A-Z][A-Za-z]+|{INDIC}[{INDIC_CHARS}]*)[\s,(–—-]{{1,3}}$")
_ENDS = re.compile(r"\s*(?:[.,;:)!?।]|$)")


def without_space_in_pins(text: str, before: str, forms: SpokenForms, is_code: Callable[[str, str], bool]) -> str:
    """Pune 411 001 is Pune 411001.

    Args:
        is_code: Whether a number is a code for another reason, given what stands before it: PIN 560 034.
    """

    def joined(found: re.Match[str]) -> str:
        pin = found[1] + found[2]
        context = f"{before}{text[: found.start()]}"
        return pin if is_code(pin, context) or is_pin(pin, context, text[found.end() :], forms) else found[0]

    return _TWO_HALVES.sub(joined, text)


def with_pause_before_pins(text: str, before: str, forms: SpokenForms) -> str:
    """दिल्ली-110092 is दिल्ली, 110092, as it is with spaces around its hyphen."""

    def apart(found: re.Match[str]) -> str:
        context = f"{before}{text[: found.start()]}{found['place']}-"
        after = text[found.end() :]
        pin = found["pin"].replace(" ", "")
        return f"{found['place']}, {pin}" if is_pin(pin, context, after, forms) else found[0]

    return _PLACE_AND_PIN.sub(apart, text)


_PLACE_AND_PIN = re.compile(
    rf"(?<![\w{INDIC_CHARS}-])(?P<place>[A-Z][a-z]+|{INDIC}[{INDIC_CHARS}]*)[-\u2011–—](?P<pin>[1-8][0-9]{{2}}\s?[0-9]{{3}})(?![0-9A-Za-z]|[.,/-][0-9])"
)


@cache
def _pin_named(forms: SpokenForms) -> re.Pattern[str]:
    """The PIN code of Solapur is 413001: named in the same sentence, with no other figure between."""
    return re.compile(rf"(?<![\w{INDIC_CHARS}])(?:{'|'.join(forms.pins.names)})[^.!?।0-9\n]{{1,40}}$", re.IGNORECASE)


def is_pin(written: str, before: str, after: str, forms: SpokenForms) -> bool:
    """Whether six figures are a PIN code: behind a town that has such PINs, or behind another name where they end."""
    if not _PIN.fullmatch(written):
        return False
    if _pin_named(forms).search(before[-60:]):
        return True
    place = _WORD_BEFORE.search(before)
    if place is None or written.endswith("000"):
        return False
    if place[1].isascii() and len(place[1]) == 2 and place[1] not in forms.plate_states:  # Noida, UP 201309
        return False
    if zones := forms.pins.places.get(place[1].lower()):
        return written[0] in zones
    if written.endswith("00") or counts(before, forms):
        return False
    return _ENDS.match(after) is not None or _first_word(after) in forms.pins.followers


def _first_word(text: str) -> str:
    return text.split(maxsplit=1)[0].strip(".,:;").lower()


def counts(before: str, forms: SpokenForms) -> bool:
    """Whether a word such as "total" stands close before: what follows is a quantity."""
    words = [word.strip(".,:;()\"'-") for word in before.lower().split()[-3:]]
    return not forms.pins.quantities.isdisjoint(words) or any(
        word.startswith(forms.pins.quantity_stems) for word in words
    )


def counts_next(after: str, forms: SpokenForms) -> bool:
    """Whether what follows is counted or measured: a bill of 1250 rupees is no bill number 1250."""
    word = "".join(after.split(maxsplit=1)[:1]).strip(".,:;!?()।").lower()
    return bool(word) and (word in forms.counted or word in forms.units or word.startswith(forms.counted_stems))
