"""What livekit-sip does to a telephone call and to a room, through the real livekit-server.

The same tests run through a real livekit-sip where LIVEKIT_SIP_BIN or PATH has one: they hold the stand-in to it.
"""

import asyncio
import time

import pytest
from google.protobuf.duration_pb2 import Duration
from livekit import api, rtc
from livekit.api.twirp_client import ServerError, SipCallError

from sandbox.phone.telephone import Answering, CallRefused, Referral
from tests.telephone.conftest import CALLER, NUMBER, loudness, tone, until

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session")]
SIP_KIND = rtc.ParticipantKind.PARTICIPANT_KIND_SIP
IDENTITY = f"sip_{CALLER}"


async def test_a_call_comes_in_is_heard_and_ends_with_the_phone(dialled):
    """Sound, keys and status both ways: ringing, active once it is answered, hangup with the BYE."""
    call, side = await dialled()
    attributes = side.attributes[IDENTITY]
    assert side.kinds[IDENTITY] == SIP_KIND
    assert side.room.name.startswith(f"call-_{CALLER}_")
    assert attributes["sip.phoneNumber"] == CALLER
    assert attributes["sip.trunkPhoneNumber"] == NUMBER
    assert attributes["sip.callIDFull"] == call.call_id
    assert attributes["language"] == "hi-IN"
    assert {"sip.callID", "sip.trunkID", "sip.ruleID", "sip.hostname", "sip.callTag"} <= set(attributes)
    levels = []
    call.on_frame = lambda frame, _: levels.append(loudness(frame))
    await until(lambda: max(levels, default=0) > 1000)
    call.say(tone(1.0))
    call.press("4#")
    async with asyncio.timeout(5):
        await side.hears_sound.wait()
    await until(lambda: side.keys == ["4", "#"])
    await side.room.local_participant.publish_dtmf(code=5, digit="5")
    await until(lambda: call.keys_heard == ["5"])
    assert side.statuses == ["ringing", "active"]
    await call.hang_up()
    await until(lambda: IDENTITY in side.left)
    assert side.statuses[-1] == "hangup"
    assert side.left[IDENTITY] == rtc.DisconnectReason.CLIENT_INITIATED


async def test_a_number_written_without_plus_is_the_trunks_and_with_a_nought_it_is_not(exchange, phone, dialled):
    """Trap 1 of telephone.md: the second one rings for ever, so every form that a carrier sends must be a number."""
    call, _ = await dialled(NUMBER[1:])
    await call.hang_up()
    rings = asyncio.Event()
    dialling = asyncio.create_task(phone.dial("08012345678", exchange.telephone.sip_address, on_ringing=rings.set))
    async with asyncio.timeout(5):
        await rings.wait()
    done, _ = await asyncio.wait([dialling], timeout=1.0)
    assert not done
    dialling.cancel()


async def test_a_caller_who_gives_up_while_it_rings(exchange, phone):
    """Nobody is in the room: the phone rings, hangs up, and the room's participant is gone."""
    rings = asyncio.Event()
    dialling = asyncio.create_task(phone.dial(NUMBER, exchange.telephone.sip_address, on_ringing=rings.set))
    async with asyncio.timeout(5):
        await rings.wait()
    dialling.cancel()
    async with asyncio.timeout(10), exchange.telephone.api() as client:
        while await _phones_in_rooms(client):
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.05)


async def test_where_nobody_comes_the_phone_is_told_busy_after_the_trunks_time(exchange, phone):
    """What a worker that is full means for a caller: no ringing for ever, if the trunk says how long."""
    await exchange.telephone.give_number("+918000000001", agent_name="nobody", ringing_seconds=1)
    async with asyncio.timeout(10):
        with pytest.raises(CallRefused) as refusal:
            await phone.dial("+918000000001", exchange.telephone.sip_address)
    assert refusal.value.status == 486


async def _phones_in_rooms(client):
    rooms = (await client.room.list_rooms(api.ListRoomsRequest())).rooms
    listed = [await client.room.list_participants(api.ListParticipantsRequest(room=room.name)) for room in rooms]
    return [each.identity for room in listed for each in room.participants if each.kind == api.ParticipantInfo.SIP]


async def test_the_room_ends_and_the_phone_hears_it(exchange, dialled):
    call, side = await dialled()
    async with exchange.telephone.api() as client:
        await client.room.delete_room(api.DeleteRoomRequest(room=side.room.name))
    async with asyncio.timeout(5):
        await call.ended.wait()
    assert call.ended_by_other_side


async def test_hold_is_answered_and_the_room_is_told_nothing(dialled):
    call, side = await dialled()
    await until(lambda: side.statuses == ["ringing", "active"])
    await call.hold()
    await call.resume()
    assert side.statuses == ["ringing", "active"]
    assert not call.ended.is_set()


@pytest.mark.parametrize("ringing_seconds", [0.0, 0.3])
async def test_somebody_is_called_and_answers(phone, place, room_side, ringing_seconds):
    """`active`, and the phone hears the room, only from the moment on that it is answered."""
    phone.answering = Answering(after_seconds=ringing_seconds)
    side = await room_side(f"outbound-{ringing_seconds}")
    began = time.monotonic()
    answer = await place(phone, side.room.name)
    assert time.monotonic() - began >= ringing_seconds
    assert answer.participant_identity == "callee"
    call = phone.answered_calls.get_nowait()
    await until(lambda: side.statuses[-1:] == ["active"])
    assert set(side.statuses) <= {"dialing", "ringing", "active"}
    levels = []
    call.on_frame = lambda frame, _: levels.append(loudness(frame))
    await until(lambda: max(levels, default=0) > 1000)
    assert "sip.ruleID" not in side.attributes["callee"]  # this is how the two directions are told apart


REFUSALS = {
    Answering(486): rtc.DisconnectReason.USER_REJECTED,
    Answering(603, after_seconds=0.2): rtc.DisconnectReason.USER_REJECTED,
    Answering(480): rtc.DisconnectReason.USER_UNAVAILABLE,
}


async def test_a_call_is_refused_and_whoever_asked_learns_how(place, room_side, another_phone):
    """Busy, declined, switched off; at the same time, as the callee stays in the room for 3 s after each."""

    async def refused(answering, reason):
        phone = await another_phone("+919999999999", answering=answering)
        side = await room_side(f"refused-{answering.status}")
        with pytest.raises(SipCallError) as refusal:
            await place(phone, side.room.name)
        assert refusal.value.sip_status_code == answering.status
        await until(lambda: side.left.get("callee") == reason, seconds=8)

    await asyncio.gather(*(refused(answering, reason) for answering, reason in REFUSALS.items()))


@pytest.mark.parametrize("despite_cancel", [False, True])
async def test_nobody_answers_in_time(phone, place, room_side, despite_cancel):
    """No SIP status then; a network that picks up after all is hung up on, and nobody sits in a call without us."""
    phone.answering = Answering(None, despite_cancel=despite_cancel)
    if despite_cancel:
        phone.answering = Answering(200, after_seconds=3.0, despite_cancel=True)
    side = await room_side(f"no-answer-{despite_cancel}")
    with pytest.raises(ServerError) as refusal:
        await place(phone, side.room.name, ringing_timeout=Duration(seconds=1))
    assert refusal.value.code == "canceled"
    assert getattr(refusal.value, "sip_status_code", None) is None
    await until(lambda: side.left.get("callee") == rtc.DisconnectReason.USER_UNAVAILABLE)
    await until(lambda: phone.given_up_at is not None)
    if despite_cancel:
        async with asyncio.timeout(5):
            call = await phone.answered_calls.get()
            await call.ended.wait()


async def test_a_phone_that_goes_on_after_its_bye_is_told_that_there_is_no_call(dialled):
    """What a slow carrier still sends brings nobody back into the room."""
    call, side = await dialled()
    await call.hang_up()
    await until(lambda: IDENTITY in side.left)
    with pytest.raises(CallRefused) as refusal:
        await call.hold()
    assert refusal.value.status == 481
    call.press("4")
    call.say(tone(0.2))
    async with asyncio.timeout(2):
        assert (await call.dialog.request("BYE").final()).status == 481
    assert IDENTITY not in side.room.remote_participants
    assert side.keys == []


async def test_a_trunk_that_does_not_exist(exchange):
    request = api.CreateSIPParticipantRequest(sip_trunk_id="ST_none", sip_call_to="+911", room_name="x")
    async with exchange.telephone.api() as client:
        with pytest.raises(ServerError) as refusal:
            await client.sip.create_sip_participant(request)
    assert refusal.value.code == "not_found"


def transfer_request(side):
    return api.TransferSIPParticipantRequest(
        room_name=side.room.name, participant_identity=IDENTITY, transfer_to="tel:+911140001234"
    )


async def test_a_transfer_that_is_answered_ends_the_call(exchange, dialled):
    call, side = await dialled()
    call.referral = Referral(after_seconds=0.3)
    async with exchange.telephone.api() as client:
        await client.sip.transfer_sip_participant(transfer_request(side))
    assert call.referred_to == ["tel:+911140001234"]
    async with asyncio.timeout(5):
        await call.ended.wait()
    await until(lambda: IDENTITY in side.left)


@pytest.mark.parametrize("referral", [Referral(outcome=486), Referral(status=603)])
async def test_a_transfer_that_is_refused_leaves_the_call_as_it_was(exchange, dialled, referral):
    """Busy at the other number, or a carrier that lets nobody transfer."""
    call, side = await dialled()
    call.referral = referral
    async with exchange.telephone.api() as client:
        with pytest.raises(SipCallError) as refusal:
            await client.sip.transfer_sip_participant(transfer_request(side))
    assert refusal.value.sip_status_code in (486, 603)
    assert not call.ended.is_set()
    assert IDENTITY not in side.left


@pytest.mark.nightly
async def test_a_phone_that_falls_silent_is_hung_up_on_after_15_seconds(dialled):
    call, _ = await dialled()
    await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.5)
    call.muted, silent_at = True, time.monotonic()
    async with asyncio.timeout(20):
        await call.ended.wait()
    assert 14 <= time.monotonic() - silent_at <= 17


async def test_a_second_phone_has_a_room_of_its_own(dialled, exchange):
    """Two at once, from one number: the rooms differ, and each is hung up by itself."""
    call, side = await dialled()
    assert side.room.name.count("_") == 2
    await call.hang_up()
    again, other = await dialled()
    assert other.room.name != side.room.name
    await again.hang_up()


@pytest.mark.parametrize("number", ["", "asha@example.in"])
async def test_a_number_that_no_phone_can_have_is_refused_before_anybody_is_called(place, phone, number):
    with pytest.raises(ServerError):
        await place(phone, number=number)
    assert phone.times_rung == 0


async def test_no_code_in_common(exchange, phone):
    """G.729 alone: refused at once, not left ringing."""
    phone.codes = (18,)
    with pytest.raises(CallRefused) as refusal:
        await phone.dial(NUMBER, exchange.telephone.sip_address)
    assert refusal.value.status in (400, 488)
