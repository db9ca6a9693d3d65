"""A recogniser that fails is noticed, replaced, and hears again what it has missed; a cough ends no call."""

import asyncio
import itertools

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import APIConnectionError

from tests.jumping_clock import run, wait
from worker.faults import EndedQuietly, NothingHeard
from worker.hearing.replay_buffer import REPLAY_SECONDS
from worker.hearing.stt_supervisor import State, SttSupervisor
from worker.reply.retry import RetryPolicy

RETRY_POLICY = RetryPolicy(late_seconds=2.5, give_up_seconds=20.0)
BROKEN = APIConnectionError("broken")


class Call:
    """What a call notes down."""

    def __init__(self):
        self.faults, self.told, self.gave_up_at = [], [], []
        self.hearing = SttSupervisor(
            RETRY_POLICY,
            fault=self.faults.append,
            tell=self.told.append,
            gave_up=lambda: self.gave_up_at.append(asyncio.get_running_loop().time()),
        )


def frame(number, seconds=0.5):
    samples = int(16000 * seconds)
    made = rtc.AudioFrame(bytes(2 * samples), 16000, 1, samples)
    made.userdata["number"] = number
    return made


async def audio(*numbers):
    for number in numbers:
        yield frame(number)


async def numbers(frames):
    return [each.userdata["number"] async for each in frames]


def test_what_was_said_to_a_broken_stream_is_played_to_the_next_one():
    async def scenario():
        call = Call()
        await numbers(call.hearing.listen(audio(1, 2)))
        call.hearing.caller_spoke()
        await numbers(call.hearing.listen(audio(3, 4)))
        call.hearing.failed(BROKEN)
        return await numbers(call.hearing.listen(audio(5)))

    assert run(scenario())[-4:] == [2, 3, 4, 5], "half a second before the speech, the speech, and what follows"


def test_what_was_understood_is_not_played_again():
    async def scenario():
        call = Call()
        call.hearing.caller_spoke()
        await numbers(call.hearing.listen(audio(1, 2)))
        call.hearing.understood()
        call.hearing.failed(BROKEN)
        return await numbers(call.hearing.listen(audio(3)))

    assert run(scenario()) == [3]


def test_no_more_is_kept_than_can_be_played_again():
    async def scenario():
        call = Call()
        call.hearing.caller_spoke()
        await numbers(call.hearing.listen(audio(*range(200))))
        call.hearing.failed(BROKEN)
        return await numbers(call.hearing.listen(audio()))

    assert len(run(scenario())) == REPLAY_SECONDS / 0.5


async def endless():
    yield "start of speech"
    await wait(1e6)


def test_a_stream_that_hears_nothing_of_what_was_said_is_replaced():
    """Pins the hang on an open socket: nobody else would ever close it."""

    async def scenario():
        call = Call()
        events = call.hearing.events(endless())
        assert await anext(events) == "start of speech"
        await wait(5)
        call.hearing.caller_spoke()
        call.hearing.missed(1.5)
        with pytest.raises(NothingHeard):
            await anext(events)
        return call.told

    assert run(scenario()) == ["late"]


def test_a_recogniser_that_is_back_is_noticed_within_seconds_and_not_at_the_next_sign_of_life():
    """Pins the matrix's row stt-stall-recovers: the second try came 7 s after the first, as the wait was given up."""

    async def scenario():
        call = Call()
        call.hearing.caller_spoke()
        opened_at = []

        async def streams():
            while True:
                opened_at.append(asyncio.get_running_loop().time())
                try:
                    async for _ in call.hearing.events(endless()):
                        pass
                except NothingHeard as error:
                    call.hearing.failed(error)

        streaming = asyncio.create_task(streams())
        await wait(5)
        call.hearing.missed(1.5)
        await wait(RETRY_POLICY.give_up_seconds - 1)
        call.hearing.close()
        streaming.cancel()
        return opened_at

    opened_at = run(scenario())
    assert len(opened_at) >= 5
    assert max(after - before for before, after in itertools.pairwise(opened_at[1:])) < 5.0


def test_one_sentence_that_is_not_understood_ends_no_call():
    async def scenario():
        call = Call()
        call.hearing.caller_spoke()
        call.hearing.missed(1.5)
        await wait(60)
        return call

    call = run(scenario())
    assert call.told == ["late", "one_moment", "say_again"]
    assert call.gave_up_at == []
    assert not call.hearing.waiting


def test_any_number_of_coughs_ends_no_call():
    async def scenario():
        call = Call()
        for _ in range(10):
            call.hearing.caller_spoke()
            call.hearing.missed(0.4)
            await wait(15)
        return call

    call = run(scenario())
    assert call.gave_up_at == []
    assert set(call.told) == {"say_again"}


def test_a_failure_late_in_a_wait_has_its_own_time_to_pass():
    """Pins a goodbye a second after the recogniser broke, because a sentence before had not been understood."""

    async def scenario():
        call = Call()
        call.hearing.caller_spoke()
        call.hearing.missed(1.5)
        await wait(18)
        call.hearing.failed(BROKEN)
        await wait(1)
        call.hearing.failed(BROKEN)
        await wait(10)
        assert call.gave_up_at == []
        await wait(30)
        return call

    assert run(scenario()).gave_up_at == [38.0]


def test_a_recogniser_that_stays_away_ends_the_call_in_time_with_signs_of_life_before():
    async def scenario():
        call = Call()
        call.hearing.caller_spoke()
        call.hearing.failed(BROKEN)
        call.hearing.missed(1.5)
        for _ in range(30):
            await wait(1)
            call.hearing.failed(BROKEN)
        return call

    call = run(scenario())
    assert call.gave_up_at == [pytest.approx(RETRY_POLICY.give_up_seconds)]
    assert call.told[0] == "late"
    assert call.told[1:] == ["one_moment"] * (len(call.told) - 1)
    assert 2 <= len(call.told) <= 5


def test_speaking_in_vain_three_times_ends_the_call():
    async def scenario():
        call = Call()
        for _ in range(3):
            call.hearing.caller_spoke()
            await wait(6)
            call.hearing.missed(1.5)
        return call

    call = run(scenario())
    assert call.told == ["late", "say_again"]
    assert len(call.gave_up_at) == 1


def test_a_pause_in_a_sentence_does_not_make_two_of_it():
    async def scenario():
        call = Call()
        call.hearing.caller_spoke()
        call.hearing.missed(1.5)
        await wait(2)
        call.hearing.missed(1.5)
        return call.told

    assert run(scenario()) == ["late"]


def test_being_understood_forgives_everything():
    async def scenario():
        call = Call()
        for _ in range(5):
            call.hearing.caller_spoke()
            call.hearing.failed(BROKEN)
            call.hearing.missed(1.5)
            await wait(5)
            call.hearing.understood()
        await wait(60)
        return call

    assert run(scenario()).gave_up_at == []


def test_idle_closes_between_turns_are_noted_and_end_nothing():
    """Pins a stale count: an idle socket that closed every minute made the next cough end the call."""

    async def scenario():
        call = Call()
        for _ in range(5):
            call.hearing.failed(EndedQuietly())
            await wait(60)
        call.hearing.caller_spoke()
        call.hearing.missed(1.5)
        await wait(60)
        return call

    call = run(scenario())
    assert [(fault.kind, fault.attempt) for fault in call.faults] == [("closed", number) for number in range(1, 6)]
    assert call.gave_up_at == []


def test_streams_are_reopened_ever_more_slowly():
    async def scenario():
        call = Call()
        for _ in range(6):
            call.hearing.failed(BROKEN)
        began = asyncio.get_running_loop().time()
        async for _ in call.hearing.events(audio()):
            pass
        return asyncio.get_running_loop().time() - began

    assert 1.5 <= run(scenario()) <= 2.5


def test_an_error_of_the_stream_comes_out_as_it_is():
    async def broken():
        yield "event"
        raise BROKEN

    async def scenario():
        events = Call().hearing.events(broken())
        assert await anext(events) == "event"
        with pytest.raises(APIConnectionError, match="broken"):
            await anext(events)

    run(scenario())


def test_the_end_of_the_callers_audio_is_no_fault():
    async def scenario():
        call = Call()
        await numbers(call.hearing.listen(audio(1)))
        return call.hearing.finished

    assert run(scenario())


async def loud(*levels, seconds=0.5):
    for level in levels:
        samples = np.resize(np.array([level, -level], np.int16), int(16000 * seconds))
        yield rtc.AudioFrame(samples.tobytes(), 16000, 1, len(samples))


@pytest.mark.parametrize(
    ("unheard", "told"), [((300, 300, 300), []), ((3000, 3000), ["late"]), ((300, 2000, 0, 0, 0), ["late"])], ids=str
)
def test_a_street_that_sounds_like_speech_is_not_the_caller_who_was_not_understood(unheard, told):
    """Pins a recogniser reopened again and again, and a caller told to wait, for noise 15 dB below the voice."""

    async def scenario():
        call = Call()
        call.hearing.caller_spoke()
        [_ async for _ in call.hearing.listen(loud(2500, 3500, 3000))]
        call.hearing.understood()
        call.hearing.caller_spoke()
        [_ async for _ in call.hearing.listen(loud(*unheard))]
        call.hearing.missed(1.5)
        call.hearing.close()
        return call

    call = run(scenario())
    assert call.told == told


def test_before_the_caller_was_understood_once_everything_may_be_the_caller():
    async def scenario():
        call = Call()
        call.hearing.caller_spoke()
        [_ async for _ in call.hearing.listen(loud(100, 100))]
        call.hearing.missed(1.5)
        call.hearing.close()
        return call

    assert run(scenario()).told == ["late"]


def test_speech_counts_as_lost_when_a_second_stream_has_failed_and_not_once_it_was_understood():
    async def scenario():
        call, seen = Call(), []
        call.hearing.caller_spoke()
        await numbers(call.hearing.listen(audio(1, 2)))
        for happens in (
            lambda: call.hearing.failed(BROKEN),
            lambda: call.hearing.failed(BROKEN),
            call.hearing.understood,
        ):
            happens()
            seen.append([each.userdata["number"] for each in call.hearing.lost_speech])
        return seen

    assert run(scenario()) == [[], [1, 2], []]


def test_the_states_are_those_of_the_table():
    """Each line of the table in SttSupervisor's docstring that no test above has as its story."""

    async def scenario():
        call, seen = Call(), []

        def then(what):
            what()
            seen.append(call.hearing.state)

        then(call.hearing.caller_spoke)
        then(lambda: call.hearing.failed(BROKEN))
        then(call.hearing.understood)
        then(call.hearing.caller_spoke)
        then(lambda: call.hearing.missed(1.5))
        then(lambda: call.hearing.failed(NothingHeard()))
        then(lambda: call.hearing.failed(BROKEN))
        await wait(2 * RETRY_POLICY.give_up_seconds)
        seen.append(call.hearing.state)
        then(call.hearing.caller_spoke)
        then(lambda: call.hearing.missed(0.3))
        return seen, call.told[-1], call.gave_up_at

    seen, told_last, gave_up_at = run(scenario())
    assert [state.name for state in seen] == [
        "SPEAKING", "FAILING", "IDLE", "SPEAKING", "UNANSWERED", "UNANSWERED", "FAILING", "IDLE",
        "SPEAKING", "SPEAKING",
    ]  # fmt: skip
    assert told_last == "say_again"
    assert gave_up_at == [], "one failure, long ago, is no recogniser that stays away"


def test_a_recogniser_that_is_slow_is_not_broken_off_time_after_time():
    """Pins a turn that was never answered: each stream was given 2.5 s, and the words took 3.5."""

    async def slow(call):
        yield "start of speech"
        await wait(3.5)
        call.hearing.understood()
        yield "words"
        await wait(1e6)

    async def scenario():
        call = Call()
        call.hearing.caller_spoke()

        async def streams():
            while call.hearing.state is not State.IDLE:
                try:
                    async for _ in call.hearing.events(slow(call)):
                        pass
                except NothingHeard as error:
                    call.hearing.failed(error)

        streaming = asyncio.create_task(streams())
        await wait(3)
        call.hearing.missed(1.5)
        await wait(RETRY_POLICY.give_up_seconds - 1)
        streaming.cancel()
        return call.hearing.state, call.told

    state, told = run(scenario())
    assert state is State.IDLE
    assert "say_again" not in told
