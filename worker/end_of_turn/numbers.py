"""Hears whether a number is still being said: seven digits of ten are not the end of a turn.

Digits arrive as figures ("98450", "984 501"), as words of any of our languages, and mixed; how many are due is
known from what was asked or announced.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from worker.end_of_turn.lexicon import Lexicon, lexicon

PHONE_DIGITS, PIN_DIGITS, AADHAAR_DIGITS = 10, 6, 12
_DUE = {
    "otp": frozenset({4, 6}),
    "pin": frozenset({PIN_DIGITS}),
    "aadhaar": frozenset({AADHAAR_DIGITS}),
    "phone": frozenset({PHONE_DIGITS, PHONE_DIGITS + 1, PHONE_DIGITS + 2, PHONE_DIGITS + 3}),  # with 0 or +91
}
_FIGURES = re.compile(r"[+]?[\d,.]*\d")
_LONG_ENOUGH_TO_BE_A_CODE = 5
OTHER_NUMBER = "other"  # an order's, a meter's: nobody knows how long


@dataclass(frozen=True, slots=True)
class Number:
    """The digits at the very end of what was said."""

    digits: str
    words_used: int
    repeat_pending: bool  # "double" was said, its digit was not
    spoken_singly: bool  # digit by digit or in groups, as codes are; "500" alone is an amount


def trailing_number(words: Sequence[str], language: str) -> Number | None:
    """The number that ends the utterance, or None."""
    lexicons = (lexicon(language), lexicon("en"))
    groups: list[str] = []
    repeat_pending = bool(words) and _repeat(words[-1], lexicons) > 1
    used = 1 if repeat_pending else 0
    while used < len(words):
        group = _digits(words[-1 - used], lexicons)
        if group is None and not (groups and _repeat(words[-1 - used], lexicons) > 1):
            break
        if group is None:
            groups[-1] = groups[-1][0] * (_repeat(words[-1 - used], lexicons) - 1) + groups[-1]
        else:
            groups.append(group)
        used += 1
    if not groups and not repeat_pending:
        return None
    return Number("".join(reversed(groups)), used, repeat_pending, len(groups) > 1)


def _digits(word: str, lexicons: Sequence[Lexicon]) -> str | None:
    if _FIGURES.fullmatch(word):
        return "".join(str(int(letter)) for letter in word if letter.isdigit())
    return next((words.digits[word] for words in lexicons if word in words.digits), None)


def _repeat(word: str, lexicons: Sequence[Lexicon]) -> int:
    return next((int(words.repeats[word]) for words in lexicons if word in words.repeats), 1)


def topic_of(words: Sequence[str], language: str) -> str | None:
    """What kind of value is being talked about; the word nearest the end decides. None when nothing says so."""
    for place in range(len(words) - 1, -1, -1):
        for topic in ("otp", "pin", "aadhaar", "amount", "birth", "email", "phone"):
            if words[place] in about(topic, language):
                return topic if topic != "phone" else _whose_number(words, place, language)
    return None


def about(topic: str, language: str) -> frozenset[str]:
    """The words that say a topic, in this language and in English, which is mixed into all of them."""
    nothing: frozenset[str] = frozenset()
    return lexicon(language).about.get(topic, nothing) | lexicon("en").about.get(topic, nothing)


def _whose_number(words: Sequence[str], place: int, language: str) -> str:
    """`phone` for "phone", "my number" and a bare "number"; "PIN number" is a PIN's; any other has no known length."""
    here, english = lexicon(language), lexicon("en")
    if words[place] not in here.announced | english.announced or place == 0:
        return "phone"
    before = words[place - 1]
    for topic in ("otp", "pin", "aadhaar"):
        if before in about(topic, language):
            return topic
    plain = here.my | english.my | about("phone", language) | here.answers | frozenset(here.open_words) | {"the"}
    return "phone" if before in plain else OTHER_NUMBER


def digits_due(number: Number, topic: str | None) -> str:
    """`more`, `all`, `perhaps` (as many as some have) or `unknown`.

    Judged by the topic's length; without a topic, by what only a phone number looks like.
    """
    if number.repeat_pending:
        return "more"
    said = len(number.digits)
    if topic in _DUE:
        due = _DUE[topic]
        if said in due:
            return "all" if said == max(due) or topic == "phone" else "perhaps"
        return "more" if said < max(due) else "unknown"
    if topic in ("amount", OTHER_NUMBER):
        return "unknown"
    return _without_topic(number, said)


def _without_topic(number: Number, said: int) -> str:
    if said in (PHONE_DIGITS, AADHAAR_DIGITS):
        return "all"
    is_code = number.spoken_singly or number.digits[:1] in tuple("6789")
    if is_code and said >= _LONG_ENOUGH_TO_BE_A_CODE and said != PIN_DIGITS and said < AADHAAR_DIGITS:
        return "more"
    return "unknown"
