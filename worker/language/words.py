"""Turns a transcript into the words that can show a language: without numbers, codes and addresses.

Apart from the rules because it has its own traps: digits in nine scripts, codes glued to words, spoken addresses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from worker.text.normalise import normalised
from worker.text.scripts import LATIN, script_of

MAX_CHARACTERS = 1000
"""A turn is judged by its first characters only: nobody speaks longer in one turn, and garbage must stay cheap."""

# Addresses and codes carry no grammar: an e-mail, a web address, anything with a digit in it.
_NOT_WORDS = re.compile(
    r"\d[\d:.]*\s*[ap]\.?\s?m\b\.?"  # a time of day: its "am" is no verb
    r"|\b[a-z]{2}[\s-]*\d{1,2}[\s-]*[a-z]{1,3}[\s-]*\d{1,4}\b"  # a vehicle's plate: KA 03 MN 9988
    r"|(?:^|(?<=[,;]))\s*(?:[a-z]{1,2}[\s-]*\d+[\s-]*)+[a-z]{0,2}\W*$"  # a piece of one: "KA 03", "MH 12 DE"
    r"|https?://\S+|www\.\S+|\S+@\S+|\b[\w-]+\.(?:com|in|org|net|gov|io)\b"
    r"|[A-Za-z₹$#]*[-/]?\d[\dA-Za-z,.:/%+*-]*"
)
_SPOKEN_EMAIL = re.compile(
    r"(?:[\w.]+ (?:dot|underscore|hyphen|dash) )*[\w.]+ at (?:the rate (?:of )?)?[\w.]+"
    r" dot (?:com|in|co|org|net|edu|gov)\b(?: dot in\b)?"
)
_WORD = re.compile(
    r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+"
    r"|[\u0900-\u0963\u0970-\u097f]+|[\u0980-\u09e3\u09f0-\u09ff]+|[\u0a00-\u0a7f]+|[\u0a80-\u0aff]+|[\u0b00-\u0b7f]+"
    r"|[\u0b80-\u0bff]+|[\u0c00-\u0c7f]+|[\u0c80-\u0cff]+|[\u0d00-\u0d7f]+"
    r"|[.?!।॥,;:]"
    r"|[^\W\d_]+"
)
_BREAKS = frozenset(".?!।॥,;:")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a turn. `ends_clause` is true where punctuation follows it."""

    text: str
    script: str
    ends_clause: bool = False


_FOLDS = (
    ("chh", "c"), ("ch", "c"), ("th", "t"), ("dh", "d"), ("bh", "b"), ("gh", "g"), ("kh", "k"), ("jh", "j"),
    ("ph", "f"), ("sh", "s"), ("zh", "l"), ("oo", "u"), ("ee", "i"), ("ou", "au"), ("w", "v"), ("z", "j"),
)  # fmt: skip
_DOUBLED = re.compile(r"(.)\1+")


def folded(word: str) -> str:
    """A romanised word without the choices that writers make freely: long vowels, aspirates, doubled letters."""
    for written, kept in _FOLDS:
        word = word.replace(written, kept)
    word = _DOUBLED.sub(r"\1", word)
    return word[1:] if word.startswith("ye") else word


_LIGHT_FOLDS = (("oo", "u"), ("ee", "i"), ("w", "v"), ("z", "j"))


def lightly_folded(word: str) -> str:
    """A romanised word without long vowels; aspirates and doubled consonants tell words apart, so they stay."""
    for written, kept in _LIGHT_FOLDS:
        word = word.replace(written, kept)
    return word.replace("aa", "a")


def loosely_spelt(word: str) -> str:
    """A romanised word as `folded`, any other as it is."""
    return folded(word) if script_of(word[0]) == LATIN else word


def words_of(text: str) -> list[Word]:
    """The words of a turn in order, without numbers, codes and addresses."""
    cleaned = _NOT_WORDS.sub(" , ", normalised(text[:MAX_CHARACTERS]))
    if " dot " in cleaned:
        cleaned = _SPOKEN_EMAIL.sub(" , ", cleaned)
    words: list[Word] = []
    for piece in _WORD.findall(cleaned):
        if piece in _BREAKS:
            if words and not words[-1].ends_clause:
                words[-1] = Word(words[-1].text, words[-1].script, ends_clause=True)
            continue
        words.append(Word(piece, script_of(piece[0])))
    return words
