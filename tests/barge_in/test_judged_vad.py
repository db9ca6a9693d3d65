"""The judge in a real session: what the framework hears of speech while the agent speaks, and while it does not."""

import asyncio

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import vad

from bench.interruptions.corpus import read_corpus, usual_level
from bench.interruptions.judging import Line, on_line
from tests.barge_in.listening import interim, listening_of
from tests.barge_in.talked_over import WINDOW_SECONDS, talk_over
from worker.barge_in import Judge, JudgedVAD
from worker.end_of_turn.session_options import turn_handling
from worker.providers.vad import build_vad
from worker.settings import TurnSettings

EARLIEST_SECONDS = turn_handling(TurnSettings())["interruption"]["min_duration"]


@pytest.fixture(scope="module")
def words():
    return sound_of(next(heard for heard in read_corpus() if heard.name == "words hi-IN नहीं"))


@pytest.fixture(scope="module")
def far_voice():
    """Another person in the room: the voice detector is as sure of it as of the caller's."""
    return sound_of(next(heard for heard in read_corpus() if heard.kind == "far"))


def sound_of(heard):
    samples, onset_seconds = on_line(heard, Line.CLEAR, usual_level())
    return samples[round(onset_seconds * 16_000) :]


def judged(detector, *, holds_the_floor=True):
    wrapped = JudgedVAD(detector)
    wrapped.judge_while(lambda: holds_the_floor, usual_level)
    return wrapped


def test_words_silence_the_agent(words):
    async def act(call):
        await call.voice(6 * WINDOW_SECONDS, words, then_silence=0.01)
        return call.loudspeaker.is_silent

    assert talk_over(act, judged, EARLIEST_SECONDS)


def test_words_that_are_sure_silence_it_in_the_moment_in_which_they_are_speech(monkeypatch):
    """A window, 32 ms, before the framework would count them."""
    monkeypatch.setattr(Judge, "hears_words", property(lambda _: True))

    async def act(call):
        await call.voice(2 * WINDOW_SECONDS, then_silence=0.01)
        return call.loudspeaker.is_silent

    assert talk_over(act, judged, EARLIEST_SECONDS)
    assert not talk_over(act, min_duration=EARLIEST_SECONDS)


def test_another_persons_voice_does_not(far_voice):
    """Pins a voice that fell silent for whatever the voice detector takes for speech, up to 0.9 s behind it."""

    async def act(call):
        await call.voice(0.6, far_voice)
        await call.a_moment(1.0)
        return call.loudspeaker.silences, call.loudspeaker.is_silent, call.session.agent_state

    assert talk_over(act, judged, EARLIEST_SECONDS) == ([], False, "speaking")


def test_with_any_sound_as_before_it_does(far_voice):
    async def act(call):
        await call.voice(0.6, far_voice)
        return call.loudspeaker.is_silent

    any_sound = turn_handling(TurnSettings(barge_in="any"))["interruption"]["min_duration"]
    assert talk_over(act, min_duration=any_sound)


def test_nothing_is_judged_while_the_agent_neither_speaks_nor_is_about_to(far_voice):
    async def act(call):
        await call.voice(0.6, far_voice)
        return call.loudspeaker.is_silent

    assert talk_over(act, lambda detector: judged(detector, holds_the_floor=False), EARLIEST_SECONDS)


def test_the_caller_is_told_to_speak_as_ever(far_voice):
    """Whoever waits for words, or measures silence, hears of every sound."""

    async def act(call):
        states = []
        call.session.on("user_state_changed", lambda event: states.append(event.new_state))
        await call.voice(0.3, far_voice)
        return states

    assert talk_over(act, judged, EARLIEST_SECONDS) == ["speaking", "listening"]


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [({}, 0.06), ({"barge_in": "any"}, 0.1), ({"barge_in_seconds": 0.5}, 0.5)],
)  # fmt: skip
def test_how_much_speech_stops_the_agent_at_the_earliest(settings, seconds):
    assert turn_handling(TurnSettings(**settings))["interruption"]["min_duration"] == seconds


def test_the_framework_sees_the_detector_that_is_wrapped():
    class Detector:
        capabilities, model, provider, min_silence_duration = None, "silero", "livekit", 0.25

    wrapped = JudgedVAD(Detector())
    assert (wrapped.model, wrapped.provider, wrapped.min_silence_duration) == ("silero", "livekit", 0.25)


@pytest.mark.parametrize(
    ("read", "silent"),
    [
        ("मेरा ऑर्डर कहाँ है", True), ("मेरा ऑर्डर", False), ("हाँ जी हाँ जी", False),
        ("Long ago a crow was", False), ("वीडियो देखने के लिए धन्यवाद", False),
    ],
)  # fmt: skip
def test_what_a_streaming_recogniser_has_read_stops_the_agent_however_it_sounds(far_voice, read, silent):
    """A caller farther from the telephone than they were; not an echo, nor what may become one."""

    async def act(call):
        listening = listening_of(call.session)
        listening.overheard.agent_says("Long ago a crow was very thirsty.")
        listening.interrupted = call.session.vad.read_words
        speaking = asyncio.create_task(call.voice(0.6, far_voice))
        await call.a_moment(0.3)
        assert not call.loudspeaker.is_silent
        listening.passes(interim(read))
        await call.a_moment(0.1)
        is_silent = call.loudspeaker.is_silent
        await speaking
        return is_silent

    assert talk_over(act, judged, EARLIEST_SECONDS) is silent


async def test_a_microphone_of_another_rate_is_judged_by_the_detector_alone(words):
    stream = judged(build_vad(TurnSettings())).stream()
    louder_rate = np.repeat(words, 3)
    stream.push_frame(rtc.AudioFrame(louder_rate.tobytes(), 48_000, 1, len(louder_rate)))
    stream.end_input()
    events = [event async for event in stream]
    await stream.aclose()
    assert max(event.speech_duration for event in events) > EARLIEST_SECONDS


@pytest.mark.parametrize(("kind", "counted"), [("words", True), ("far", False), ("cough", False)])
async def test_the_real_detectors_stream_is_judged_window_by_window(kind, counted):
    heard = next(heard for heard in read_corpus() if heard.kind == kind and heard.name != "words en-IN stop")
    samples, _ = on_line(heard, Line.CLEAR, usual_level())
    stream = judged(build_vad(TurnSettings())).stream()
    for start in range(0, len(samples), 800):
        frame = samples[start : start + 800]
        stream.push_frame(rtc.AudioFrame(frame.tobytes(), 16_000, 1, len(frame)))
    stream.end_input()
    events = [event async for event in stream]
    await stream.aclose()

    speech = [event.speech_duration for event in events if event.type is vad.VADEventType.INFERENCE_DONE]
    assert (max(speech) >= EARLIEST_SECONDS) is counted
    assert any(event.type is vad.VADEventType.START_OF_SPEECH for event in events) or kind == "cough"
