"""What a call tells its record: every turn at once, words only where they are kept, and no phone number by accident."""

import asyncio
import json
import statistics
import time
from types import SimpleNamespace

import pytest
from livekit import rtc
from livekit.agents import ChatMessage, llm
from livekit.agents.voice import FunctionToolsExecutedEvent

from records.events import call_id_of
from worker.bill import Bill
from worker.faults import Fault
from worker.record.call_record import CallRecord, Cost, Spoken, record_of_call
from worker.recovery.snapshot import Succession, id_of_call
from worker.settings import RecordsSettings

KEY = "a-livekit-api-secret-of-some-length"
PHONE, PAGE = rtc.ParticipantKind.PARTICIPANT_KIND_SIP, rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
NUMBER = "+919876543210"


class Written:
    """Keeps events in memory."""

    def __init__(self):
        self.events = []

    def append(self, kind, about, *, at=None):
        self.events.append((kind, about))

    def forget_words(self):
        self.events.append(("forget_words", {}))

    def close(self):
        self.events.append("closed")

    def of(self, kind):
        return [about for each, about in self.events if each == kind]


class Session:
    """An event emitter, as far as a record needs one."""

    def __init__(self):
        self.handlers = {}

    def on(self, name, handler):
        self.handlers[name] = handler

    def said(self, role, text, **more):
        self.handlers["conversation_item_added"](SimpleNamespace(item=ChatMessage(role=role, content=[text], **more)))

    def ran(self, name, arguments, output, *, is_error=False, seconds=0.25):
        call = llm.FunctionCall(call_id="1", name=name, arguments=arguments, created_at=100.0)
        done = llm.FunctionCallOutput(call_id="1", output=output, is_error=is_error, created_at=100.0 + seconds)
        event = FunctionToolsExecutedEvent(function_calls=[call], function_call_outputs=[done])
        self.handlers["function_tools_executed"](event)

    def agent_is(self, state):
        self.handlers["agent_state_changed"](SimpleNamespace(new_state=state))


def call(*, keeps_words=True, usage=None, room="room-1", succession=None):
    written, session = Written(), Session()
    record = CallRecord(written, keeps_words=keeps_words, key=KEY)
    record.begin(room, succession, "asha")
    record.watch(
        session, lambda: Spoken("hi-IN", "grammar", "hi-IN"), lambda: Cost(usage or {}, Bill(0.5, ("phone minutes",)))
    )
    return record, session, written


def caller(kind=PHONE, **attributes):
    return SimpleNamespace(kind=kind, attributes={"sip.phoneNumber": NUMBER, **attributes})


def test_a_turn_that_goes_on_is_told_again_under_its_number():
    record, session, written = call()
    session.said("user", "where is my order")
    record.take_back()
    session.said("user", "where is my order from last week")
    session.said("assistant", "It comes")
    assert [(about["turn"], about["heard"]) for about in written.of("heard")] == [
        (1, "where is my order"),
        (1, "where is my order from last week"),
    ]
    assert [about["turn"] for about in written.of("replied")] == [1]


def test_a_turn_is_told_when_it_is_heard_and_again_when_it_is_answered():
    _, session, written = call(usage={"llm:m": {"output_tokens": 3}})
    session.said("assistant", "Welcome")  # the greeting answers nobody
    session.said("user", "where is my order", metrics={"end_of_turn_delay": 0.41})
    assert written.of("heard") == [{"turn": 1, "heard": "where is my order", "heard_language": "hi-IN"}]
    session.said("assistant", "It comes", interrupted=True, metrics={"llm_node_ttft": 0.2, "tts_node_ttfb": 0.3})
    assert written.of("replied") == [
        {
            "turn": 1, "reply": "It comes", "reply_language": "hi-IN", "language_reason": "grammar",
            "interrupted": True, "stages_seconds": {"end_of_turn": 0.41, "llm": 0.2, "tts": 0.3},
        }
    ]  # fmt: skip
    assert written.of("usage") == [
        {"usage": {"llm:m": {"output_tokens": 3}}, "rupees": 0.5, "unpriced": ["phone minutes"]}
    ]


def test_what_was_keyed_on_a_phone_is_kept_as_it_is_shown():
    record, session, written = call()
    record.shown = lambda text: text.replace("4711", "••••")
    session.said("user", "my code is 4711")
    session.said("assistant", "4711, thank you")
    assert "4711" not in json.dumps(written.events)
    assert written.of("heard")[0]["heard"] == "my code is ••••"
    assert written.of("replied")[0]["reply"] == "••••, thank you"


def test_a_reply_in_parts_is_one_reply():
    _, session, written = call()
    session.said("user", "where is my order")
    session.said("assistant", "One moment.")
    session.said("assistant", "It comes tomorrow.")
    session.said("user", "thanks")
    session.said("assistant", "You are welcome.")
    assert [(told["turn"], told["reply"]) for told in written.of("replied")] == [
        (1, "One moment."),
        (1, "One moment. It comes tomorrow."),
        (2, "You are welcome."),
    ]


@pytest.mark.parametrize("keeps_words", [True, False])
def test_words_numbers_and_arguments_are_kept_only_where_they_are_to_be(keeps_words):
    record, session, written = call(keeps_words=keeps_words, room=f"call-_{NUMBER}_x7")
    record.met(caller())
    session.said("user", f"my number is {NUMBER}")
    session.ran("order_status", json.dumps({"order_id": "4521"}), "it comes")
    session.said("assistant", "I call you on 9876543210")
    record.transferred(f"tel:{NUMBER}", "ok")
    record.ended("goodbye", failed=False)
    everything = json.dumps(written.events)
    for word in ("98765", "my number", "4521", "I call you"):
        assert (word in everything) is keeps_words
    assert "it comes" not in everything  # what a tool has answered is the shop's, and is not kept


def test_a_phone_caller_is_the_same_fingerprint_however_the_number_is_written():
    fingerprints = set()
    for number in (NUMBER, "09876543210", "sip:+919876543210@carrier"):
        record, _, written = call(keeps_words=False)
        record._caller = None
        record.met(caller(**{"sip.phoneNumber": number}))
        fingerprints.add(written.of("begun")[-1]["caller"])
    assert len(fingerprints) == 1
    assert not any(digit in fingerprints for digit in (NUMBER, None))


@pytest.mark.parametrize(("attributes", "direction"), [({"sip.ruleID": "SDR_1"}, "in"), ({}, "out")])
def test_a_phone_call_has_a_direction(attributes, direction):
    record, _, written = call()
    record.met(caller(**attributes))
    assert (written.of("begun")[-1]["channel"], written.of("begun")[-1]["direction"]) == ("phone", direction)


def test_a_caller_on_a_page_is_whom_their_token_names():
    record, _, written = call()
    record.met(caller(PAGE))
    assert [(told["caller"], told["channel"]) for told in written.of("begun")] == [("asha", "page")]


def test_tools_faults_and_what_was_said_meanwhile():
    record, session, written = call()
    session.said("user", "cancel it")
    session.ran("cancel_order", "{}", "no", is_error=True)
    record.fault(Fault("llm", "timeout", True, 1, "APITimeoutError"))
    record.told("llm_one_moment", "One moment, please.")
    assert written.of("tool") == [
        {"turn": 1, "name": "cancel_order", "outcome": "failed", "ms": 250, "arguments": {}}
    ]  # fmt: skip
    assert written.of("fault") == [
        {"code": "llm_timeout", "detail": "APITimeoutError"},
        {"code": "llm_one_moment", "said": "One moment, please."},
    ]


def test_a_call_is_answered_once_when_the_agent_is_first_heard():
    _, session, written = call()
    for state in ("listening", "speaking", "listening", "speaking"):
        session.agent_is(state)
    assert len(written.of("answered")) == 1


def test_an_agent_that_goes_on_with_a_call_counts_on_and_answers_what_is_still_open():
    record, session, written = call(succession=Succession("crashed", 1))
    record.resume(2, "where is my order")
    session.said("assistant", "It comes")
    session.said("user", "thanks")
    assert written.of("begun")[0]["reason"] == "crashed"
    assert written.of("heard")[0] == {"turn": 2, "heard": "where is my order"}
    assert written.of("replied")[0]["turn"] == 2
    assert written.of("heard")[1]["turn"] == 3


def test_a_call_ends_once():
    record, _, written = call(usage={"stt:m": {"audio_duration": 1.0}})
    record.left()
    record.ended("goodbye", failed=True)
    assert [kind for kind, _ in written.events] == ["begun", "usage", "left"]


def test_all_agents_of_a_call_keep_one_record_and_a_refusal_keeps_its_own(tmp_path):
    settings = RecordsSettings(records_url=f"sqlite+aiosqlite:///{tmp_path}/c.db", records_spool_dir=tmp_path / "spool")
    ids = []
    for succession, refused in (
        (None, False),
        (Succession("crashed", 1), False),
        (Succession("handover", 2, call_id=call_id_of("RM_1")), False),
        (None, True),
    ):
        record = record_of_call(settings, "RM_1", "AJ_9", succession, refused=refused, key=KEY)
        record.begin("room", succession, None)
        asyncio.run(record.aclose())
        newest = max(settings.spool_folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        ids.append(newest.name.split(".")[:2])
    same = call_id_of("RM_1")
    assert ids == [[same, "0"], [same, "1"], [same, "2"], [call_id_of("AJ_9"), "0"]]


def test_a_call_keeps_its_id_when_livekit_was_away_and_its_room_is_another():
    assert id_of_call("RM_new", Succession("lost", 1, call_id=call_id_of("RM_old"))) == call_id_of("RM_old")


def test_without_a_database_nothing_is_kept_and_no_folder_made(tmp_path):
    settings = RecordsSettings(records_spool_dir=tmp_path / "spool")
    record = record_of_call(settings, "RM_1", "AJ_9", None, refused=False, key=KEY)
    record.begin("room", None, None)
    record.ended("goodbye", failed=False)
    asyncio.run(record.aclose())
    assert list(tmp_path.iterdir()) == []


def test_a_turn_costs_the_event_loop_less_than_a_millisecond(tmp_path):
    """The promise holds whatever the disk does: words go into a queue, and a thread writes them."""
    settings = RecordsSettings(
        records_url=f"sqlite+aiosqlite:///{tmp_path}/c.db", records_spool_dir=tmp_path, records_words=True
    )
    record = record_of_call(settings, "RM_1", "AJ_9", None, refused=False, key=KEY)
    session, seconds = Session(), []
    cost = Cost({"llm:m": {"tokens": 1}}, Bill(0.5))
    record.watch(session, lambda: Spoken("hi-IN", "grammar", "hi-IN"), lambda: cost)
    for _ in range(60):
        begun_at = time.thread_time()
        session.said("user", "नमस्ते " * 40)
        session.said("assistant", "ज़रूर " * 80)
        seconds.append(time.thread_time() - begun_at)
    asyncio.run(record.aclose())
    assert statistics.median(seconds) < 0.001


def test_words_are_kept_only_while_the_caller_agrees():
    """docs/consent.md: a no, or none yet, keeps nothing; a yes keeps what follows; a withdrawal takes back what was."""
    written, agrees = Written(), [False]
    record = CallRecord(written, keeps_words=True, key=KEY)
    record.may_keep_words = lambda: agrees[0]
    session = Session()
    record.watch(session, lambda: Spoken("en-IN", "default", None), lambda: Cost({}, Bill(None)))
    record.begin(f"call_{NUMBER}", None, None)
    for agrees[0] in (False, True, False):
        session.said("user", "my number is 7")
        session.ran("look", '{"said": "7"}', "found")
        session.said("assistant", "it is 7")
    record.consented(purpose="words", state="withdrawn")
    record.forget_words()
    assert NUMBER not in written.of("begun")[0]["room"]
    assert [about["heard"] for about in written.of("heard")] == [None, "my number is 7", None]
    assert [about["reply"] for about in written.of("replied")] == [None, "it is 7", None]
    assert [about["arguments"] for about in written.of("tool")] == [None, {"said": "7"}, None]
    assert written.of("consent") == [{"purpose": "words", "state": "withdrawn"}]
    assert len(written.of("forget_words")) == 1
