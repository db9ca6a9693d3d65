"""The language of one call over its turns: what a wish and a takeover by another agent must not lose."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from livekit.agents import ChatMessage

from worker.conversation.handoff import Handoff
from worker.conversation.tool_services import ToolServices
from worker.language import LanguageState
from worker.recovery.snapshot import CallState
from worker.reply.language import ReplyLanguage


def replies(call_language, *texts, first_turn=1):
    """The reply language of each turn."""
    return [call_language.commit(text, turn).language for turn, text in enumerate(texts, start=first_turn)]


def test_a_language_that_the_model_sets_sticks_like_a_wish_in_words():
    """Pins the find that one turn in Hindi undid what the caller had asked the model for."""
    in_words, through_the_model = ReplyLanguage("en-IN"), ReplyLanguage("en-IN")
    in_words.commit("तमिल में बात करो", 1)
    through_the_model.commit("amma's language suits me best", 1)
    call: Any = SimpleNamespace(languages=through_the_model)
    ToolServices(call, settings=Any, http=Any).switch_language("ta-IN")  # type: ignore[arg-type]

    assert through_the_model.settled == in_words.settled == "ta-IN"
    turns = ["mera order kahan hai", "enna venum", "mera order kahan hai", "kab tak aayega"]
    assert replies(in_words, *turns, first_turn=2) == ["ta-IN", "ta-IN", "ta-IN", "hi-IN"]
    assert replies(through_the_model, *turns, first_turn=2) == ["ta-IN", "ta-IN", "ta-IN", "hi-IN"]


def test_the_language_a_call_opens_in_is_a_guess_that_the_first_turn_corrects():
    call_language = ReplyLanguage("en-IN")
    call_language.open_in("ta-IN")

    assert call_language.replying == "ta-IN"
    assert replies(call_language, "mera order kahan hai") == ["hi-IN"]


class KeptRooms:
    """Keeps what a call writes down."""

    state: CallState

    async def write_state(self, room: str, metadata: str, state: CallState) -> None:
        self.state = state


@pytest.mark.parametrize("turns_before", [1, 2], ids=["the wish", "the wish, then one turn in another language"])
async def test_a_successor_goes_on_as_the_agent_before_would_have(turns_before):
    """The wish and the count of turns against it travel with the call, through what is written down of it."""
    heard = ["तमिल में बात करो", "mera order kahan hai", "kab tak aayega"]
    before, after = ReplyLanguage("en-IN"), ReplyLanguage("en-IN")
    replies(before, *heard[:turns_before])
    rooms = KeptRooms()

    await handoff(rooms, before)._write(rooms)  # type: ignore[arg-type]
    after.restore(rooms.state.language_state, turns=turns_before)

    assert (
        after.state
        == before.state
        == LanguageState(
            "ta-IN", wished=True, leaning="hi-IN" if turns_before == 2 else None, leaning_turns=turns_before - 1
        )
    )
    left = heard[turns_before:]
    assert replies(after, *left, first_turn=turns_before + 1) == ["ta-IN", "hi-IN"][-len(left) :]


def handoff(rooms: Any, call_language: ReplyLanguage) -> Handoff:
    """What writes a call down, in a room that has nobody else."""
    room = SimpleNamespace(
        name="room", metadata="", isconnected=lambda: True, on=lambda *_: None,
        local_participant=SimpleNamespace(identity="agent-1"),
    )  # fmt: skip
    session = SimpleNamespace(on=lambda *_: None)
    settings = SimpleNamespace(default_language="en-IN", alone_seconds=1.0)
    written = Handoff(
        SimpleNamespace(room=room), session, None, settings, SimpleNamespace(handover_seconds=8.0), "vaani"
    )  # type: ignore[arg-type]
    written.follow(lambda: call_language.state)
    return written


def test_a_turn_that_goes_on_is_decided_anew_over_all_of_it():
    """The first half alone leaned to another language, and what its recogniser claimed still counts for the whole."""
    call_language, at_once = ReplyLanguage("en-IN"), ReplyLanguage("en-IN")
    call_language.hear("மன்னிக்கவும்", "ta-IN", 0.9)
    call_language.commit("மன்னிக்கவும்", 1)
    call_language.take_back()
    assert call_language.settled == "en-IN"
    assert not call_language.is_over(1)

    call_language.hear("I want to talk about my order", "en-IN", 0.9)
    for each in ("மன்னிக்கவும்", "I want to talk about my order"):
        at_once.hear(each, "ta-IN" if each == "மன்னிக்கவும்" else "en-IN", 0.9)
    whole = "மன்னிக்கவும் I want to talk about my order"
    assert call_language.commit(whole, 1) == at_once.commit(whole, 1)
    assert call_language.state == at_once.state


def test_words_that_go_on_are_saved_for_the_next_agent_once():
    written = handoff(SimpleNamespace(), ReplyLanguage("en-IN"))
    written._added(ChatMessage(role="user", content=["where is my order"]))
    written.take_back()
    written._added(ChatMessage(role="user", content=["where is my order from last week"]))
    assert [item.text_content for item in written.chat_context.items] == ["where is my order from last week"]
    assert written._turns == 1
