"""Ready sound reaches the caller at once and stalls nothing; the clock jumps to the next timer."""

import asyncio

import pytest
from livekit import rtc
from livekit.agents.voice.io import AudioOutput, AudioOutputCapabilities
from livekit.agents.voice.transcription import TranscriptSynchronizer

from tests.jumping_clock import run, wait
from worker.reply.pacing import (
    AHEAD_SECONDS,
    FED_AHEAD_SECONDS,
    RATE_STEP_SECONDS,
    Lead,
    estimate_rate_less_often,
    in_portions,
)
from worker.reply.resume import SPOKEN_CHARACTERS_PER_SECOND

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


SENTENCE = "This is one of the many sentences of a very long story. "


async def spoken(sentences, characters_per_second, *, needs=1, at_once=1):
    """Feed a voice that makes sound ten times as fast as it is heard; what it had, by the clock of the playback.

    Args:
        needs: So many sentences have to be there before the voice begins.
        at_once: So many have to be there before it goes on.
    """
    lead, given, loop = Lead(), asyncio.Queue(), asyncio.get_running_loop()
    fed, made = [], []

    async def words():
        for _ in range(sentences):
            await wait(0.1)  # a model writes ten times as fast as anybody speaks
            yield SENTENCE

    async def feed():
        async for part in lead.feed(words()):
            fed.append((loop.time(), len(part)))
            given.put_nowait(part)
        given.put_nowait(None)

    async def speak():
        there = [await given.get() for _ in range(needs)]
        while there:
            seconds = sum(map(len, there)) / characters_per_second
            await wait(seconds / 10)
            lead.made(seconds)
            made.append((loop.time(), seconds))
            there = []
            while len(there) < at_once and (part := await given.get()) is not None:
                there.append(part)

    await asyncio.gather(feed(), speak())
    began = made[0][0]
    return [(at - began, size) for at, size in fed], [(at - began, seconds) for at, seconds in made]


@pytest.mark.parametrize("characters_per_second", [9, 13, 17, 22])
def test_a_long_reply_is_given_to_the_voice_as_it_is_heard_and_the_voice_never_runs_dry(characters_per_second):
    """Pins 24,800 characters taken, 200 s of speech, of which twenty were heard."""
    fed, made = run(spoken(30, characters_per_second, needs=2))

    assert sum(size for _, size in fed) == 30 * len(SENTENCE)
    length_seconds = 30 * len(SENTENCE) / characters_per_second
    assert fed[-1][0] > length_seconds - 4 * FED_AHEAD_SECONDS  # a slow voice is taken for a usual one at first
    characters = 0
    for at, size in fed:
        characters += size
        if at > 0 and characters_per_second <= SPOKEN_CHARACTERS_PER_SECOND:
            ahead_seconds = characters / SPOKEN_CHARACTERS_PER_SECOND - at
            assert ahead_seconds <= FED_AHEAD_SECONDS + len(SENTENCE) / SPOKEN_CHARACTERS_PER_SECOND
    assert longest_silence(made) == 0


def longest_silence(made):
    longest = heard_until = 0.0
    for at, seconds in made:
        longest = max(longest, at - heard_until if heard_until else 0.0)
        heard_until = max(at, heard_until) + seconds
    return longest


def test_a_voice_that_needs_more_words_to_begin_gets_them():
    fed, made = run(spoken(30, 13, needs=30))
    assert len(fed) == 30
    assert sum(seconds for _, seconds in made) == pytest.approx(30 * len(SENTENCE) / 13)


def test_a_voice_in_the_middle_of_a_very_long_sentence_gets_its_end_before_it_falls_silent():
    fed, made = run(spoken(31, 13, needs=1, at_once=5))
    assert len(fed) == 31
    assert longest_silence(made) == 0


def test_a_short_reply_is_never_held():
    fed, _ = run(spoken(3, 13))
    assert fed[-1][0] - fed[0][0] < 0.3
