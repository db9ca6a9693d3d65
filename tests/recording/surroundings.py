"""What a recording has around it: a microphone, a loudspeaker, and the shelf's thread, which is waited for."""

from __future__ import annotations

import asyncio
import threading
import time

from livekit.agents.voice import io


class Microphone(io.AudioInput):
    """Gives what a test puts into it."""

    def __init__(self):
        super().__init__(label="microphone")
        self.frames = asyncio.Queue()

    async def __anext__(self):
        return await self.frames.get()


class Loudspeaker(io.AudioOutput):
    """Plays what it is given when a test says so, and tells as the room's output does."""

    def __init__(self, rate):
        super().__init__(label="loudspeaker", capabilities=io.AudioOutputCapabilities(pause=True), sample_rate=rate)

    async def capture_frame(self, frame):
        await super().capture_frame(frame)

    def flush(self):
        super().flush()

    def clear_buffer(self):
        pass


def until(true):
    """Wait for another thread, outside of a time that jumps."""
    ready, limit = threading.Event(), time.monotonic() + 20
    while not true():
        assert time.monotonic() < limit
        ready.wait(0.01)
