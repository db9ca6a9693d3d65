"""The caller's ear: when the agent is audible, judged frame by frame from the sound that arrives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from livekit import rtc

from sandbox.caller.audio import FRAME_SECONDS, SAMPLE_RATE, Samples, is_audible

SEGMENT_GAP_SECONDS = 0.4  # silence of this length ends a stretch of sound; breaths inside a sentence are shorter

OnFrame = Callable[[str, Samples, float], None]


@dataclass(slots=True)
class Sound:
    """A stretch in which the agent was audible, by arrival times; `frames` are the times of its audible frames."""

    frames: list[float]

    @property
    def started_at(self) -> float:
        return self.frames[0]

    @property
    def ended_at(self) -> float:
        return self.frames[-1] + FRAME_SECONDS


class Listener:
    """Hears any number of agent tracks: a crashed agent's successor is heard as well."""

    def __init__(self, on_frame: OnFrame | None = None) -> None:
        """`on_frame` gets the track's sid, every frame and its arrival time: the recording."""
        self.sounds: list[Sound] = []
        self._on_frame = on_frame
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stale: list[asyncio.Task[None]] = []

    def hear(self, track: rtc.Track) -> None:
        """Start to listen to a track. The same one again, after a reconnect, replaces the one before."""
        if stale := self._tasks.pop(track.sid, None):
            stale.cancel()
            self._stale.append(stale)
        self._tasks[track.sid] = asyncio.create_task(self._listen(track))

    def heard(self, at: float) -> None:
        """Note one audible frame that arrived."""
        if self.sounds and at - self.sounds[-1].ended_at < SEGMENT_GAP_SECONDS:
            self.sounds[-1].frames.append(at)
        else:
            self.sounds.append(Sound([at]))

    def silent_seconds(self, now: float) -> float:
        """How long nothing has been audible; infinite before the first sound."""
        return now - self.sounds[-1].ended_at if self.sounds else float("inf")

    def audible_seconds(self, since: float) -> float:
        """How much has been audible in the sounds that began since then."""
        return sum(len(sound.frames) for sound in self.sounds if sound.started_at >= since) * FRAME_SECONDS

    async def aclose(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), *self._stale, return_exceptions=True)

    async def _listen(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream(track, sample_rate=SAMPLE_RATE, num_channels=1, frame_size_ms=10)
        try:
            async for event in stream:
                now = time.monotonic()
                samples = np.frombuffer(event.frame.data, dtype=np.int16)
                if is_audible(samples):
                    self.heard(now)
                if self._on_frame:
                    self._on_frame(track.sid, samples, now)
        finally:
            await stream.aclose()
