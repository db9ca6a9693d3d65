"""An agent that fell silent for what wants no answer goes on as soon as that is known."""

import asyncio

import pytest

from tests.barge_in.listening import final, listening_of
from tests.barge_in.talked_over import RESUME_SECONDS, talk_over
from worker.livekit_internals import resume_paused_speech


def test_a_paused_speech_goes_on_at_once():
    async def act(call):
        await call.voice(0.3)
        assert call.loudspeaker.is_silent
        resume_paused_speech(call.session)
        await call.a_moment()
        return call.loudspeaker, call.session.agent_state

    loudspeaker, state = talk_over(act)
    assert not loudspeaker.is_silent
    assert state == "speaking"


def test_without_that_it_waits_as_long_as_words_may_take():
    async def act(call):
        await call.voice(0.3)
        await call.a_moment(2.0)
        return call.loudspeaker.silences

    (silence,) = talk_over(act)
    assert silence == pytest.approx(0.3 - 0.128 + 0.25 + RESUME_SECONDS, abs=0.05)


def test_a_speech_that_is_not_paused_plays_on():
    async def act(call):
        resume_paused_speech(call.session)
        await call.a_moment()
        return call.loudspeaker.silences, call.session.agent_state

    assert talk_over(act) == ([], "speaking")


@pytest.mark.parametrize(("words", "goes_on"), [("हाँ जी", True), ("अच्छा, ठीक है", True), ("मेरा ऑर्डर कहाँ है", False)])
def test_listening_words_let_the_voice_go_on_as_soon_as_they_are_read(words, goes_on):
    """Pins up to 0.9 s of silence behind every "haan"."""

    async def act(call):
        listening = listening_of(call.session)
        await call.voice(0.3)
        await call.a_moment(0.2)
        passes = listening.passes(final(words))
        await call.a_moment()
        return passes, call.loudspeaker.is_silent

    assert talk_over(act) == (not goes_on, not goes_on)


def test_a_caller_who_speaks_again_is_not_talked_over():
    async def act(call):
        listening = listening_of(call.session)
        await call.voice(0.3)
        spoken = asyncio.create_task(call.voice(0.6))
        await call.a_moment(0.2)
        listening.passes(final("haan"))
        await call.a_moment()
        silent = call.loudspeaker.is_silent
        await spoken
        return silent

    assert talk_over(act)
