"""Tells who has picked up a phone that was called: a person, a mailbox, or the network ("the number is switched off").

By how long they speak, as LiveKit's own detection does (voice/amd: under 2.5 seconds and then a pause is a person), and
by what machines say in India, which is data. No model is asked: a person waits meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import unicodedata
from collections.abc import Sequence
from enum import Enum
from functools import cache

from worker.lang import shared
from worker.text.normalise import normalised

FIRST_WORDS_SECONDS = 1.5  # who says nothing for so long waits for the caller to speak
PERSON_SPEAKS_SECONDS = 2.5
PERSON_PAUSE_SECONDS = 0.5
MACHINE_PAUSE_SECONDS = 1.5  # and the recogniser's words have come
LONGEST_SECONDS = 20.0
LATE_SECONDS = 20.0
"""How long a machine that was taken for a person can still be found out."""
LATE_PIECES = 2
"""Of what it says then: a sentence of a machine may come in two, and a person says everything in the end."""


_SENTENCE_END = re.compile(r"[.!?।]+\s+")
_VIRAMAS = "\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d"


class AnsweredBy(Enum):
    """Names who picks up a phone."""

    HUMAN = "human"
    VOICEMAIL = "voicemail"
    ANNOUNCEMENT = "announcement"


def machine_in(text: str) -> AnsweredBy | None:
    """Return the machine that says this; None for what a person may say."""
    said = _spaced(text)
    if _holds(said, "voicemail") and not _holds(said, "offer"):
        return AnsweredBy.VOICEMAIL
    if (_holds(said, "announcement") or _holds(said, "whom", "you_call", "state")) and not _holds(said, "person"):
        return AnsweredBy.ANNOUNCEMENT
    return None


def hints_at_an_announcement(pieces: Sequence[str]) -> bool:
    """Return whether what somebody says, who speaks for longer than a person does, is a network's, as far as it goes.

    On a bad line most of it is read wrong ("Remember my calling is with stuff. Please try again later."): a sentence
    behind the first that only tells to try again is enough, or half of the rest, where nobody greets or speaks of
    themselves.
    """
    sentences = [_spaced(each) for piece in pieces for each in _SENTENCE_END.split(piece) if each.strip()]
    said = "".join(sentences)
    closes = any(each.startswith(f" {phrase}") for each in sentences[1:] for phrase in _phrases("closing"))
    return (closes or _holds(said, "you_call", "state")) and not _holds(said, "talks")


def _holds(said: str, *sections: str) -> bool:
    """Return whether something of each section is said."""
    return all(any(phrase in said for phrase in _phrases(section)) for section in sections)


def _spaced(text: str) -> str:
    """Return the words with one blank between them and around all of them."""
    letters = (each if unicodedata.category(each)[0] in "LMN" else " " for each in normalised(text))
    return f" {' '.join(''.join(letters).split())} "


@cache
def _phrases(section: str) -> frozenset[str]:
    phrases = (phrase for each in shared("answering")[section].values() for phrase in each)
    # Without the sign that closes an open word: an ending takes its place.
    return frozenset(normalised(phrase).rstrip(_VIRAMAS) for phrase in phrases)


class Answering:
    """Listens to one phone that was just picked up."""

    def __init__(self) -> None:
        self.answer: AnsweredBy | None = None
        """None until it is decided."""
        self._heard: list[str] = []
        self._changed = asyncio.Event()
        self._speaks_since: float | None = None
        self._silent_since: float | None = None
        self._spoke_seconds = 0.0
        self._decided_at = 0.0

    def user_state_changed(self, state: str) -> None:
        """Note that they begin or end to speak."""
        now = asyncio.get_running_loop().time()
        if state == "speaking":
            self._speaks_since, self._silent_since = now, None
        elif self._speaks_since is not None:
            self._spoke_seconds += now - self._speaks_since
            self._speaks_since, self._silent_since = None, now
        self._changed.set()

    def hear(self, text: str) -> AnsweredBy | None:
        """Take in words; return the machine that, by them, a supposed person has turned out to be."""
        self._heard.append(text)
        self._changed.set()
        if self.answer is not AnsweredBy.HUMAN:
            return None
        if asyncio.get_running_loop().time() - self._decided_at > LATE_SECONDS:
            return None
        machine = machine_in(" ".join(self._heard[-LATE_PIECES:]))
        if machine is not None:
            self.answer = machine
        return machine

    async def decide(self) -> AnsweredBy:
        """Listen until it is clear who speaks."""
        loop = asyncio.get_running_loop()
        begun_at = loop.time()
        while (answer := self._verdict(loop.time(), begun_at)) is None:
            self._changed.clear()
            try:
                async with asyncio.timeout_at(self._next_look(begun_at)):
                    await self._changed.wait()
            except TimeoutError:
                continue
        self.answer, self._decided_at = answer, loop.time()
        return answer

    async def until_silent(self, seconds: float) -> None:
        """Wait until they have said nothing for so long, as a mailbox does after its tone; for 20 s at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_SECONDS):
                while await self._speaks_within(seconds):
                    pass

    async def _speaks_within(self, seconds: float) -> bool:
        self._changed.clear()
        try:
            async with asyncio.timeout(None if self._speaks_since is not None else seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def _verdict(self, now: float, begun_at: float) -> AnsweredBy | None:
        machine = machine_in(" ".join(self._heard))
        if machine is not None:
            return machine
        if self._speaks_for_long(now) and hints_at_an_announcement(self._heard):
            return AnsweredBy.ANNOUNCEMENT
        if now - begun_at >= LONGEST_SECONDS:
            return AnsweredBy.ANNOUNCEMENT  # nobody who is called speaks for so long
        if self._speaks_since is not None or now < self._next_look(begun_at):
            return None
        return AnsweredBy.HUMAN

    def _speaks_for_long(self, now: float) -> bool:
        """Return whether they have said more than people do before they wait for an answer."""
        going_on = 0.0 if self._speaks_since is None else now - self._speaks_since
        return self._spoke_seconds + going_on >= PERSON_SPEAKS_SECONDS

    def _next_look(self, begun_at: float) -> float:
        """Return when, unless something happens before, it is decided."""
        if self._speaks_since is not None:
            return begun_at + LONGEST_SECONDS
        if self._silent_since is None:
            return begun_at + FIRST_WORDS_SECONDS
        is_short = self._spoke_seconds < PERSON_SPEAKS_SECONDS
        return self._silent_since + (PERSON_PAUSE_SECONDS if is_short else MACHINE_PAUSE_SECONDS)
