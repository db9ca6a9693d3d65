"""What else happens around the notice: keys, languages, agents that follow, decisions made before the call."""

from __future__ import annotations

import asyncio

import pytest

from tests.consent.fake_call import ANNOUNCED, ASKED, BOTH, FakeCall
from tests.jumping_clock import run, wait
from worker.consent.dialogue import Given, State
from worker.consent.notices import Notices
from worker.consent.rules import ConsentRules, Mode, Purpose


async def asked(call):
    opening = asyncio.create_task(call.consent.open())
    await call.until_asked()
    return opening


@pytest.mark.parametrize(("keys", "allowed"), [("1", BOTH), ("2", frozenset()), ("9", frozenset()), ("91", BOTH)])
def test_keys_answer_as_a_voice_does(keys, allowed):
    async def presses():
        call = FakeCall()
        opening = await asked(call)
        for key in keys:
            call.consent.press(key)
        assert await opening
        await call.hang_up()
        return call

    call = run(presses())
    assert call.consent.allowed == allowed
    if keys != "9":
        assert call.states()[-1][1] == "key"


def test_a_yes_key_over_the_question_is_no_yes():
    async def presses():
        call = FakeCall()
        opening = asyncio.create_task(call.consent.open())
        await wait(0.5)
        call.consent.press("1")
        await opening
        await call.hang_up()
        return call

    assert run(presses()).consent.allowed == frozenset()


def test_a_yes_over_the_last_syllable_counts_and_one_in_the_middle_does_not():
    async def says_yes_at(before_the_end):
        call = FakeCall()
        opening = asyncio.create_task(call.consent.open())
        await wait(0)
        await wait(call.silent_until - before_the_end)
        await call.caller_says("yes", seconds=0.5)
        await opening
        await call.hang_up()
        return call.consent.allowed

    assert run(says_yes_at(0.2)) == BOTH
    assert run(says_yes_at(1.0)) == frozenset()


def test_a_hello_does_not_answer_and_the_yes_behind_it_does():
    async def hello():
        call = FakeCall()
        opening = await asked(call)
        await call.caller_says("hello?", seconds=0.4)
        await wait(0.5)
        await call.caller_says("yes", seconds=0.4)
        await opening
        await call.hang_up()
        return call

    call = run(hello())
    assert call.consent.allowed == BOTH
    assert call.turns == []


def test_a_line_that_never_falls_silent_is_greeted_all_the_same():
    async def noisy():
        call = FakeCall()
        call.consent.caller_moved(speaks=True)
        assert await call.consent.open()
        seconds = asyncio.get_running_loop().time()
        await call.hang_up()
        return call, seconds

    call, seconds = run(noisy())
    assert call.consent.allowed == frozenset()
    assert seconds < 14


def test_a_voice_that_is_dead_keeps_nothing_and_holds_nobody_up_for_ever():
    class Silence:
        async def wait_for_playout(self):
            await asyncio.Event().wait()

    async def dead():
        call = FakeCall()
        call._say = lambda phrase, voice: Silence()
        call.consent._ports = call.consent._ports.__class__(
            **{name: getattr(call.consent._ports, name) for name in call.consent._ports.__slots__} | {"say": call._say}
        )
        assert await call.consent.open()
        await call.hang_up()
        return call

    call = run(dead())
    assert (call.consent.state, call.consent.allowed) == (State.UNANSWERED, frozenset())


def test_is_this_call_recorded_is_answered_truly_and_withdraws_nothing():
    async def asks():
        call = FakeCall()
        opening = await asked(call)
        await call.caller_says("yes")
        await opening
        await call.caller_says("Is this call recorded?")
        kept = call.said[-1]
        await call.caller_says("stop recording please")
        await wait(8)
        await call.caller_says("is this call being recorded")
        await call.hang_up()
        return call, kept

    call, kept = run(asks())
    assert kept == "consent_kept_words_recording"
    assert call.said[-1] == "consent_not_kept"
    assert call.erasures == 1
    assert call.turns == []


def test_withdrawing_twice_erases_once_and_is_answered_both_times():
    async def twice():
        call = FakeCall(ANNOUNCED)
        await call.consent.open()
        await call.caller_says("don't record this")
        await call.caller_says("don't record this")
        await call.hang_up()
        return call

    call = run(twice())
    assert call.erasures == 1
    assert call.said[-2:] == ["consent_withdrawn", "consent_not_kept"]


def test_withdrawing_while_the_second_question_is_put_takes_all_of_it_back():
    async def during():
        call = FakeCall(ConsentRules(Mode.ASKED, frozenset(Purpose)))
        opening = await asked(call)
        await call.caller_says("yes")
        await wait(0.1)
        await call.until_asked()
        await call.caller_says("don't record me")
        await opening
        await call.hang_up()
        return call

    call = run(during())
    assert (call.consent.state, call.consent.allowed, call.erasures) == (State.WITHDRAWN, frozenset(), 1)


@pytest.mark.parametrize("rules", [ASKED, ANNOUNCED])
def test_a_change_of_language_brings_the_notice_once(rules):
    async def changes():
        call = FakeCall(rules, "hi-IN")
        opening = asyncio.create_task(call.consent.open())
        if rules is ASKED:
            await call.until_asked()
            await call.caller_says("हाँ")
        await opening
        before = len(call.said)
        for language in ("ta-IN", "hi-IN", "ta-IN", "ta-IN"):
            call.language = language
            call.consent.language_changed()
            await wait(6)
        await call.hang_up()
        return call, call.said[before:]

    call, said = run(changes())
    assert said == ["consent_told"]
    assert call.consent.allowed == BOTH


def test_who_was_silent_is_asked_again_in_another_language_and_who_said_no_is_not():
    async def changes(first, second):
        call = FakeCall(ASKED, "hi-IN")
        opening = await asked(call)
        if first:
            await call.caller_says(first)
        await opening
        call.language = "ta-IN"
        call.consent.language_changed()
        if not first:
            await wait(0)
            await call.until_asked()
            await call.caller_says(second)
        await wait(12)
        await call.hang_up()
        return call

    again = run(changes("", "ஆமாம்"))
    assert again.consent.allowed == BOTH
    assert again.proofs[-1].language == "ta-IN"
    refused = run(changes("नहीं", ""))
    assert refused.consent.state is State.REFUSED
    assert refused.said.count("consent_notice") == 1


@pytest.mark.parametrize("answer", ["yes", "no", "", "withdraws"])
def test_an_agent_that_follows_keeps_what_was_decided(answer):
    async def follows():
        call = FakeCall()
        opening = await asked(call)
        if answer:
            await call.caller_says("yes" if answer == "withdraws" else answer)
        await opening
        if answer == "withdraws":
            await call.caller_says("don't record this")
        await call.hang_up()
        other = FakeCall()
        other.consent.restore(call.consent.snapshot())
        other.consent.language_changed()
        await wait(8)
        await other.hang_up()
        return call, other

    call, other = run(follows())
    assert (other.consent.state, other.consent.allowed) == (call.consent.state, call.consent.allowed)
    assert other.changes == [call.consent.allowed]
    assert other.said == []


@pytest.mark.parametrize("saved", [{}, {"state": "LISTENING", "allowed": ["words"]}, {"state": "?", "allowed": ["?"]}])
def test_an_agent_that_does_not_know_what_was_decided_keeps_nothing(saved):
    async def follows():
        call = FakeCall()
        call.consent.restore(saved)
        await call.hang_up()
        return call

    assert run(follows()).consent.allowed == frozenset()


def test_a_consent_given_outside_is_not_asked_for_and_its_reference_is_the_proof():
    async def opened():
        given = Given(frozenset({Purpose.WORDS}), "reference", "CM-7781")
        call = FakeCall(ASKED, outside=given)
        assert await call.consent.open()
        await call.hang_up()
        return call

    call = run(opened())
    assert call.said == []
    assert call.consent.allowed == {Purpose.WORDS}
    assert call.states() == [("given", "reference")]
    assert call.states(Purpose.RECORDING) == [("refused", "reference")]
    assert call.proofs[0].reference == "CM-7781"


def test_a_caller_who_decided_before_is_not_asked_again_unless_the_notice_is_another():
    async def opened(version):
        earlier = Given(BOTH, "earlier", "call-1", version)
        call = FakeCall(ASKED, earlier=earlier)
        await call.consent.open()
        await call.hang_up()
        return call

    version = Notices.load(ASKED).versions["en-IN"]
    same = run(opened(version))
    assert (same.said, same.consent.allowed) == ([], BOTH)
    other = run(opened("1999-01-01"))
    assert other.said[0] == "consent_notice"
    assert other.consent.allowed == frozenset()


def test_without_a_rule_nothing_is_said_and_all_is_as_it_was():
    async def opened():
        call = FakeCall(ConsentRules())
        assert await call.consent.open()
        assert not call.consent.hear("don't record this")
        await call.hang_up()
        return call

    call = run(opened())
    assert (call.said, call.proofs) == ([], [])
    assert call.consent.allowed == BOTH
