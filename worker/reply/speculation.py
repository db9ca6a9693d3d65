"""Begins replies before the caller's turn is over, and counts what those cost that nobody hears.

The framework begins a reply at every final transcript, and drops it when the caller goes on. The model has then written
tokens, and the voice may have been given characters, that are paid for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from livekit.agents import stt

from worker.end_of_turn import Completeness, read_words


class EarlyWords:
    """Finds partial transcripts that already are a whole turn: a reply can begin with them."""

    def __init__(self) -> None:
        self._offered = ""

    def of(self, event: stt.SpeechEvent) -> stt.SpeechEvent | None:
        """Return the event that begins a reply on these words; None while they do not sound finished."""
        if event.type == stt.SpeechEventType.FINAL_TRANSCRIPT:
            self._offered = ""
        if event.type != stt.SpeechEventType.INTERIM_TRANSCRIPT or not event.alternatives:
            return None
        best = event.alternatives[0]
        text = best.text.strip()
        if not text or text == self._offered:
            return None
        if read_words(text, str(best.language) if best.language else None).completeness is not Completeness.FINISHED:
            return None
        self._offered = text
        return replace(event, type=stt.SpeechEventType.PREFLIGHT_TRANSCRIPT)


@dataclass(slots=True)
class Attempt:
    """Records one reply that was begun for these words of the caller."""

    heard: str
    tokens: int = 0
    """Pieces that the model has written; its own count comes only with a whole answer."""
    characters: int = 0
    """Characters that the voice was given."""


@dataclass(frozen=True, slots=True)
class Waste:
    """Adds up what the replies of one turn cost that nobody has heard."""

    replies: int = 0
    tokens: int = 0
    characters: int = 0


class Speculation:
    """Keeps the replies begun for the turn that is not over yet."""

    def __init__(self) -> None:
        self._attempts: list[Attempt] = []
        self._kept: Attempt | None = None

    def begin(self, heard: str, *, ahead: bool) -> Attempt:
        """Note that a reply to these words is begun, `ahead` of the turn's end or not: only those can be wasted."""
        attempt = Attempt(heard)
        if ahead:
            self._attempts.append(attempt)
        return attempt

    def holds(self, attempt: Attempt | None) -> bool:
        """Return whether this reply was begun for the turn that is not over yet."""
        return any(each is attempt for each in self._attempts)

    def settle(self, heard: str) -> Waste:
        """Add up the waste of a turn: the newest reply to just these words is spoken, all others were in vain."""
        kept = next((each for each in reversed(self._attempts) if _same(each.heard, heard)), None)
        wasted = [each for each in self._attempts if each is not kept]
        self._attempts.clear()
        self._kept = kept
        return Waste(len(wasted), sum(each.tokens for each in wasted), sum(each.characters for each in wasted))

    def take_back(self) -> None:
        """Count the reply that was kept among those in vain: its turn goes on."""
        if self._kept is not None:
            self._attempts.append(self._kept)
            self._kept = None


def _same(one: str, other: str) -> bool:
    """Compare without case and punctuation: the framework's own measure of whether a reply may be kept."""
    return _letters(one) == _letters(other)


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum() or ord(character) > 0x2FF)
