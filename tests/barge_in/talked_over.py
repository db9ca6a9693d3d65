"""A real AgentSession that speaks, on a clock that jumps; a test says what is heard over its voice."""

import asyncio
from collections.abc import Callable

import numpy as np
from livekit import rtc
from livekit.agents import Agent, AgentSession, TurnHandlingOptions, vad
from livekit.agents.voice import io

from tests.end_of_turn.scripted_session import JumpingLoop, ScriptedSTT, ScriptedVAD
from tests.jumping_clock import wait

RATE_HZ = 24_000
WINDOW_SECONDS = 0.032
RESUME_SECONDS = 0.9
NO_SOUND = np.zeros(32_000, dtype=np.int16)


class Loudspeaker(io.AudioOutput):
    """Plays for ever, until it is paused or cut off; remembers when."""

    def __init__(self):
        super().__init__(label="test", sample_rate=RATE_HZ, capabilities=io.AudioOutputCapabilities(pause=True))
        self.silent_since = None
        self.silences = []

    @property
    def is_silent(self):
        return self.silent_since is not None

    async def capture_frame(self, frame):
        await super().capture_frame(frame)
        self.on_playback_started(created_at=0.0)

    def flush(self):
        """Go on playing."""

    def clear_buffer(self):
        self.on_playback_finished(playback_position=1.0, interrupted=True)

    def pause(self):
        super().pause()
        if self.silent_since is None:
            self.silent_since = asyncio.get_running_loop().time()

    def resume(self):
        super().resume()
        if self.silent_since is not None:
            self.silences.append(asyncio.get_running_loop().time() - self.silent_since)
            self.silent_since = None


class TalkedOver:
    """Holds a session in the middle of a long sentence."""

    def __init__(self, session, loudspeaker, detector):
        self.session, self.loudspeaker, self.detector = session, loudspeaker, detector

    async def voice(self, seconds, sound=NO_SOUND, *, then_silence=0.25):
        """Have the voice detector take so much of a sound for speech, from its first window to its silence's end."""
        kinds, windows = vad.VADEventType, round(seconds / WINDOW_SECONDS)
        for count in range(1, windows + 1):
            await wait(WINDOW_SECONDS)
            heard = count * WINDOW_SECONDS
            speaking = count > 2
            self.detector.say(
                kinds.INFERENCE_DONE, speaking=speaking, speech_duration=heard if speaking else 0.0, probability=0.9,
                raw_accumulated_speech=heard, frames=[window_of(sound, count - 1)],
            )  # fmt: skip
            if count == 2:
                self.detector.say(kinds.START_OF_SPEECH, speech_duration=heard, speaking=True)
        await wait(then_silence)
        self.detector.say(kinds.END_OF_SPEECH, speech_duration=seconds, silence_duration=0.25)
        await self.a_moment()

    async def a_moment(self, seconds=0.01):
        await wait(seconds)


def window_of(sound, place):
    samples = sound[512 * place : 512 * (place + 1)]
    return rtc.AudioFrame(samples.tobytes(), 16_000, 1, len(samples))


def talk_over(
    act, wrapped: Callable[[vad.VAD], vad.VAD] = lambda detector: detector, min_duration=0.1
):  # fmt: skip
    """Have `act` do things to a session that is speaking; returns what it does."""

    async def play():
        detector, loudspeaker = ScriptedVAD(), Loudspeaker()
        session = AgentSession(
            stt=ScriptedSTT(),
            vad=wrapped(detector),
            aec_warmup_duration=0,
            turn_handling=TurnHandlingOptions(
                turn_detection="vad",
                interruption={
                    "mode": "vad", "min_duration": min_duration, "resume_false_interruption": True,
                    "false_interruption_timeout": RESUME_SECONDS,
                },
            ),
        )  # fmt: skip
        session.output.audio = loudspeaker
        session.input.audio = _Silence()
        await session.start(Agent(instructions="Speak."), record=False)

        async def voice():
            yield rtc.AudioFrame(bytes(2 * RATE_HZ), RATE_HZ, 1, RATE_HZ)

        session.say("Long ago a crow was very thirsty.", audio=voice())
        while session.agent_state != "speaking":
            await wait(0.05)
        try:
            return await act(TalkedOver(session, loudspeaker, detector))
        finally:
            await session.aclose()

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(play())


class _Silence(io.AudioInput):
    def __init__(self):
        super().__init__(label="test")

    async def __anext__(self):
        await wait(0.05)
        return rtc.AudioFrame(bytes(1600), 16_000, 1, 800)
