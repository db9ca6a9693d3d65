"""Paces audio: ready sound must not stall the call, nor much be paid for that nobody hears.

The framework paces the transcript by an estimate of the speaking rate, 3 ms of CPU for each 0.1 s of sound, made in one
go for all the sound that is there. Handed a whole greeting or answer at once, it stood still for up to 0.4 s, before
the first sound of it was played. docs/decisions/0014-sound-in-small-portions.md
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import Any

from livekit import rtc

from worker.livekit_internals import estimate_speaking_rate_every
from worker.reply.resume import SPOKEN_CHARACTERS_PER_SECOND

Voice = Callable[[AsyncIterable[str]], AsyncIterable[rtc.AudioFrame]]
"""Makes the sound of some words, and ends when all of it is made."""

AHEAD_SECONDS = 1.0
TIMES_REALTIME = 4.0
RATE_STEP_SECONDS = 0.5
FED_AHEAD_SECONDS = 15.0
NEXT_AT_SECONDS = 8.0  # with so much sound left the voice is given the next stretch
NO_SENTENCE_SECONDS = 10.0  # so much further a sentence may run before a stretch ends without its end
_SENTENCE_ENDS = re.compile(r"(?<=[.!?\u0964])(?=\s)")
_SENTENCE_END = re.compile(r"[.!?\u0964][\s\"'\u2019\u201d)]*$")


async def in_portions(frames: AsyncIterable[rtc.AudioFrame]) -> AsyncIterator[rtc.AudioFrame]:
    """Pass frames on with a pause after each, and no further ahead of the playback than needed.

    Sound that is a second ahead comes on at four times its own speed: the caller never waits for it.
    """
    loop = asyncio.get_running_loop()
    began_at, handed_seconds = loop.time(), 0.0
    async for frame in frames:
        yield frame
        handed_seconds += frame.duration
        ahead_seconds = handed_seconds - (loop.time() - began_at)
        await asyncio.sleep(frame.duration / TIMES_REALTIME if ahead_seconds > AHEAD_SECONDS else 0)


class Lead:
    """Limits how far words run ahead of their sound: what an interruption leaves unheard is paid for.

    A long reply is given to the voice in stretches that end with a sentence. Each is finished before the next is
    waited for: a voice that is kept waiting in the midst of its words takes that for a dead line.
    """

    def __init__(self) -> None:
        self._now = asyncio.get_running_loop().time
        self._fed_seconds = 0.0
        self._made_seconds = 0.0
        self._sound_began_at: float | None = None

    async def speak(self, words: AsyncIterable[str], voice: Voice) -> AsyncIterator[rtc.AudioFrame]:
        """Speak `words` as they are heard, FED_AHEAD_SECONDS and the end of a sentence before it at most."""
        rest = _Rest(words)
        while await rest.is_audible():
            before_seconds = self._fed_seconds = self._made_seconds
            async for frame in voice(self._stretch(rest)):
                if self._sound_began_at is None:
                    self._sound_began_at = self._now()
                self._made_seconds += frame.duration
                yield frame
            if self._fed_seconds == before_seconds:
                return  # a voice that takes no words will take none of the next ones either
            while (too_early_seconds := self._made_seconds - self._heard_seconds - NEXT_AT_SECONDS) > 0:
                await asyncio.sleep(too_early_seconds)

    async def _stretch(self, rest: _Rest) -> AsyncIterator[str]:
        async for part in rest.parts():
            self._fed_seconds += len(part) / SPOKEN_CHARACTERS_PER_SECOND
            yield part
            too_far_seconds = max(self._fed_seconds, self._made_seconds) - self._heard_seconds - FED_AHEAD_SECONDS
            if too_far_seconds > (0 if _SENTENCE_END.search(part) else NO_SENTENCE_SECONDS):
                return

    @property
    def _heard_seconds(self) -> float:
        return 0.0 if self._sound_began_at is None else self._now() - self._sound_began_at


class _Rest:
    """Holds what is still to be said of a reply; knows whether that is anything."""

    def __init__(self, words: AsyncIterable[str]) -> None:
        self._words = aiter(words)
        self._taken = ""

    async def is_audible(self) -> bool:
        """Return whether a word is still to come, once one is there: a voice has no sound for a closing bracket."""
        while not any(char.isalnum() for char in self._taken):
            try:
                self._taken += await anext(self._words)
            except StopAsyncIteration:
                return False
        return True

    async def parts(self) -> AsyncIterator[str]:
        """Pass the rest on, in parts that no sentence ends within."""
        while True:
            while self._taken:
                part, *after = _SENTENCE_ENDS.split(self._taken, maxsplit=1)
                self._taken = "".join(after)
                yield part
            try:
                self._taken = await anext(self._words)
            except StopAsyncIteration:
                return


def estimate_rate_less_often(audio_output: Any) -> bool:
    """Let the transcript's pace be estimated twice a second instead of ten times; False where nothing is estimated."""
    return estimate_speaking_rate_every(RATE_STEP_SECONDS, audio_output)
