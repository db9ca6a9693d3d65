"""Reads which digits a text says, where, and what it says that they are.

Digits come as figures of any script, as words of eleven languages in their own letters or in Latin ones, mixed, and in
groups that blanks, commas and hyphens part.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from records.masking.kinds import Kind
from records.masking.normalise import normalised
from records.masking.words import (
    KEPT_SOUNDS,
    OTHER,
    can_begin_number,
    can_begin_topic,
    longest_number,
    value_of,
    words,
)

_MARKS = "".join(
    chr(code)
    for code in range(0x300, 0xE00)
    if unicodedata.category(chr(code)).startswith("M") and code < sys.maxunicode
)
_TOKEN = re.compile(rf"(?:[^\W_]|[{_MARKS}\u200c\u200d])+")
_JOINS = re.compile(r"[\s,.\-\u2010-\u2015\u2212\u2026|\u0964\u0965·•()\u200b\u2060\ufeff\u00ad]{0,6}")
"""What may stand within a number; a colon, a slash and a currency's sign may not."""
_DATE = re.compile(
    r"(?<![\d/.-])(?:\d{1,2}([/.-])\d{1,2}\1\d{2}(?:\d\d)?|\d{4}([/.-])\d{1,2}\2\d{1,2})(?![\d]|[/.-]\d)"
)
_MONEY_SIGNS = frozenset("₹$€£%")
_SENTENCE_ENDS = re.compile(r"[.?!।॥\n](?:\s|$)")
_MOST_FILLERS = 2
_FEWEST_WEAK = 3
_BEHIND_TOKENS = 5  # "4521 is my OTP"
_BEFORE_TOKENS = 14
_CARDS = {"card", "cards", "कार्ड", "কার্ড", "કાર્ડ", "ਕਾਰਡ", "କାର୍ଡ", "கார்டு", "கார்ட்", "కార్డు", "కార్డ్", "ಕಾರ್ಡ್", "കാർഡ്"}
_SPELT_WORDS = frozenset({"otp", "cvv", "cvc", "pan", "pin", "mpin"})


@dataclass(slots=True)
class Token:
    """One word or group of figures."""

    start: int
    end: int
    word: str
    """In `normalised` form; figures are ASCII."""

    @property
    def is_figures(self) -> bool:
        return self.word.isdecimal()


@dataclass(frozen=True, slots=True)
class Element:
    """One or more tokens that say digits together: "8", "eighty eight", "double eight"."""

    first: int
    last: int
    digits: str
    weak: bool
    """An ordinary word too: "to", "do"."""


@dataclass(slots=True)
class Run:
    """Digits that are said one after the other."""

    elements: list[Element]
    is_amount: bool = False
    has_plus: bool = False

    @property
    def digits(self) -> str:
        return digits_of(self.elements)

    def variants(self) -> Iterator[list[Element]]:
        """The elements, with and without words at both ends that may be no digits."""
        begin, end = 0, len(self.elements)
        while begin < end and self.elements[begin].weak:
            begin += 1
        while end > begin and self.elements[end - 1].weak:
            end -= 1
        seen = set()
        for first, last in ((0, len(self.elements)), (begin, len(self.elements)), (0, end), (begin, end)):
            if first < last and (first, last) not in seen:
                seen.add((first, last))
                yield self.elements[first:last]


def digits_of(elements: Sequence[Element]) -> str:
    """What the elements say, as ASCII figures."""
    return "".join(element.digits for element in elements)


@dataclass(frozen=True, slots=True)
class Topic:
    """Words that tell what a number is."""

    first: int
    last: int
    name: str


@dataclass
class Reading:
    """One text, read."""

    text: str
    tokens: list[Token] = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = [Token(found.start(), found.end(), _word(found[0])) for found in _TOKEN.finditer(self.text)]

    @cached_property
    def runs(self) -> list[Run]:
        """The numbers, in order."""
        dates = [found.span() for found in _DATE.finditer(self.text) if _is_date(found[0])]
        runs: list[Run] = []
        place = 0
        while place < len(self.tokens):
            if not can_begin_number(self.tokens[place].word):
                place += 1
                continue
            run, place = self._run_at(place, dates)
            strong = [element for element in run.elements if not element.weak]
            if strong or len(run.elements) >= _FEWEST_WEAK:
                run.is_amount = run.is_amount or self._is_amount(run)
                run.has_plus = "+" in self.gap_before(run.elements[0].first)[-2:]
                runs.append(run)
        return runs

    @cached_property
    def topics(self) -> list[Topic]:
        """The words that say what a number is, in order."""
        topics: list[Topic] = []
        place = 0
        while place < len(self.tokens):
            begins = can_begin_topic(self.tokens[place].word)
            found = (self._spelt_topic(place) or self._topic_phrase(place)) if begins else None
            if found is None:
                place += 1
                continue
            last, name = found
            if topics and topics[-1].last == place - 1 and self.tokens[place].word in _CARDS | {"code"}:
                name = topics[-1].name  # "Aadhaar card", "PAN card"
            topics.append(Topic(place, last, name))
            place = last + 1
        return topics

    def topic_of(self, run: Run, taken: set[int]) -> str | None:
        """What the words around a number say that it is; `taken` are the topics of numbers before it."""
        first, last = run.elements[0].first, run.elements[-1].last
        before = next((t for t in reversed(self.topics) if t.last < first and t.first not in taken), None)
        behind = next((t for t in self.topics if t.first > last), None)
        far_before = first - before.last if before else _BEFORE_TOKENS + 1
        far_behind = behind.first - last if behind and not self._runs_between(last, behind.first) else sys.maxsize
        if behind and (self._sentence_ends_between(last, behind.first) or self._is_of_the_next(behind, far_behind)):
            far_behind = sys.maxsize
        if before and far_before <= min(_BEFORE_TOKENS, far_behind):
            return before.name
        if behind and far_behind <= _BEHIND_TOKENS:
            taken.add(behind.first)
            return behind.name
        return None

    @cached_property
    def is_digits_only(self) -> bool:
        """Whether nothing is said beside digits and what people say between them."""
        inside = {place for run in self.runs for e in run.elements for place in range(e.first, e.last + 1)}
        fillers = words().fillers
        return bool(inside) and all(
            place in inside or token.word in fillers or len(token.word) == 1 for place, token in enumerate(self.tokens)
        )

    @cached_property
    def asked(self) -> str | None:
        """What kind of number is asked for; the last sentence that names one decides, a mere phone does not."""
        phone = None
        for first, last in reversed(self.sentences()):
            names = [topic.name for topic in self.topics if first <= topic.first <= last]
            secret = [name for name in names if name not in (OTHER, Kind.PHONE)]
            if secret:
                return secret[-1]
            if OTHER in names:
                return OTHER
            phone = phone or (Kind.PHONE.value if Kind.PHONE in names else None)
        return phone

    @property
    def has_figures(self) -> bool:
        """Whether any digit is said or written, alone or in a code."""
        return bool(self.runs) or any(letter.isdecimal() for letter in self.text)

    def sentences(self) -> list[tuple[int, int]]:
        """First and last token of each sentence."""
        spans, first = [], 0
        for place in range(len(self.tokens)):
            if place == len(self.tokens) - 1 or self._sentence_ends_between(place, place + 1):
                spans.append((first, place))
                first = place + 1
        return spans

    def gap_before(self, place: int) -> str:
        """What stands between a token and the one before it."""
        start = self.tokens[place - 1].end if place else 0
        return self.text[start : self.tokens[place].start]

    def joins(self, place: int) -> bool:
        """Whether a token may go on with a number that the token before it belongs to."""
        return _JOINS.fullmatch(self.gap_before(place)) is not None

    def element_at(self, place: int) -> Element | None:
        """The digits that begin at a token, as many words as belong together."""
        token, known = self.tokens[place], words()
        if token.is_figures:
            return Element(place, place, token.word, weak=False)
        times = known.repeats.get(token.word)
        if times is not None and place + 1 < len(self.tokens) and self.joins(place + 1):
            inner = self.element_at(place + 1)
            if inner is not None and len(inner.digits) == 1:
                return Element(place, inner.last, inner.digits * times, weak=False)
        for size in range(min(longest_number(token.word), len(self.tokens) - place), 0, -1):
            said = tuple(each.word for each in self.tokens[place : place + size])
            if all(self.joins(place + step) for step in range(1, size)) and (value := value_of(said)) is not None:
                return Element(place, place + size - 1, value, weak=size == 1 and token.word in known.weak)
        return None

    def _run_at(self, place: int, dates: list[tuple[int, int]]) -> tuple[Run, int]:
        """The number that begins at a token, and the token behind it; one without elements where none does."""
        run, fillers, known = Run([]), 0, words()
        while place < len(self.tokens):
            token = self.tokens[place]
            if run.elements and not self.joins(place):
                break
            if any(start <= token.start < end for start, end in dates):
                return run, place if run.elements else place + 1
            element = self.element_at(place)
            if element is not None:
                if run.elements and self._is_decimal(place):
                    run.is_amount = True
                run.elements.append(element)
                place, fillers = element.last + 1, 0
            elif token.word in known.scales:
                run.is_amount = True
                return run, place + 1
            elif run.elements and token.word in known.fillers and fillers < _MOST_FILLERS:
                place, fillers = place + 1, fillers + 1
            else:
                break
        return run, place if run.elements else place + 1

    def _is_decimal(self, place: int) -> bool:
        """ "1250.50": one point between figures without a blank, one or two figures behind it, and no other point."""
        token = self.tokens[place]
        return (
            self.gap_before(place) == "."
            and token.is_figures
            and len(token.word) <= 2
            and self.tokens[place - 1].is_figures
            and (place < 2 or self.gap_before(place - 1) != ".")
            and (place + 1 == len(self.tokens) or self.gap_before(place + 1) != ".")
        )

    def _is_amount(self, run: Run) -> bool:
        known = words()
        first, last = run.elements[0].first, run.elements[-1].last
        around = [self.tokens[place].word for place in (first - 1, last + 1) if 0 <= place < len(self.tokens)]
        behind = self.gap_before(last + 1) if last + 1 < len(self.tokens) else self.text[self.tokens[last].end :]
        signs = set(self.gap_before(first)[-2:]) | set(behind[:2])
        before_is_scale = first > 0 and self.tokens[first - 1].word in known.scales
        return bool(
            signs & _MONEY_SIGNS
            or any(word in known.money or word in known.months for word in around)
            or before_is_scale
        )

    def _topic_phrase(self, place: int) -> tuple[int, str] | None:
        known = words()
        longest = known.longest_topic.get(self.tokens[place].word, 0)
        for size in range(min(longest, len(self.tokens) - place), 0, -1):
            name = known.topics.get(tuple(token.word for token in self.tokens[place : place + size]))
            if name is not None:
                return place + size - 1, name
        return None

    def _spelt_topic(self, place: int) -> tuple[int, str] | None:
        """ "o t p", "सी वी वी"."""
        letters = words().letters
        spelt = ""
        for last in range(place, min(place + 4, len(self.tokens))):
            word = self.tokens[last].word
            letter = word if len(word) == 1 and word.isascii() and word.isalpha() else letters.get(word)
            if letter is None:
                return None
            spelt += letter
            if spelt in _SPELT_WORDS:
                return last, words().topics[(spelt,)]
        return None

    def _runs_between(self, first: int, last: int) -> bool:
        return any(first < run.elements[0].first < last for run in self.runs)

    def _is_of_the_next(self, topic: Topic, far: int) -> bool:
        """Whether words stand as near before another number: "98765 43210, my OTP is 4521"."""
        following = next((run.elements[0].first for run in self.runs if run.elements[0].first > topic.last), None)
        return following is not None and following - topic.last <= far

    def _sentence_ends_between(self, first: int, last: int) -> bool:
        return _SENTENCE_ENDS.search(self.text[self.tokens[first].end : self.tokens[last].start]) is not None


@lru_cache(maxsize=KEPT_SOUNDS)
def _word(written: str) -> str:
    """A word in `normalised` form, figures of any script as ASCII ones."""
    word = normalised(written)
    if word.isascii():
        return word
    return "".join(str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in word)


def _is_date(written: str) -> bool:
    parts = [int(part) for part in re.split(r"[/.-]", written)]
    if parts[0] > 999:
        parts.reverse()
    day, month = sorted(parts[:2], reverse=True)
    return 1 <= day <= 31 and 1 <= month <= 12
