"""The taps sit in the framework's own session: put in when the agent enters, they hear what both sides say."""

from __future__ import annotations

import asyncio
import time

import numpy as np
from livekit.agents import Agent, AgentSession
from livekit.agents.voice import io

from tests.recording.decoded import loud_seconds, parts_in, samples_of, tone
from tests.recording.test_recording import frame_of
from worker.recording.channel import RATE_HZ
from worker.recording.recorder import Recorder
from worker.recording.shelf import Shelf

FRAME_SECONDS = 0.05


class Microphone(io.AudioInput):
    """A caller who speaks all the time, in frames that come as they are spoken."""

    def __init__(self):
        super().__init__(label="microphone")
        self._due = None

    async def __anext__(self):
        loop = asyncio.get_running_loop()
        self._due = (self._due or loop.time()) + FRAME_SECONDS
        due = loop.create_future()
        loop.call_at(self._due, due.set_result, None)
        await due
        return frame_of(tone(FRAME_SECONDS))


class Loudspeaker(io.AudioOutput):
    """Plays a segment in its own time."""

    def __init__(self):
        super().__init__(label="loudspeaker", capabilities=io.AudioOutputCapabilities(pause=True), sample_rate=24_000)
        self._seconds = 0.0

    async def capture_frame(self, frame):
        await super().capture_frame(frame)
        if not self._seconds:
            self.on_playback_started(created_at=time.time())
        self._seconds += frame.duration

    def flush(self):
        super().flush()
        seconds, self._seconds = self._seconds, 0.0
        asyncio.get_running_loop().call_later(
            seconds, lambda: self.on_playback_finished(playback_position=seconds, interrupted=False)
        )

    def clear_buffer(self):
        pass


async def test_both_sides_of_a_real_session_are_recorded(tmp_path):
    recorder = Recorder(Shelf(f"file://{tmp_path}", "call-1", 0, lambda why: None))

    async def speech():
        sound = np.repeat(tone(1.0), 3)[::2]
        for start in range(0, len(sound), 2400):
            yield frame_of(sound[start : start + 2400], 24_000)

    class Speaks(Agent):
        async def on_enter(self):
            recorder.tap(self.session)
            recorder.start()
            self.session.say("hello", audio=speech())

    session = AgentSession()
    session.input.audio, session.output.audio = Microphone(), Loudspeaker()
    async with asyncio.timeout(30):
        await session.start(Speaks(instructions=""), record=False)
        while (speech_now := session.current_speech) is None:
            await asyncio.to_thread(lambda: None)
        await speech_now.wait_for_playout()
        await recorder.aclose()
        await session.aclose()
    caller, agent = np.concatenate([samples_of(part) for part in parts_in(tmp_path)], axis=1)
    began, ended = loud_seconds(agent)
    assert 0.8 <= ended - began <= 1.2
    heard = loud_seconds(caller)
    assert heard is not None
    assert heard[1] - heard[0] >= 0.8 * len(caller) / RATE_HZ - 0.3
