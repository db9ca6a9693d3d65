"""Names the characters that Indian words are written with, for patterns that must know where a word ends."""

import re
from collections.abc import Iterable

INDIC_CHARS = r"\u0900-\u0963\u0966-\u0d7f\u200c\u200d"
"""What a word may go on with, for use in a character class: also the joiners, which some words are spelt with."""

INDIC = r"[\u0900-\u0963\u0966-\u0d7f]"
"""Letters and vowel signs of the Indian scripts. Not danda and double danda, U+0964 and U+0965: they end a sentence."""

APART = "\ue002"
"""A private character in place of the space before a case ending that stands as a word of its own: 1:30 ರವರೆಗೆ."""

AFTER_SHORT_FORM = "\u00a0"
"""The space behind a short form that was written out: ನಂಬರ್ for ನಂ."""

ENDING = rf"(?:[-\u2011]?(?P<ending>{APART}?{INDIC}[{INDIC_CHARS}]*))?"
"""A case ending, or a word, written on to a number, a time or a code: 10:15-க்கு, 2026-ന്; or marked with APART."""

NOT_A_LETTER = rf"(?![^\W\d_]|{INDIC})"
"""What must follow a unit, a scale or a month. A vowel sign is no letter to `re`, so both are named."""


def longest_first(words: Iterable[str]) -> list[str]:
    """The order in which a pattern tries words, so that none hides a longer one."""
    return sorted(words, key=len, reverse=True)


def any_of(words: Iterable[str]) -> str:
    """A pattern for one of some words, as they are written."""
    return "|".join(map(re.escape, longest_first(words)))
