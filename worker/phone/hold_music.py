"""Plays music to a caller who waits, without a gap: a line that falls silent is hung up on.

A track beside the agent's own: what the agent says meanwhile is heard over it, and the music softens.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import Callable, Iterator
from importlib.resources import files

import numpy as np
from livekit import rtc
from livekit.agents.utils.audio import audio_frames_from_file
from numpy.typing import NDArray

from worker.phone.line_echo import SAMPLE_RATE_HZ

log = logging.getLogger("vaani")
TRACK_NAME = "hold_music"
PIECE = "hold_music.ogg"  # livekit-agents' own, 55 s
FADES_IN_SECONDS, FADES_OUT_SECONDS = 2.0, 4.0  # the piece's; looped with them it would be silent in between
FRAME = SAMPLE_RATE_HZ // 20
QUEUE_MS = 200
LOUD, SOFT = 0.8, 0.2
RING_HZ, RING_LEVEL = 425, 3000  # India's ringing tone, with a shorter pause: 0.4 s, 0.2 s, 0.4 s, and 0.6 s for 2 s
Samples = NDArray[np.int16]


class HoldMusic:
    """Plays to one caller from `start` to `aclose`."""

    def __init__(
        self, room: rtc.Room, *, played: Callable[[float, Samples], None] = lambda at, samples: None,
        softly: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        """Prepare to play.

        Args:
            room: Where it is published; who may hear it is the publisher's to say.
            played: Is told what is heard when, in epoch seconds: the line may give it back as an echo.
            softly: Whether somebody speaks over it now.
        """
        self._room = room
        self._played = played
        self._softly = softly
        self._source = rtc.AudioSource(SAMPLE_RATE_HZ, 1, queue_size_ms=QUEUE_MS)
        self._track = ""
        self._playing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Publish the music, and begin to play."""
        track = rtc.LocalAudioTrack.create_audio_track(TRACK_NAME, self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        self._playing = asyncio.create_task(self._play())
        self._track = (await self._room.local_participant.publish_track(track, options)).sid

    async def aclose(self) -> None:
        """Stop."""
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.gather(self._playing, return_exceptions=True)
        with contextlib.suppress(Exception):  # the room may be over
            await self._room.local_participant.unpublish_track(self._track)
        await self._source.aclose()

    async def _play(self) -> None:
        for samples in frames_of(await piece()):
            softened = (samples * (SOFT if self._softly() else LOUD)).astype(np.int16)
            self._played(time.time() + self._source.queued_duration, softened)
            await self._source.capture_frame(rtc.AudioFrame(softened.tobytes(), SAMPLE_RATE_HZ, 1, len(softened)))


def frames_of(sound: Samples) -> Iterator[Samples]:
    """Return a sound in frames, from its beginning again and again."""
    whole = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME)
    return itertools.cycle(whole)


async def piece() -> Samples:
    """Return what is played: the music between its fades, or a ringing tone if it cannot be read."""
    try:
        path = str(files("livekit.agents.resources").joinpath(PIECE))
        decoded = audio_frames_from_file(path, sample_rate=SAMPLE_RATE_HZ, num_channels=1)
        frames = [np.frombuffer(frame.data, dtype=np.int16) async for frame in decoded]
        music = np.concatenate(frames)[round(FADES_IN_SECONDS * SAMPLE_RATE_HZ) :]
        return music[: -round(FADES_OUT_SECONDS * SAMPLE_RATE_HZ)]
    except Exception as error:  # whatever is wrong with a file or its decoder: silence is worse
        log.warning("the hold music cannot be read: a ringing tone is played", extra={"why": type(error).__name__})
        return ringing_tone()


def ringing_tone() -> Samples:
    """Return one ring of a telephone, and the pause after it."""
    at = np.arange(round(1.6 * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    rings = (at < 0.4) | ((at >= 0.6) & (at < 1.0))
    return (RING_LEVEL * rings * np.sin(2 * np.pi * RING_HZ * at)).astype(np.int16)
