"""The caller's microphone: 10 ms frames in real time, each stamped with the moment at which it was handed over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from livekit import rtc

from sandbox.caller.audio import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE, Samples
from sandbox.caller.speech import Speech

SOURCE_QUEUE_MS = 60  # the most that interfaces.md allows between a frame's time stamp and the wire
LEAD_SECONDS = 0.02  # kept in the source's queue, so that a late wake-up of ours is not heard as a gap

OnFrame = Callable[[Samples | None, float], None]


class Source(Protocol):
    """Where frames go: LiveKit's audio source, or a telephone's mouthpiece."""

    async def capture_frame(self, frame: rtc.AudioFrame) -> None: ...


class Utterance:
    """One turn while it is being spoken, and the moments of its first and last voiced frame."""

    def __init__(self, speech: Speech) -> None:
        self.speech = speech
        self.first_voiced_at: float | None = None
        self.last_voiced_at: float | None = None
        self.over = asyncio.Event()
        self._next = 0
        self._first, self._last = speech.voiced_span

    def take(self) -> tuple[Samples, int]:
        """The next frame and its number."""
        index = self._next
        self._next += 1
        return self.speech.frames[index], index

    def handed(self, index: int, at: float) -> None:
        if index == self._first:
            self.first_voiced_at = at
        if index == self._last:
            self.last_voiced_at = at
        if index == len(self.speech.frames) - 1:
            self.over.set()


class Microphone:
    """Sends silence (or the noise of the place) for the whole call, and speech when there is some."""

    def __init__(self, source: Source, on_frame: OnFrame | None = None) -> None:
        """`on_frame` gets every frame with its time stamp, None for silence: the recording."""
        self._source = source
        self.worst_late_seconds = 0.0
        self._on_frame = on_frame
        self._utterance: Utterance | None = None
        self._noise: Samples | None = None
        self._noise_index = 0
        self._silence = rtc.AudioFrame(bytes(FRAME_SAMPLES * 2), SAMPLE_RATE, 1, FRAME_SAMPLES)

    def say(self, speech: Speech) -> Utterance:
        """Begin to speak with the next frame; a turn's noise goes on until the next turn."""
        self._utterance = Utterance(speech)
        self._noise, self._noise_index = speech.noise_bed, 0
        return self._utterance

    def surround(self, speeches: Sequence[Speech]) -> None:
        """Let the noise around what is said next be heard already; without noise nothing changes.

        A street is loud before one speaks in it, and by then a recogniser has learned what it sounds like.
        """
        for speech in speeches:
            if speech.noise_bed is not None:
                self._noise, self._noise_index = speech.noise_bed, 0

    async def run(self) -> None:
        """Hand over frames until cancelled."""
        due = time.monotonic() - LEAD_SECONDS
        while True:
            now = time.monotonic()
            if due > now:
                await asyncio.sleep(due - now)
                now = time.monotonic()
            late = now - due - LEAD_SECONDS
            if late > 0:
                # The gap has been heard. Catching up would leave the queue full, and every later frame late.
                self.worst_late_seconds = max(self.worst_late_seconds, late)
                due = now - LEAD_SECONDS
            await self._hand_over(now)
            due += FRAME_SECONDS

    async def _hand_over(self, now: float) -> None:
        utterance = self._utterance
        samples, index = utterance.take() if utterance else (None, -1)
        samples = self._with_noise(samples)
        if utterance:
            utterance.handed(index, now)
            if utterance.over.is_set():
                self._utterance = None
        if self._on_frame:
            self._on_frame(samples, now)
        frame = self._silence
        if samples is not None:
            frame = rtc.AudioFrame(samples.tobytes(), SAMPLE_RATE, 1, FRAME_SAMPLES)
        await self._source.capture_frame(frame)

    def _with_noise(self, samples: Samples | None) -> Samples | None:
        if self._noise is None:
            return samples
        noise: Samples = self._noise[self._noise_index % len(self._noise)]
        self._noise_index += 1
        if samples is None:
            return noise
        mixed: Samples = np.clip(samples.astype(np.int32) + noise, -32768, 32767).astype(np.int16)
        return mixed
