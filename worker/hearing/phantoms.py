"""Tells words that a recogniser has made out of noise from words that somebody has said.

A door, a television or a cough becomes "Thanks for watching!" now and then. What is doubtful is at most asked about; a
caller is never answered for what they have not said.
"""

from __future__ import annotations

import math
import re
import time
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache

from worker.hearing.acknowledgements import is_acknowledgement
from worker.lang import shared
from worker.text.normalise import normalised

MIN_PROBABILITY = 0.3  # of the language claimed, which is low for noise; and for one word of any language
FEWEST_DOUBTED_WORDS = 3
MAX_LETTERS_PER_SECOND = 25.0  # the fastest speakers stay below 20
FEWEST_LETTERS = 15  # shorter ones are said in no time
UNHEARD_SECONDS = 0.3  # the voice detector's: soft beginnings and endings
ASKED_AGAIN_SECONDS = 20.0
# Reasons for the log.
OUTRO, TOO_FAST, IMPROBABLE = "outro", "too_fast", "improbable"
_ANNOTATION = re.compile(r"\s*(?:[\[(（♪*<{【][^\])）♪*>}】]*[\])）♪*>}】]\s*[.!…]*\s*)+")
# Who wrote the subtitles of the training videos, in any language.
_CREDIT = re.compile(
    r"amara\s?(?:\.|dot)\s?org(?![a-z])"
    r"|^\W*(?:transcribed|translated|captioned|captions|subtitles|subtitled) by\b",
    re.IGNORECASE,
)
# What the recogniser has letters for: India's languages and English.
SCRIPTS = (
    "LATIN", "ARABIC", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA",
    "MALAYALAM", "OL CHIKI", "MEETEI MAYEK",
)  # fmt: skip
_WORD = re.compile(r"[^\s.,!?।॥…:;\-–—\"“”‘()&]+")


class VoiceHeard:
    """How long the caller's voice was heard since the recogniser's last words."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._seconds = 0.0
        self._since: float | None = None

    def user_state_changed(self, state: str, at: float) -> None:
        """Follow the framework's voice detector; it dates both ends back to where they were."""
        if state == "speaking":
            self._since = at
        elif self._since is not None:
            self._seconds += max(0.0, at - self._since)
            self._since = None

    def take_seconds(self) -> float | None:
        """The length of what was heard for the words that have just come; None where no voice was heard for them.

        Late words come while the caller speaks on: what is running then counts for them, and for the next ones too.
        Rather too long than too short: nobody shall be told that they have not spoken.
        """
        running = 0.0 if self._since is None else max(0.0, self._now() - self._since)
        seconds, self._seconds = self._seconds + running, 0.0
        return seconds or None


class Doubts:
    """Whether somebody has said the words that a recogniser writes, in one call.

    What is only doubtful is believed when it comes again soon: a caller who was asked to say it again has answered.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._doubted_at = -math.inf

    def reason(self, text: str, probability: float | None, voice_seconds: float | None) -> str | None:
        """Why these words are not believed, e.g. "outro"; None for words that are."""
        if is_phantom(text):
            return OUTRO
        doubt = TOO_FAST if is_too_fast(text, voice_seconds) else None
        if doubt is None and is_doubtful(text, probability):
            doubt = IMPROBABLE
        again = self._now() - self._doubted_at < ASKED_AGAIN_SECONDS
        self._doubted_at = self._now() if doubt is not None and not again else -math.inf
        return None if again else doubt


def is_phantom(text: str) -> bool:
    """Whether nobody says this to an agent: an outro, a note in brackets, or letters that are written nowhere here."""
    return bool(_ANNOTATION.fullmatch(text) or _CREDIT.search(text)) or _is_foreign(text) or is_outro(text)


def is_too_fast(text: str, voice_seconds: float | None) -> bool:
    """Whether these are more words than the sound has room for."""
    letters = sum(character.isalnum() or ord(character) > 0x2FF for character in text)
    if voice_seconds is None or letters < FEWEST_LETTERS:
        return False
    return letters > MAX_LETTERS_PER_SECOND * (voice_seconds + UNHEARD_SECONDS)


def _is_foreign(text: str) -> bool:
    """Whether most of it is in letters that no language has which is recognised here."""
    letters = [character for character in text if character.isalpha()]
    foreign = sum(not unicodedata.name(letter, "").startswith(SCRIPTS) for letter in letters)
    return foreign > len(letters) / 2


def is_doubtful(text: str, probability: float | None) -> bool:
    """Whether the recogniser itself hardly believes this; of single words and figures it never knows the language."""
    if probability is None or not 0.0 < probability < MIN_PROBABILITY:
        return False
    words = [word for word in _WORD.findall(text) if not any(character.isdigit() for character in word)]
    return len(words) >= FEWEST_DOUBTED_WORDS and not is_acknowledgement(text)


def is_outro(text: str) -> bool:
    """Whether this is how videos end, in any of the languages."""
    kinds: set[str] = set()
    for word in _WORD.findall(normalised(text)):
        kind = _kind_of(word)
        if kind is None:
            return False
        kinds.add(kind)
    return any(kinds.issuperset(pair) for pair in _pairs())


def _kind_of(word: str) -> str | None:
    """What a word is in an outro; "beside" for those between, None for words of one's own."""
    if word in _beside():
        return "beside"
    return next((kind for kind, stems in _stems().items() if word.startswith(stems)), None)


@cache
def _stems() -> Mapping[str, tuple[str, ...]]:
    return {kind: tuple(normalised(stems).split()) for kind, stems in _data()["words"].items() if kind != "pairs"}


@cache
def _pairs() -> tuple[frozenset[str], ...]:
    return tuple(frozenset(pair.split("+")) for pair in _data()["words"]["pairs"].split())


@cache
def _beside() -> frozenset[str]:
    every = frozenset(normalised(_data()["beside"]["every"]).split())
    return frozenset(word for word in every if not any(word.startswith(stems) for stems in _stems().values()))


@cache
def _data() -> Mapping[str, Mapping[str, str]]:
    return shared("outros")
