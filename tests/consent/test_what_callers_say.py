"""Answers, withdrawals, questions and mentions are told apart, in eleven languages, scripts, and mixed."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.consent.answers import Answer, Heard, read_answer, read_key
from worker.consent.withdrawal import Remark, remark_in

REMARKS = tomllib.loads((Path(__file__).parent / "remarks.toml").read_text(encoding="utf-8"))
ANSWERS = tomllib.loads((Path(__file__).parent / "answers.toml").read_text(encoding="utf-8"))
KINDS = {"withdraws": Remark.WITHDRAWS, "asks": Remark.ASKS, "mentions": None}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind in KINDS for text in REMARKS[kind]])
def test_a_remark_is_what_it_is(kind, text):
    assert remark_in(text) is KINDS[kind]


@pytest.mark.parametrize("text", ANSWERS["yes"])
def test_a_clear_yes_is_one(text):
    assert read_answer(text) == Heard(Answer.YES, says_more=False)


@pytest.mark.parametrize("text", ANSWERS["no"])
def test_a_no_is_one(text):
    assert read_answer(text) == Heard(Answer.NO, says_more=False)


@pytest.mark.parametrize("text", ["no, where is my order", "नहीं, मेरा बैलेंस बताइए", "illa, en bill evlo"])
def test_a_no_in_front_of_something_else_is_one_and_the_rest_is_answered(text):
    assert read_answer(text) == Heard(Answer.NO, says_more=True)


@pytest.mark.parametrize("text", ANSWERS["later"])
def test_later_is_later_whatever_stands_beside_it(text):
    assert read_answer(text) == Heard(Answer.LATER, says_more=False)


@pytest.mark.parametrize("text", ANSWERS["something_else"])
def test_anything_else_is_no_yes_and_wants_a_reply(text):
    assert read_answer(text) == Heard(Answer.UNCLEAR, says_more=True)


def test_a_yes_that_says_what_may_be_done_is_one_in_front_of_anything():
    assert read_answer("Yes, you can. Where is my order?") == Heard(Answer.YES, says_more=True)
    assert read_answer("Yes you can, no, don't") != Heard(Answer.YES, says_more=True)


@pytest.mark.parametrize(
    "text",
    ["hello", "Hello? Hello!", "namaste", "हेलो", "வணக்கம்", "hmm", "achha", "no problem", "koi baat nahi", "", "…"],
)
def test_a_greeting_a_sound_and_what_weighs_nothing_are_waited_out(text):
    assert read_answer(text) == Heard(Answer.NOTHING, says_more=False)


def test_two_keys_answer():
    assert [read_key(key) for key in "12"] == [Answer.YES, Answer.NO]
    assert {read_key(key) for key in "034567890*#"} == {Answer.NOTHING}


@given(st.text(max_size=80))
def test_whatever_is_heard_is_read(text):
    read_answer(text)
    remark_in(text)
