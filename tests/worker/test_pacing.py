"""Ready sound reaches the caller at once and stalls nothing; the clock jumps to the next timer."""

import asyncio

from livekit import rtc
from livekit.agents.voice.io import AudioOutput, AudioOutputCapabilities
from livekit.agents.voice.transcription import TranscriptSynchronizer

from tests.worker.jumping_clock import run
from worker.conversation.pacing import AHEAD_SECONDS, RATE_STEP_SECONDS, estimate_rate_less_often, in_portions

FRAME_SECONDS = 0.1


async def sound(frames):
    samples = int(24000 * FRAME_SECONDS)
    for _ in range(frames):
        yield rtc.AudioFrame(bytes(2 * samples), 24000, 1, samples)


def test_everything_else_gets_a_turn_after_every_frame():
    """Pins the stall of a ready greeting: 3.4 s of it at once kept the loop busy before its first frame was played."""

    async def scenario():
        loop, turns = asyncio.get_running_loop(), 0

        def another_turn():
            nonlocal turns
            turns += 1
            if turns < 100:
                loop.call_soon(another_turn)

        another_turn()
        return [turns async for _ in in_portions(sound(8))]

    seen = run(scenario())
    assert seen == sorted(set(seen)), "two frames came without a turn of the loop between them"


def test_sound_is_never_late_and_never_far_ahead():
    async def scenario():
        loop = asyncio.get_running_loop()
        began = loop.time()
        return [loop.time() - began async for _ in in_portions(sound(200))]

    came_at = run(scenario())
    assert came_at[5] == came_at[0], "the first half second comes at once"
    assert all(at <= index * FRAME_SECONDS for index, at in enumerate(came_at))
    assert came_at[-1] >= (200 * FRAME_SECONDS - AHEAD_SECONDS) / 4 * 0.9


class Output(AudioOutput):
    """The end of the chain."""

    def __init__(self):
        super().__init__(label="out", capabilities=AudioOutputCapabilities(pause=True), sample_rate=24000)

    async def capture_frame(self, frame):
        await super().capture_frame(frame)

    def flush(self):
        super().flush()

    def clear_buffer(self):
        pass


async def _synchronized():
    synchronizer = TranscriptSynchronizer(next_in_chain_audio=Output(), next_in_chain_text=None)
    found = estimate_rate_less_often(synchronizer.audio_output)
    step_seconds = synchronizer._impl._audio_data.sr_stream._opts.step_size
    await synchronizer.aclose()
    return found, step_seconds


def test_the_frameworks_estimate_is_where_we_look_for_it():
    """Fails when livekit-agents moves the attribute: a call then costs a tenth more CPU, and nothing else tells."""
    assert asyncio.run(_synchronized()) == (True, RATE_STEP_SECONDS)


def test_without_such_an_estimate_nothing_happens():
    assert estimate_rate_less_often(None) is False
    assert estimate_rate_less_often(object()) is False
