"""Decides which of the numbers in a text are secret, and of what kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from records.masking.kinds import (
    AADHAAR_DIGITS,
    AADHAAR_VIRTUAL_DIGITS,
    CARD_DIGITS,
    Kind,
    could_be_a_card,
    is_aadhaar,
    is_card,
    is_phone,
)
from records.masking.reading import Element, Reading, Run, digits_of
from records.masking.spelt import pans_in
from records.masking.words import OTHER

_TOPIC_DIGITS: Mapping[str, range] = MappingProxyType(
    {
        Kind.CARD: range(8, 20),
        Kind.CVV: range(3, 5),
        Kind.PIN: range(4, 5),  # six are a postal code's as well, unless only they are said
        Kind.OTP: range(4, 9),
        Kind.AADHAAR: range(8, 17),
        Kind.ACCOUNT: range(8, 19),
        Kind.PHONE: range(8, 14),
    }
)
"""How many digits a number has that words around it call so; parts of long ones count, as that is how they are said."""
_FEWEST_ASKED_DIGITS = 2
_FEWEST_KNOWN_DIGITS = 6
_GROUPS_OF_FOUR = 4
_NOTHING: Mapping[str, Kind] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Found:
    """One secret number: where it stands, and its characters as they would be typed."""

    kind: Kind
    start: int
    end: int
    characters: str


def sensitive_in(text: str, asked: str | None = None, known: Mapping[str, Kind] = _NOTHING) -> list[Found]:
    """The secret numbers of a text, in order, none over another.

    Args:
        asked: What the other one has asked for just before: a `Kind`, or "other" for an order's number and the like.
        known: Numbers that are secret wherever they stand, by their digits: said earlier in the conversation.
    """
    return sensitive_parts(Reading(text), asked, known)


def sensitive_parts(reading: Reading, asked: str | None, known: Mapping[str, Kind]) -> list[Found]:
    """The same of a text that is read already."""
    found = [Found(Kind.PAN, pan.start, pan.end, pan.characters) for pan in pans_in(reading, asked)]
    taken: set[int] = set()
    for run in reading.runs:
        topic = reading.topic_of(run, taken) or asked
        said_alone = topic == asked and topic is not None and reading.is_digits_only
        for kind, elements in _kinds_of(run, topic, said_alone, known):
            start, end = reading.tokens[elements[0].first].start, reading.tokens[elements[-1].last].end
            if not any(start < other.end and other.start < end for other in found):
                found.append(Found(kind, start, end, digits_of(elements)))
    return sorted(found, key=lambda each: each.start)


Part = tuple[Kind, Sequence[Element]]


def _kinds_of(run: Run, topic: str | None, said_alone: bool, known: Mapping[str, Kind]) -> Iterator[Part]:
    """The secret parts of one run of digits."""
    known_kind = _known_kind(run.digits, known)
    if known_kind is not None and topic != OTHER:
        yield known_kind, run.elements
        return
    if cards := _cards(run, topic):
        yield from cards
        return
    if run.is_amount:
        return
    kind = _kind_by_itself(run, topic) or _kind_by_topic(run, topic, said_alone)
    if kind is not None:
        yield kind, run.elements


def _known_kind(digits: str, known: Mapping[str, Kind]) -> Kind | None:
    if digits in known:
        return known[digits]
    return next(
        (
            kind
            for secret, kind in known.items()
            if (len(secret) >= _FEWEST_KNOWN_DIGITS and secret in digits)
            or (len(digits) >= _FEWEST_KNOWN_DIGITS and digits in secret)
        ),
        None,
    )


def _cards(run: Run, topic: str | None) -> list[Part]:
    """The card in a run, and what is said right after it: the three digits on its back."""
    if run.has_plus:
        return []
    for elements in run.variants():
        if is_card(digits_of(elements)) and (
            topic not in (OTHER, Kind.ACCOUNT) or len(digits_of(elements)) in (15, 16)
        ):
            return [(Kind.CARD, elements)]
    for part in _windows(run.elements, (15, 16)):
        if is_card(digits_of(part)):
            begin = run.elements.index(part[0])
            rest = run.elements[begin + len(part) :]
            behind: list[Part] = [(Kind.CVV, rest)] if len(digits_of(rest)) in (3, 4) else []
            return [(Kind.CARD, part), *behind]
    return []


def _windows(elements: Sequence[Element], lengths: tuple[int, ...]) -> Iterator[Sequence[Element]]:
    """Parts of a run that are as long, whole elements only."""
    for begin in range(len(elements)):
        length = 0
        for end in range(begin, len(elements)):
            length += len(elements[end].digits)
            if length in lengths:
                yield elements[begin : end + 1]
            if length > max(lengths):
                break


def _kind_by_itself(run: Run, topic: str | None) -> Kind | None:
    """What the digits are whoever says so."""
    candidates = [digits_of(elements) for elements in run.variants()]
    if topic == OTHER:
        return None
    if run.has_plus or (topic not in (Kind.AADHAAR, Kind.ACCOUNT, Kind.CARD) and _is_phone(run, candidates)):
        return Kind.PHONE if topic != Kind.OTP or any(map(is_phone, candidates)) else None
    if any(map(is_aadhaar, candidates)):
        return Kind.ACCOUNT if topic == Kind.ACCOUNT else Kind.AADHAAR
    if any(map(could_be_a_card, candidates)):
        return Kind.ACCOUNT if topic == Kind.ACCOUNT else Kind.CARD
    groups = [len(element.digits) for element in run.elements]
    if set(groups) == {_GROUPS_OF_FOUR} and topic is None:  # misheard in one digit, no rule holds for it any more
        return {AADHAAR_DIGITS: Kind.AADHAAR, AADHAAR_VIRTUAL_DIGITS: Kind.CARD}.get(sum(groups))
    return None


def _is_phone(run: Run, candidates: Sequence[str]) -> bool:
    """Twelve digits that begin with 91 are as well an Aadhaar number's, unless 91 is said apart."""
    return any(
        is_phone(digits) and (len(digits) != AADHAAR_DIGITS or run.elements[0].digits == "91" or not is_aadhaar(digits))
        for digits in candidates
    )


def _kind_by_topic(run: Run, topic: str | None, said_alone: bool) -> Kind | None:
    """What the words around the digits, or the question before them, call them."""
    if topic is None or topic == OTHER or topic not in _TOPIC_DIGITS:
        return None
    lengths = {len(digits_of(elements)) for elements in run.variants()}
    if any(length in _TOPIC_DIGITS[topic] for length in lengths):
        return Kind(topic)
    longest = max(CARD_DIGITS)
    if said_alone and topic != Kind.PHONE and any(_FEWEST_ASKED_DIGITS <= length <= longest for length in lengths):
        return Kind(topic)
    return None
