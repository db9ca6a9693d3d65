"""Decide which words of a scripted utterance have been said by now, so that a pause yields only the words before it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SAID_TOLERANCE_SECONDS = 0.10
OVER_TOLERANCE_SECONDS = 0.15
ABANDONED_AFTER_SECONDS = 1.0
_FIELDS = ("text", "language", "probability", "duration_seconds", "words")


class BadTranscript(ValueError):
    """A queued transcript that cannot be used; the message says what is wrong with it."""


@dataclass(frozen=True)
class Word:
    text: str
    end_seconds: float


@dataclass
class Entry:
    """A scripted utterance and how much of it has been released."""

    text: str
    language: str
    probability: float | None
    duration_seconds: float | None
    words: tuple[Word, ...] | None
    released: int = field(default=0)
    delivered: int = field(default=0)

    def said_by(self, elapsed_seconds: float) -> str:
        """The words said and not yet released, this long after the utterance's first voiced audio."""
        return " ".join(word.text for word in self._said(elapsed_seconds)) if self.words else self.text

    def release(self, elapsed_seconds: float) -> str:
        """Like `said_by`, and never again."""
        text = self.said_by(elapsed_seconds)
        self.released += len(self._said(elapsed_seconds)) if self.words else 1
        return text

    @property
    def used_up(self) -> bool:
        return self.released >= (len(self.words) if self.words else 1)

    def abandoned_by(self, elapsed_seconds: float) -> bool:
        """True when its time is long over but words are left: the caller never finished saying it."""
        if not self.words or not self.released:
            return False
        return elapsed_seconds > self._duration() + ABANDONED_AFTER_SECONDS

    def rebased(self) -> "Entry":
        """What was not delivered, timed from zero: for an utterance that goes on in a new connection."""
        self.released = self.delivered
        if not self.words or not self.released:
            return self
        said_until = self.words[self.released - 1].end_seconds
        left = tuple(Word(word.text, max(0.0, word.end_seconds - said_until)) for word in self.words[self.released :])
        return Entry(self.text, self.language, self.probability, self._duration() - said_until, left)

    def _said(self, elapsed_seconds: float) -> tuple[Word, ...]:
        left = (self.words or ())[self.released :]
        if elapsed_seconds >= self._duration() - OVER_TOLERANCE_SECONDS:
            return left
        return tuple(word for word in left if word.end_seconds <= elapsed_seconds + SAID_TOLERANCE_SECONDS)

    def _duration(self) -> float:
        if self.duration_seconds is not None:
            return self.duration_seconds
        return self.words[-1].end_seconds if self.words else 0.0


def parse_entry(raw: object) -> Entry:
    """Read one queued transcript; raises BadTranscript."""
    if not isinstance(raw, Mapping):
        raise BadTranscript(f"a transcript must be an object with 'text' and 'language', not {raw!r}")
    for name in raw:
        if name not in _FIELDS:
            raise BadTranscript(f"transcript field {name!r} is unknown; it has {', '.join(_FIELDS)}")
    text, language = raw.get("text"), raw.get("language")
    if not isinstance(text, str):
        raise BadTranscript("transcript text must be a string ('' for an empty final)")
    if not isinstance(language, str) or not language:
        raise BadTranscript("transcript language must be a code such as 'hi-IN'")
    probability, duration = raw.get("probability"), raw.get("duration_seconds")
    if probability is not None and not _is_number(probability):
        raise BadTranscript(f"transcript probability must be a number or null, not {probability!r}")
    if duration is not None and (not _is_number(duration) or duration <= 0):
        raise BadTranscript(f"transcript duration_seconds must be a number above 0 or null, not {duration!r}")
    words = _words(raw.get("words"), text, duration)
    return Entry(text, language, probability, duration, words)


def spread(text: str, duration_seconds: float) -> tuple[Word, ...]:
    """Word ends by each word's share of the characters."""
    words = text.split()
    total = sum(map(len, words))
    ends, so_far = [], 0
    for word in words:
        so_far += len(word)
        ends.append(Word(word, duration_seconds * so_far / total))
    return tuple(ends)


def _words(raw: Any, text: str, duration: float | None) -> tuple[Word, ...] | None:
    if raw is None:
        return spread(text, duration) or None if duration is not None else None
    if not isinstance(raw, list):
        raise BadTranscript("transcript words must be a list of {'text', 'end_seconds'} or null")
    words = []
    for each in raw:
        if not isinstance(each, Mapping) or not isinstance(each.get("text"), str):
            raise BadTranscript(f"transcript word {each!r} needs 'text' and 'end_seconds'")
        if not _is_number(each.get("end_seconds")):
            raise BadTranscript(f"transcript word {each!r} needs 'end_seconds', a number")
        words.append(Word(each["text"], float(each["end_seconds"])))
    return tuple(words) or None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
