"""Paces audio: ready sound must not stall the call, nor much be paid for that nobody hears.

The framework paces the transcript by an estimate of the speaking rate, 3 ms of CPU for each 0.1 s of sound, made in one
go for all the sound that is there. Handed a whole greeting or answer at once, it stood still for up to 0.4 s, before
the first sound of it was played. docs/decisions/0014-sound-in-small-portions.md
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

from livekit import rtc

from worker.livekit_internals import estimate_speaking_rate_every
from worker.reply.resume import SPOKEN_CHARACTERS_PER_SECOND

AHEAD_SECONDS = 1.0
TIMES_REALTIME = 4.0
RATE_STEP_SECONDS = 0.5
FED_AHEAD_SECONDS = 15.0
SCARCE_SECONDS = 5.0  # with less sound left than this, a voice that makes none
SCARCE_FOR_SECONDS = 1.5  # for this long is given more words
LOOK_AGAIN_SECONDS = 0.1


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
    """Limits how far words run ahead of their sound: what an interruption leaves unheard is paid for."""

    def __init__(self) -> None:
        self._now = asyncio.get_running_loop().time
        self._fed_characters = 0
        self._made_seconds = 0.0
        self._sound_began_at: float | None = None
        self._scarce_since: float | None = None

    async def feed(self, words: AsyncIterable[str]) -> AsyncIterator[str]:
        """Pass words on, none of them more than FED_AHEAD_SECONDS before they are heard."""
        async for part in words:
            while self._is_far_ahead() and not self._lacks_words():
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
            self._fed_characters += len(part)
            yield part

    def made(self, seconds: float) -> None:
        """Note how much more sound the voice has made."""
        if self._sound_began_at is None:
            self._sound_began_at = self._now()
        self._made_seconds += seconds
        self._scarce_since = None

    @property
    def has_begun(self) -> bool:
        """Return whether the voice has made any sound."""
        return self._sound_began_at is not None

    @property
    def _heard_seconds(self) -> float:
        return 0.0 if self._sound_began_at is None else self._now() - self._sound_began_at

    def _is_far_ahead(self) -> bool:
        fed_seconds = self._fed_characters / SPOKEN_CHARACTERS_PER_SECOND
        return max(fed_seconds, self._made_seconds) - self._heard_seconds > FED_AHEAD_SECONDS

    def _lacks_words(self) -> bool:
        """Return whether the voice is silent though little sound is left: it waits for a sentence, or speaks fast."""
        if self._made_seconds - self._heard_seconds >= SCARCE_SECONDS:
            return False
        if self._scarce_since is None:
            self._scarce_since = self._now()
        return self._now() - self._scarce_since >= SCARCE_FOR_SECONDS


def estimate_rate_less_often(audio_output: Any) -> bool:
    """Let the transcript's pace be estimated twice a second instead of ten times; False where nothing is estimated."""
    return estimate_speaking_rate_every(RATE_STEP_SECONDS, audio_output)
