"""Eleven languages x {yes, no, silence, later, talks over it, withdraws}: without a yes, not a word and not a frame."""

from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path

import pytest

from tests.consent.fake_call import ANNOUNCED, ASKED, FakeCall
from tests.jumping_clock import run, wait
from worker.consent.dialogue import State
from worker.consent.rules import ConsentRules, Mode, Purpose
from worker.languages import SUPPORTED

SAID = tomllib.loads((Path(__file__).parent / "said.toml").read_text(encoding="utf-8"))
BEHAVIOURS = ("yes", "no", "silence", "later", "over", "withdraws")


def test_there_are_sixty_six():
    assert set(SAID) == set(SUPPORTED)
    assert len(SUPPORTED) * len(BEHAVIOURS) == 66


async def one_call(language, behaviour, words):
    """Lead one call to its end, with two turns about something else in it."""
    call = FakeCall(ASKED, language)
    opening = asyncio.create_task(call.consent.open())
    if behaviour == "over":
        await wait(0.5)
        await call.caller_says(words, seconds=1.0)
    elif behaviour != "silence":
        await call.until_asked()
        await wait(0.4)
        await call.caller_says(SAID[language]["yes"][0] if behaviour == "withdraws" else words)
    call.greets = await opening
    await call.caller_says(SAID[language]["matter"], seconds=2.0)
    call.kept_before = (list(call.kept_words), call.kept_frames)
    if behaviour == "withdraws":
        await wait(1.0)
        await call.caller_says(words)
        await wait(5.0)
    await call.caller_says(SAID[language]["matter"], seconds=2.0)
    await wait(3.0)
    await call.hang_up()
    return call


@pytest.mark.parametrize("language", SUPPORTED)
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_nothing_is_kept_without_a_yes(language, behaviour):
    for words in SAID[language].get(behaviour, [""]):
        call = run(one_call(language, behaviour, words))
        what = f"{language} {behaviour} {words!r}: {call.states()} {call.said}"
        if behaviour == "yes":
            assert len(call.kept_words) == 2, what
            assert call.kept_frames > 0, what
            assert call.states() == [("given", "voice")], what
            continue
        assert call.kept_words == [], what
        assert call.kept_frames == 0, what
        if behaviour == "withdraws":
            assert len(call.kept_before[0]) == 1, what
            assert call.kept_before[1] > 0, what
            assert call.erasures == 1, what
            assert call.said[-1] == "consent_withdrawn", what
            assert call.states() == [("given", "voice"), ("withdrawn", "voice")], what
        else:
            assert call.states()[-1][0] in ("refused", "unclear"), what
            assert call.kept_before == ([], 0), what


@pytest.mark.parametrize("language", SUPPORTED)
def test_the_proof_has_time_language_version_turn_and_way(language):
    call = run(one_call(language, "yes", SAID[language]["yes"][0]))
    assert {proof.purpose for proof in call.proofs} == {Purpose.WORDS, Purpose.RECORDING}
    for proof in call.proofs:
        assert proof.at.tzinfo is not None
        assert (proof.language, proof.notice_version, proof.turn) == (language, call.notices.versions[language], 0)


@pytest.mark.parametrize("language", SUPPORTED)
def test_another_matter_is_answered_and_no_greeting_is_laid_over_it(language):
    call = run(one_call(language, "over", SAID[language]["matter"]))
    assert call.turns[0] == SAID[language]["matter"]
    assert call.greets is False


@pytest.mark.parametrize("language", SUPPORTED)
def test_who_is_silent_is_greeted_soon(language):
    async def opening():
        call = FakeCall(ASKED, language)
        began = asyncio.get_running_loop().time()
        greets = await call.consent.open()
        seconds = asyncio.get_running_loop().time() - began
        await call.hang_up()
        return greets, seconds

    greets, seconds = run(opening())
    assert greets
    assert seconds <= 3.5 + 2.5 + 0.01


@pytest.mark.parametrize("language", SUPPORTED)
def test_an_announcement_is_made_and_whoever_objects_is_not_kept(language):
    async def announced():
        call = FakeCall(ANNOUNCED, language)
        assert await call.consent.open()
        assert call.consent.state is State.ALLOWED
        await call.caller_says(SAID[language]["matter"])
        kept = list(call.kept_words)
        await call.caller_says(SAID[language]["withdraws"][0])
        await call.caller_says(SAID[language]["matter"])
        await wait(3)
        await call.hang_up()
        return call, kept

    call, kept = run(announced())
    assert len(kept) == 1
    assert (call.kept_words, call.kept_frames) == ([], 0)
    assert call.states() == [("announced", "notice"), ("withdrawn", "voice")]


def test_the_second_question_is_put_only_to_those_who_said_yes():
    rules = ConsentRules(Mode.ASKED, frozenset(Purpose))

    async def call_of(*answers):
        call = FakeCall(rules, "hi-IN")
        opening = asyncio.create_task(call.consent.open())
        for answer in answers:
            await call.until_asked()
            await wait(0.3)
            await call.caller_says(answer)
            await wait(0.1)
        await opening
        await call.hang_up()
        return call

    both = run(call_of("हाँ", "हाँ"))
    assert both.consent.allowed == frozenset(Purpose)
    only = run(call_of("हाँ", "नहीं"))
    assert only.consent.allowed == {Purpose.WORDS, Purpose.RECORDING}
    assert only.states(Purpose.IMPROVEMENT) == [("refused", "voice")]
    neither = run(call_of("नहीं"))
    assert neither.consent.allowed == frozenset()
    assert neither.states(Purpose.IMPROVEMENT) == []
