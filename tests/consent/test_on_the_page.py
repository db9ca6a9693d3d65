"""A page takes consent back by a button: believed from the caller's own participant, and never a yes."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from livekit import api, rtc

from tests.consent.fake_call import ANNOUNCED, BOTH, FakeCall
from tests.jumping_clock import run, wait
from worker.consent.dialogue import State
from worker.conversation.consent_on_page import ConsentOnPage

MICROPHONE_ONLY = api.ParticipantPermission(can_subscribe=True, can_publish=True, can_publish_sources=[2])


class Rooms:
    """LiveKit's API about rooms: what it says a caller may do, and what it was told."""

    def __init__(self, permission=MICROPHONE_ONLY, error=None):
        self.permission, self.error = permission, error
        self.changes = []

    async def get_participant(self, request):
        if self.error:
            raise self.error
        return SimpleNamespace(permission=self.permission)

    async def update_participant(self, request):
        self.changes.append(request)


def person(identity="caller-1", kind=rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD, **attributes):
    return SimpleNamespace(identity=identity, kind=kind, attributes=attributes)


def page(rooms, people, pressed):
    room = rtc.EventEmitter()
    room.name, room.remote_participants = "room-1", {each.identity: each for each in people}
    context = SimpleNamespace(room=room, api=SimpleNamespace(room=rooms))
    return ConsentOnPage(context, lambda: pressed.append(True)), room


async def met(rooms, caller, *, others=()):
    pressed = []
    on_page, room = page(rooms, [caller, *others], pressed)
    on_page.met(caller)
    if on_page._offering is not None:
        await on_page._offering
    return on_page, room, pressed


async def test_the_caller_alone_presses_it_and_with_nothing_but_withdrawn():
    caller, guest = person(), person("guest-1")
    _, room, pressed = await met(Rooms(), caller, others=[guest])
    for changed, who in (
        ({"vaani.consent": "withdrawn"}, guest),
        ({"vaani.consent": "given"}, caller),
        ({"vaani.consent": ""}, caller),
        ({"language": "withdrawn"}, caller),
    ):
        room.emit("participant_attributes_changed", changed, who)
    assert pressed == []
    room.emit("participant_attributes_changed", {"vaani.consent": "withdrawn"}, caller)
    assert pressed == [True]


async def test_the_caller_may_set_attributes_then_and_nothing_else_that_their_token_forbids():
    rooms = Rooms()
    await met(rooms, person())
    (change,) = rooms.changes
    wanted = api.ParticipantPermission()
    wanted.CopyFrom(MICROPHONE_ONLY)
    wanted.can_update_metadata = True
    assert (change.room, change.identity, change.permission) == ("room-1", "caller-1", wanted)
    assert not change.permission.can_publish_data
    assert (change.name, change.metadata, dict(change.attributes)) == ("", "", {})


async def test_who_may_already_is_left_alone_and_so_is_a_phone():
    for rooms, caller in (
        (Rooms(api.ParticipantPermission(can_update_metadata=True)), person()),
        (Rooms(), person(kind=rtc.ParticipantKind.PARTICIPANT_KIND_SIP)),
    ):
        await met(rooms, caller)
        assert rooms.changes == []


async def test_a_server_that_does_not_answer_disturbs_no_call():
    for error in (api.TwirpError("unavailable", "gone", status=503), TimeoutError(), OSError()):
        _, room, pressed = await met(Rooms(error=error), caller := person())
        room.emit("participant_attributes_changed", {"vaani.consent": "withdrawn"}, caller)
        assert pressed == [True]  # whose token lets them may press it all the same


@pytest.mark.parametrize(("value", "presses"), [("withdrawn", 1), ("", 0)])
async def test_an_agent_that_follows_sees_what_was_pressed_before_it_came(value, presses):
    on_page, _, pressed = await met(Rooms(), person(**{"vaani.consent": value}))
    on_page.look_again()
    assert len(pressed) == presses


def test_pressing_it_stops_erases_and_is_confirmed_and_proven():
    async def presses():
        call = FakeCall(ANNOUNCED)
        await call.consent.open()
        await call.caller_says("What time is it?")
        kept = (list(call.kept_words), call.kept_frames > 0)
        call.consent.withdraw("page")
        await wait(3)
        await call.caller_says("And the day?")
        await call.hang_up()
        return call, kept

    call, kept = run(presses())
    assert kept == (["What time is it?"], True)
    assert (call.kept_words, call.kept_frames, call.erasures) == ([], 0, 1)
    assert call.states() == [("announced", "notice"), ("withdrawn", "page")]
    assert call.said[-1] == "consent_withdrawn"
    assert call.changes[-1] == frozenset()


def test_pressing_it_while_the_question_is_put_is_a_no():
    async def presses():
        call = FakeCall()
        opening = asyncio.create_task(call.consent.open())
        await call.until_asked()
        call.consent.withdraw("page")
        await opening
        await call.hang_up()
        return call

    call = run(presses())
    assert (call.consent.state, call.consent.allowed & BOTH) == (State.REFUSED, frozenset())
    assert call.states() == [("refused", "page")]
