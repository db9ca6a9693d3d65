"""A phone is spoken to when it was picked up, and not before; why it was not is told apart."""

import asyncio
from types import SimpleNamespace

import pytest
from livekit import rtc

from tests.jumping_clock import run, wait
from worker.phone.line import Direction, PhoneLine, Unanswered

SIP = rtc.ParticipantKind.PARTICIPANT_KIND_SIP


class Room(rtc.EventEmitter):
    """A room with one phone in it, whose line does what a test says."""

    def __init__(self, **attributes):
        super().__init__()
        self.phone = SimpleNamespace(identity="sip_1", kind=SIP, attributes=attributes, disconnect_reason=None)
        self.remote_participants = {"sip_1": self.phone}

    def status(self, status):
        self.phone.attributes = self.phone.attributes | {"sip.callStatus": status}
        self.emit("participant_attributes_changed", {"sip.callStatus": status}, self.phone)

    def leave(self, reason):
        self.phone.disconnect_reason = reason
        del self.remote_participants["sip_1"]
        self.emit("participant_disconnected", self.phone)


def after_ringing(*happenings, seconds=60, status="ringing"):
    """Why a ringing phone is unanswered when, second by second, these things happen; None for one that is answered."""

    async def scenario():
        room = Room(**{"sip.callStatus": status})

        async def happen():
            for each in happenings:
                await wait(1)
                each(room)

        happening = asyncio.create_task(happen())
        answer = await PhoneLine(room, room.phone).unanswered(seconds)
        happening.cancel()
        assert not any(room._events.values()), "nobody listens any more"
        return answer

    return run(scenario())


def test_a_phone_is_answered_when_its_call_is_active_and_not_before():
    """Pins the greeting to a ringing tone, 1.75 s before anybody was there, with a recorder in the room."""
    statuses = ["dialing", "ringing", "automation", "active"]
    assert after_ringing(*[lambda room, each=each: room.status(each) for each in statuses]) is None
    assert after_ringing(*[lambda room, each=each: room.status(each) for each in statuses[:-1]], seconds=9) is (
        Unanswered.NO_ANSWER
    )


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        (rtc.DisconnectReason.USER_REJECTED, Unanswered.BUSY_OR_DECLINED),
        (rtc.DisconnectReason.USER_UNAVAILABLE, Unanswered.UNAVAILABLE),
        (rtc.DisconnectReason.CLIENT_INITIATED, Unanswered.HUNG_UP),
        (None, Unanswered.HUNG_UP),
    ],
)
def test_why_nobody_picked_up_is_told_by_how_the_phone_left(reason, why):
    """Pins the agent that stayed in the room of an unanswered call, 45 s and on."""
    assert after_ringing(lambda room: room.leave(reason)) is why


def test_who_hangs_up_while_it_rings_was_not_answered():
    assert after_ringing(lambda room: room.status("hangup")) is Unanswered.HUNG_UP


def test_a_room_that_whoever_dialled_has_ended_is_not_waited_in():
    assert after_ringing(lambda room: room.emit("disconnected", "ROOM_DELETED")) is Unanswered.HUNG_UP


def test_what_somebody_else_in_the_room_does_answers_nothing():
    def other(room):
        person = SimpleNamespace(identity="recorder", attributes={"sip.callStatus": "active"}, disconnect_reason=None)
        room.emit("participant_attributes_changed", {}, person)
        room.emit("participant_disconnected", person)

    assert after_ringing(other, seconds=5) is Unanswered.NO_ANSWER


def test_a_phone_that_left_before_anybody_looked_is_not_waited_for():
    async def scenario():
        room = Room(**{"sip.callStatus": "ringing"})
        room.leave(rtc.DisconnectReason.USER_REJECTED)
        return await PhoneLine(room, room.phone).unanswered(60)

    assert run(scenario()) is Unanswered.HUNG_UP


@pytest.mark.parametrize(
    ("attributes", "answered"),
    [({}, True), ({"sip.callStatus": "active"}, True), ({"sip.callStatus": "ringing"}, False),
     ({"sip.callStatus": "dialing"}, False), ({"sip.callStatus": ""}, False)],
)  # fmt: skip
def test_a_line_that_says_nothing_of_itself_is_taken_for_answered(attributes, answered):
    room = Room(**attributes)
    assert PhoneLine(room, room.phone).is_answered is answered


def test_only_an_incoming_call_came_by_a_rule():
    for attributes, direction in (({"sip.ruleID": "SDR_1"}, Direction.IN), ({}, Direction.OUT)):
        room = Room(**attributes)
        assert PhoneLine(room, room.phone).direction is direction
