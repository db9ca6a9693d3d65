"""What the room and the log are told of a call."""

import asyncio
import json
import logging
from types import SimpleNamespace

import pytest
from livekit.agents import ChatMessage

from worker.bill import Bill
from worker.conversation.reports import LANGUAGE_ATTRIBUTE, NOTICE_TOPIC, TURN_TOPIC, CallReports
from worker.record.call_record import Cost
from worker.reply.language import ReplyLanguage
from worker.reply.speculation import Waste


class Room:
    """A room that keeps what it is told."""

    def __init__(self, *, connected=True, fails=False):
        self.connected, self.fails = connected, fails
        self.texts, self.attributes = [], {}
        self.local_participant = self

    def isconnected(self):
        return self.connected

    async def send_text(self, text, *, topic):
        if self.fails:
            raise RuntimeError("the room is gone")
        self.texts.append((topic, json.loads(text)))

    async def set_attributes(self, attributes):
        self.attributes |= attributes


class Session:
    """An event emitter, as far as reports need one."""

    def __init__(self):
        self.handlers = {}

    def on(self, name, handler):
        self.handlers[name] = handler

    def said(self, role, text, **more):
        item = ChatMessage(role=role, content=[text], **more)
        self.handlers["conversation_item_added"](SimpleNamespace(item=item))


def reports_of(room, *, log_pii=False):
    language = ReplyLanguage("hi-IN")
    reports, session = CallReports(room, language, lambda usage: Bill(None), log_pii=log_pii), Session()
    reports.watch(session)
    return reports, session


async def one_turn(room, *, log_pii=False):
    reports, session = reports_of(room, log_pii=log_pii)
    session.said("assistant", "नमस्ते")  # the greeting answers nobody
    reports.claimed("ta-IN")
    reports.wasted(Waste(replies=2, tokens=30, characters=4))
    session.said("user", "my number is 98765 43210")
    session.said("assistant", "धन्यवाद", interrupted=True)
    await reports.aclose()


def test_a_turn_is_told_to_the_room_once_with_both_sides_words():
    room = Room()
    asyncio.run(one_turn(room))
    (told,) = [content for topic, content in room.texts if topic == TURN_TOPIC]
    assert (told["turn"], told["heard"], told["reply"]) == (1, "my number is 98765 43210", "धन्यवाद")
    assert (told["heard_language"], told["reply_language"], told["interrupted"]) == ("ta-IN", "hi-IN", True)
    assert (told["usage"], told["cost_rupees"]) == ({}, None)
    assert room.attributes == {LANGUAGE_ATTRIBUTE: "hi-IN"}


@pytest.mark.parametrize("log_pii", [False, True])
def test_the_log_has_words_only_where_they_are_allowed(caplog, log_pii):
    caplog.set_level(logging.INFO, logger="vaani")
    asyncio.run(one_turn(Room(), log_pii=log_pii))
    (line,) = [record for record in caplog.records if record.getMessage() == "turn.finished"]
    assert (line.turn, line.language, line.interrupted) == (1, "hi-IN", True)
    assert (line.wasted_replies, line.wasted_tokens, line.wasted_characters) == (2, 30, 4)
    assert ("98765" in str(vars(line))) is log_pii


def test_a_room_that_is_gone_disturbs_no_call():
    asyncio.run(one_turn(Room(connected=False)))
    asyncio.run(one_turn(Room(fails=True)))


def test_turns_are_counted_on_after_another_agent():
    async def resumed(room):
        reports, session = reports_of(room)
        reports.resume(4)
        session.said("user", "hello")
        session.said("assistant", "hello")
        await reports.aclose()

    room = Room()
    asyncio.run(resumed(room))
    assert room.texts[0][1]["turn"] == 5


def test_a_notice_has_a_code_and_words():
    async def noticed(room):
        reports, _ = reports_of(room)
        reports.notice("stt_late", "One moment, please.")
        await reports.aclose()

    room = Room()
    asyncio.run(noticed(room))
    assert room.texts == [(NOTICE_TOPIC, {"code": "stt_late", "message": "One moment, please."})]


async def test_a_turn_says_what_the_call_has_cost_since_the_one_before(caplog):
    caplog.set_level(logging.INFO, "vaani")
    reports, session = reports_of(Room())
    bills = iter([Bill(0.5), Bill(0.75), Bill(None), Bill(1.0)])
    reports.cost = lambda: Cost({}, next(bills))
    for _ in range(4):
        session.said("user", "नमस्ते")
        session.said("assistant", "जी")
    told = [record.rupees for record in caplog.records if record.msg == "turn.finished"]
    assert told == [0.5, 0.25, None, 0.25]


def test_a_turn_that_goes_on_is_told_once_when_it_is_over():
    async def goes_on(room):
        reports, session = reports_of(room)
        session.said("user", "where is my order")
        reports.take_back()
        session.said("user", "where is my order from last week")
        session.said("assistant", "It comes")
        await reports.aclose()

    room = Room()
    asyncio.run(goes_on(room))
    (told,) = [content for topic, content in room.texts if topic == TURN_TOPIC]
    assert (told["turn"], told["heard"]) == (1, "where is my order from last week")
