"""Finds PANs however they are spelt: "ABCPE1234F", "a b c p e one two three four f", "ए बी सी पी ई 1 2 3 4 एफ"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from records.masking.kinds import LIKE_A_PAN, PAN, Kind
from records.masking.reading import Reading
from records.masking.words import words

_LENGTH, _FIRST_LETTERS, _FIGURES_END = 10, 5, 9
_EXAMPLES = frozenset({"for", "as", "like", "se"})  # "a for apple", "p as in papa"
_IN = "in"
_NEAR_TOKENS = 8


@dataclass(frozen=True, slots=True)
class Pan:
    """One PAN: where it stands, and its characters."""

    start: int
    end: int
    characters: str


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one stretch of a text spells, as letters or as figures."""

    last: int
    readings: tuple[str, ...]
    is_word: bool
    """Small letters joined as a word's are."""


def pans_in(reading: Reading, asked: str | None = None) -> Iterator[Pan]:
    """The PANs of a text, in order."""
    place = 0 if reading.has_figures else len(reading.tokens)
    while place < len(reading.tokens):
        found = _pan_at(reading, place, asked)
        if found is None:
            place += 1
            continue
        last, characters = found
        yield Pan(reading.tokens[place].start, reading.tokens[last].end, characters)
        place = last + 1


def _pan_at(reading: Reading, first: int, asked: str | None) -> tuple[int, str] | None:
    spelt, place, has_words = "", first, False
    while place < len(reading.tokens) and len(spelt) < _LENGTH:
        piece = _piece_at(reading, place, len(spelt))
        fitting = next((read for read in piece.readings if _fits(spelt + read)), None) if piece else None
        if piece is None or fitting is None or (place > first and not reading.joins(place)):
            return None
        spelt, place, has_words = spelt + fitting, piece.last + 1, has_words or piece.is_word
    if len(spelt) < _LENGTH or not LIKE_A_PAN.fullmatch(spelt):
        return None
    named = asked == Kind.PAN or any(
        topic.name == Kind.PAN and abs(topic.last - first) <= _NEAR_TOKENS for topic in reading.topics
    )
    sure = PAN.fullmatch(spelt) is not None and not has_words
    return (place - 1, spelt) if named or sure else None


def _fits(spelt: str) -> bool:
    """Whether a PAN may begin so."""
    return len(spelt) <= _LENGTH and all(
        character.isdigit() == (_FIRST_LETTERS <= place < _FIGURES_END) for place, character in enumerate(spelt)
    )


def _piece_at(reading: Reading, place: int, so_far: int) -> _Piece | None:
    token = reading.tokens[place]
    word = token.word
    wants_figures = _FIRST_LETTERS <= so_far < _FIGURES_END
    times = words().repeats.get(word)
    if times is not None and not wants_figures and place + 1 < len(reading.tokens):
        inner = _piece_at(reading, place + 1, so_far)
        if inner is not None and len(inner.readings[0]) == 1:
            return _Piece(inner.last, (inner.readings[0] * times,), is_word=False)
    if wants_figures and (element := reading.element_at(place)) is not None:
        return _Piece(element.last, (element.digits,), is_word=False)
    if word.isascii() and word.isalnum() and len(word) <= _LENGTH:
        written = reading.text[token.start : token.end]
        joined = len(word) > 1 and written != written.upper()
        is_word = joined and word.isalpha()
        return _Piece(_behind_example(reading, place), (word.upper(),), is_word)
    letters = _letters_named(word)
    return _Piece(_behind_example(reading, place), (letters.upper(),), is_word=False) if letters else None


def _behind_example(reading: Reading, place: int) -> int:
    """The last token of "a for apple", where a letter stands alone; the letter's own elsewhere."""
    following = [token.word for token in reading.tokens[place + 1 : place + 4]]
    if len(reading.tokens[place].word) != 1 or len(following) < 2 or following[0] not in _EXAMPLES:
        return place
    if following[1] == _IN and len(following) == 3:
        return place + 3
    return place + 2 if following[1][:1] == reading.tokens[place].word else place


def _letters_named(word: str) -> str:
    """The letters whose names a word is made of: "abc" of "एबीसी"; nothing for other words."""
    names = words().letters
    spelt, rest = "", word
    while rest:
        size = next((size for size in range(len(rest), 0, -1) if rest[:size] in names), 0)
        if size == 0:
            return ""
        spelt, rest = spelt + names[rest[:size]], rest[size:]
    return spelt
