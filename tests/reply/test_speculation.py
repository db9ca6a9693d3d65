"""When a reply begins on partial words, and what the replies cost that nobody heard."""

import pytest
from livekit.agents import LanguageCode, stt

from worker.reply.speculation import EarlyWords, Speculation, Waste

INTERIM, FINAL = stt.SpeechEventType.INTERIM_TRANSCRIPT, stt.SpeechEventType.FINAL_TRANSCRIPT


def event(text, kind=INTERIM, language="en-IN"):
    return stt.SpeechEvent(type=kind, alternatives=[stt.SpeechData(language=LanguageCode(language), text=text)])


@pytest.mark.parametrize(
    ("text", "language", "offered"),
    [
        ("Where is my order", "en-IN", True),
        ("I am calling because", "en-IN", False),
        ("my number is nine eight seven", "en-IN", False),
        ("मेरा ऑर्डर कहाँ है", "hi-IN", True),
        ("मुझे दिल्ली से", "hi-IN", False),
        ("", "en-IN", False),
    ],
)
def test_a_reply_begins_on_partial_words_only_when_they_sound_finished(text, language, offered):
    assert (EarlyWords().of(event(text, language=language)) is not None) is offered


def test_the_same_partial_words_begin_one_reply_only_until_the_final_comes():
    early = EarlyWords()
    assert early.of(event("Where is my order")).type is stt.SpeechEventType.PREFLIGHT_TRANSCRIPT
    assert early.of(event("Where is my order")) is None
    assert early.of(event("Where is my order", FINAL)) is None
    assert early.of(event("Where is my order")) is not None, "a new turn with the same words"


def test_a_recogniser_that_only_has_finals_begins_nothing_early():
    assert EarlyWords().of(event("Where is my order", FINAL)) is None
    assert EarlyWords().of(stt.SpeechEvent(type=stt.SpeechEventType.END_OF_SPEECH)) is None


def test_the_reply_that_is_kept_costs_nothing_and_the_others_are_counted():
    speculation = Speculation()
    first = speculation.begin("My number", ahead=True)
    first.tokens, first.characters = 7, 20
    kept = speculation.begin("My number is 98.", ahead=True)
    kept.tokens, kept.characters = 9, 40
    assert speculation.settle("my number is 98") == Waste(replies=1, tokens=7, characters=20)
    assert speculation.settle("") == Waste()


def test_an_answer_after_a_tool_is_no_speculation():
    speculation = Speculation()
    speculation.begin("Where is my order", ahead=True)
    assert speculation.settle("Where is my order") == Waste()
    answer = speculation.begin("Where is my order", ahead=False)
    answer.tokens, answer.characters = 12, 60
    assert speculation.settle("And my bill") == Waste()


def test_words_in_an_indian_script_are_compared_whole():
    speculation = Speculation()
    speculation.begin("मेरा बिल", ahead=True).tokens = 3
    assert speculation.settle("मेरा बल").tokens == 3


def test_a_reply_whose_turn_goes_on_was_in_vain():
    speculation = Speculation()
    speculation.begin("where is my order", ahead=True).tokens = 5
    assert speculation.settle("where is my order") == Waste()
    speculation.take_back()
    speculation.take_back()
    speculation.begin("where is my order from last week", ahead=True)
    assert speculation.settle("where is my order from last week") == Waste(replies=1, tokens=5)
