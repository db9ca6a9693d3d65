"""Ready sound reaches the caller at once and stalls nothing; the clock jumps to the next timer."""

import asyncio
import itertools

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


async def spoken(text, characters_per_second, *, patience_seconds=5.0, keeps_characters=50):
    """Speak with a voice that makes sound ten times as fast as it is heard; what it had, by the clock of the playback.

    Args:
        patience_seconds: So long after its last sound or word the line of an open voice is taken for dead.
        keeps_characters: So many have to be there before the voice begins, as Sarvam's do; all of them at its end.
    """
    lead, loop = Lead(), asyncio.get_running_loop()
    fed, made = [], []

    async def words():
        for word in text.split(" "):
            await wait(0.01)  # a model writes ten times as fast as anybody speaks
            yield f"{word} "

    async def voice(stretch):
        kept, parts = "", aiter(stretch)
        while True:
            try:
                async with asyncio.timeout(patience_seconds):
                    part = await anext(parts, None)
            except TimeoutError:
                pytest.fail(f"the voice was kept waiting in the midst of its words, behind {kept!r}")
            fed.append((loop.time(), part or ""))
            kept += part or ""
            if kept and (part is None or len(kept) >= keeps_characters):
                seconds, kept = len(kept) / characters_per_second, ""
                await wait(seconds / 10)
                made.append((loop.time(), seconds))
                yield rtc.AudioFrame(bytes(2 * int(seconds * 8000)), 8000, 1, int(seconds * 8000))
            if part is None:
                return

    async for _ in lead.speak(words(), voice):
        pass
    began = made[0][0]
    return [(at - began, part) for at, part in fed], [(at - began, seconds) for at, seconds in made]


@pytest.mark.parametrize("characters_per_second", [9, 13, 17, 22])
def test_a_long_reply_is_given_to_the_voice_as_it_is_heard_and_the_voice_never_runs_dry(characters_per_second):
    """Pins 24,800 characters taken, 200 s of speech, of which twenty were heard."""
    text = 30 * SENTENCE
    fed, made = run(spoken(text, characters_per_second))

    assert "".join(part for _, part in fed).strip() == text.strip()
    length_seconds = len(text) / characters_per_second
    assert fed[-1][0] > length_seconds - 2 * FED_AHEAD_SECONDS
    slower = min(characters_per_second, SPOKEN_CHARACTERS_PER_SECOND)
    characters = 0
    for at, part in fed:
        characters += len(part)
        ahead_seconds = characters / characters_per_second - at
        most_seconds = FED_AHEAD_SECONDS + len(SENTENCE) / characters_per_second
        assert ahead_seconds <= most_seconds * SPOKEN_CHARACTERS_PER_SECOND / slower
    assert longest_silence(made) == 0


def longest_silence(made):
    longest = heard_until = 0.0
    for at, seconds in made:
        longest = max(longest, at - heard_until if heard_until else 0.0)
        heard_until = max(at, heard_until) + seconds
    return longest


def test_a_voice_that_needs_more_words_to_begin_gets_them():
    text = 10 * SENTENCE
    fed, made = run(spoken(text, 13, keeps_characters=10_000))
    assert "".join(part for _, part in fed).strip() == text.strip()
    assert longest_silence(made) == 0


@pytest.mark.parametrize("characters_per_second", [11, 13, 18])
def test_a_voice_is_never_kept_waiting_in_the_midst_of_a_sentence(characters_per_second):
    """Pins a goodbye of 22 s that ended after 12.7: its third sentence was held back for longer than a line lives."""
    long = "Should anything be missing, or not as you have wished it to be, then just call this number again. "
    _, made = run(spoken(12 * long, characters_per_second))
    assert longest_silence(made) == 0


@pytest.mark.parametrize("stop", [".", "?", "!", "\u0964", '."', ".)"])
def test_a_stretch_ends_with_a_sentence(stop):
    fed, _ = run(spoken(20 * f"This is one of the many sentences of a very long story{stop} ", 13))
    ends = [before[1] for before, after in itertools.pairwise(fed) if not after[1]]
    assert len(ends) > 2
    assert {end.split()[-1] for end in ends} == {f"story{stop}"}


def test_a_sentence_without_an_end_is_cut_where_it_would_be_paid_for_unheard():
    text = 400 * "and on it goes "
    fed, made = run(spoken(text, 13))
    assert "".join(part for _, part in fed).strip() == text.strip()
    assert fed[-1][0] > len(text) / 13 - 3 * FED_AHEAD_SECONDS
    assert longest_silence(made) == 0


def test_nothing_is_asked_of_the_voice_for_what_has_no_sound():
    """A voice that is given a closing bracket alone makes no sound, which is taken for a fault."""

    async def scenario():
        asked = []

        async def voice(stretch):
            asked.append("".join([part async for part in stretch]))
            yield rtc.AudioFrame(bytes(2 * 30 * 8000), 8000, 1, 30 * 8000)

        async def words():
            yield 6 * SENTENCE
            yield ")"

        assert len([frame async for frame in Lead().speak(words(), voice)]) == len(asked)
        return asked

    assert all("story" in stretch for stretch in run(scenario()))


def test_a_voice_that_takes_no_words_is_asked_once():
    async def scenario():
        async def voice(stretch):
            async for frame in sound(1):
                yield frame

        async def words():
            yield SENTENCE

        return [frame async for frame in Lead().speak(words(), voice)]

    assert len(run(scenario())) == 1


def test_a_short_reply_is_never_held():
    fed, _ = run(spoken(3 * SENTENCE, 13))
    assert fed[-1][0] - fed[0][0] < 2.0, "a tenth of its length, which this voice takes to make it"
