"""Ready audio: found only under what it was made for, whole or not at all, and rendered without disturbing anybody."""

import asyncio
from types import SimpleNamespace

import pytest
from livekit import rtc

from worker.conversation.phrase_audio import PhraseAudio, render_missing, tone
from worker.spoken import Pronunciations

RATE_HZ = 24000


class Voice:
    """A voice whose recipe a test can change."""

    def __init__(self, **recipe):
        self.changes = recipe
        self.pronunciations = Pronunciations({"Zyntu": "Zin too"})
        self.spoken = []

    def recipe(self, language):
        return {"language": language, "rate": RATE_HZ, "speaker": "priya"} | self.changes

    def speak_in(self, language):
        self.spoken.append(language)


class Speaker:
    """A synthesiser that fails for the texts a test names."""

    def __init__(self, *broken):
        self.broken = broken
        self.asked = []

    def synthesize(self, text):
        async def collect():
            self.asked.append(text)
            if text in self.broken:
                raise ConnectionError("the voice is down")
            return frame(0.25)

        return SimpleNamespace(collect=collect)


def frame(seconds):
    samples = int(RATE_HZ * seconds)
    return rtc.AudioFrame(b"\x01\x00" * samples, RATE_HZ, 1, samples)


def played(frames):
    async def collect():
        return [each async for each in frames]

    return asyncio.run(collect())


def test_what_was_stored_is_played_whole_in_short_frames(tmp_path):
    cache = PhraseAudio(tmp_path / "made" / "on demand", Voice())
    cache.store("hi-IN", "नमस्ते", frame(0.25))
    frames = played(cache.frames("hi-IN", "नमस्ते"))
    assert [round(each.duration, 3) for each in frames] == [0.1, 0.1, 0.05]
    assert b"".join(bytes(each.data) for each in frames) == bytes(frame(0.25).data)


@pytest.mark.parametrize("change", [{"speaker": "rahul"}, {"pace": 1.1}, {"model": "bulbul:v4-flash"}])
def test_another_voice_never_plays_it(tmp_path, change):
    PhraseAudio(tmp_path, Voice()).store("hi-IN", "नमस्ते", frame(0.1))
    assert PhraseAudio(tmp_path, Voice(**change)).frames("hi-IN", "नमस्ते") is None


def test_neither_another_text_nor_another_language(tmp_path):
    cache = PhraseAudio(tmp_path, Voice())
    cache.store("hi-IN", "ok", frame(0.1))
    assert cache.has("hi-IN", "ok")
    assert not cache.has("hi-IN", "ok.")
    assert cache.frames("en-IN", "ok") is None


def test_a_file_that_was_cut_short_is_no_audio(tmp_path):
    cache = PhraseAudio(tmp_path, Voice())
    cache.store("hi-IN", "ok", frame(0.1))
    path = cache.path("hi-IN", "ok")
    path.write_bytes(path.read_bytes()[:20])
    assert cache.frames("hi-IN", "ok") is None


def test_nothing_unfinished_is_left_beside_it(tmp_path):
    cache = PhraseAudio(tmp_path, Voice())
    cache.store("hi-IN", "ok", frame(0.1))
    assert [path.suffix for path in tmp_path.iterdir()] == [".wav"]


def test_the_sign_of_life_of_a_dead_voice_is_two_beeps():
    pcm = b"".join(bytes(each.data) for each in played(tone(RATE_HZ)))
    quarter = len(pcm) // 4
    loud = [any(pcm[at : at + quarter]) for at in range(0, len(pcm), quarter)]
    assert loud == [True, False, True, False]


def rendered(cache, voice, speaker, phrases):
    return asyncio.run(render_missing(cache, voice, speaker, phrases))


def test_only_what_is_missing_is_rendered_in_its_language(tmp_path):
    voice, speaker = Voice(), Speaker()
    cache = PhraseAudio(tmp_path, voice)
    cache.store("hi-IN", "ok", frame(0.1))
    assert rendered(cache, voice, speaker, [("hi-IN", "ok"), ("ta-IN", "சரி")]) == 1
    assert (voice.spoken, speaker.asked) == (["ta-IN"], ["சரி"])
    assert cache.has("ta-IN", "சரி")


def test_one_that_fails_does_not_keep_the_others_from_being_ready(tmp_path):
    voice, speaker = Voice(), Speaker("b")
    assert rendered(PhraseAudio(tmp_path, voice), voice, speaker, [("hi-IN", text) for text in "abc"]) == 2


def test_a_voice_that_is_down_is_left_alone_after_three(tmp_path):
    voice, speaker = Voice(), Speaker(*"abcdef")
    assert rendered(PhraseAudio(tmp_path, voice), voice, speaker, [("hi-IN", text) for text in "abcdef"]) == 0
    assert speaker.asked == ["a", "b", "c"]


def test_a_name_in_a_phrase_is_said_as_its_owner_says_it(tmp_path):
    voice, speaker = Voice(), Speaker()
    cache = PhraseAudio(tmp_path, voice)
    asyncio.run(render_missing(cache, voice, speaker, [("en-IN", "Welcome to Zyntu.")]))
    assert speaker.asked == ["Welcome to Zin too."]
    assert cache.has("en-IN", "Welcome to Zyntu."), "it is found under the words of the phrase"
