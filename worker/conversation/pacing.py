"""Keeps ready sound from stalling the call.

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

AHEAD_SECONDS = 1.0
TIMES_REALTIME = 4.0
RATE_STEP_SECONDS = 0.5


async def in_portions(frames: AsyncIterable[rtc.AudioFrame]) -> AsyncIterator[rtc.AudioFrame]:
    """The same frames, with a chance for everything else after each; far ahead of the playback no faster than needed.

    Sound that is a second ahead comes on at four times its own speed: the caller never waits for it.
    """
    loop = asyncio.get_running_loop()
    began_at, handed_seconds = loop.time(), 0.0
    async for frame in frames:
        yield frame
        handed_seconds += frame.duration
        ahead_seconds = handed_seconds - (loop.time() - began_at)
        await asyncio.sleep(frame.duration / TIMES_REALTIME if ahead_seconds > AHEAD_SECONDS else 0)


def estimate_rate_less_often(audio_output: Any) -> bool:
    """Let the transcript's pace be estimated twice a second instead of ten times; False where nothing is estimated."""
    return estimate_speaking_rate_every(RATE_STEP_SECONDS, audio_output)
