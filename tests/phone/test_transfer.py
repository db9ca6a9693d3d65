"""A phone caller is sent on by LiveKit's SIP API; it is waited for to its end, and either failed or was done."""

import asyncio
from types import SimpleNamespace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit import api
from livekit.agents import ToolError

from tests.phone.test_line import Room
from tests.phone.test_phone_call import Reports, Session
from worker import log_events
from worker.conversation.phone_call import PhoneCall
from worker.phone import transfer as module
from worker.phone.transfer import Transfer, transfer
from worker.settings import PhoneSettings

KEY, SECRET = "devkey", "a secret of more than 32 characters, made up"
TO = "tel:+912212345678"
pytestmark = pytest.mark.asyncio


class SipApi:
    """LiveKit's side of the transfer: takes down what it is asked, and answers as set, when it is let."""

    def __init__(self):
        self.asked = []
        self.error = None
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def answer(self, request):
        self.asked.append((request.headers["Authorization"], await request.read()))
        await self.may_answer.wait()
        if self.error is None:
            return web.Response(body=b"", content_type="application/protobuf")
        if self.error == "cut":
            request.transport.close()
            return web.Response()
        status, code, meta = self.error
        return web.json_response({"code": code, "msg": "no", "meta": meta}, status=status)


@pytest.fixture
async def sip():
    """(the API's stand-in, a client of it)."""
    stand_in, app = SipApi(), web.Application()
    app.router.add_post("/twirp/livekit.SIP/TransferSIPParticipant", stand_in.answer)
    async with TestServer(app) as server, api.LiveKitAPI(str(server.make_url("/")), KEY, SECRET) as livekit:
        yield stand_in, livekit


async def a_call(livekit):
    """(the telephone's part of a call, its room, session, reports, the job's context)."""
    room, session, reports = Room(**{"sip.callStatus": "active"}), Session(), Reports()
    room.name = "room-1"
    phone = PhoneCall(room, session, PhoneSettings(), None, SimpleNamespace(key_in=None), reports)
    assert await phone.answered(room.phone)
    return phone, room, session, reports, SimpleNamespace(api=livekit)


async def test_the_caller_and_no_colleague_is_sent_to_the_number_by_one_request(sip):
    """Pins the first phone in the room being sent on: with a colleague's in it, that may be the colleague's."""
    stand_in, livekit = sip
    phone, room, _, reports, ctx = await a_call(livekit)
    room.remote_participants = {"sip_colleague": SimpleNamespace(identity="sip_colleague")} | room.remote_participants
    sent = []
    assert await phone.transfer(ctx, TO, 45.0, lambda: sent.append(True))
    [(authorization, body)] = stand_in.asked
    request = api.TransferSIPParticipantRequest.FromString(body)
    assert (request.room_name, request.participant_identity, request.transfer_to) == ("room-1", "sip_1", TO)
    assert request.ringing_timeout.ToSeconds() == 45
    claims = api.TokenVerifier(KEY, SECRET).verify(authorization.removeprefix("Bearer "))
    assert claims.sip.call
    assert claims.video.room == "room-1"
    assert sent == [True]
    assert reports.transfers == [(TO, "ok")]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ((503, "unavailable", {"sip_status_code": "486", "sip_status": "Busy Here"}), Transfer.BUSY),
        ((503, "unavailable", {"sip_status_code": "600"}), Transfer.BUSY),
        ((503, "unavailable", {"sip_status_code": "603", "sip_status": "Decline"}), Transfer.DECLINED),
        ((403, "permission_denied", {"sip_status_code": "403"}), Transfer.DECLINED),
        ((503, "unavailable", {"sip_status_code": "480"}), Transfer.NO_ANSWER),
        ((408, "canceled", {}), Transfer.NO_ANSWER),
        ((503, "unavailable", {"sip_transfer_reason": "STR_RINGING_TIMEOUT"}), Transfer.NO_ANSWER),
        ((503, "unavailable", {"sip_status_code": "not a number"}), Transfer.FAILED),
        ((503, "unavailable", {}), Transfer.FAILED),
        ((404, "not_found", {}), Transfer.FAILED),
    ],
)
async def test_what_comes_of_a_refused_transfer_goes_back_into_the_conversation(sip, error, outcome):
    stand_in, livekit = sip
    stand_in.error = error
    phone, _, session, reports, ctx = await a_call(livekit)
    with pytest.raises(ToolError, match="Tell the caller so"):
        await phone.transfer(ctx, TO, 1.0, lambda: pytest.fail("nobody was sent on"))
    assert reports.transfers == [(TO, "failed")]
    assert reports.events[-1] == (log_events.CALL_TRANSFER, {"outcome": outcome.value, "kind": "cold"})
    assert "deaf" not in session.did, "the conversation goes on"


async def test_a_transfer_outlives_the_tool_that_asked_for_it_and_is_then_no_failure(sip):
    """Pins "it did not work" at 8 s, and the caller transferred in mid-sentence 14 s later."""
    stand_in, livekit = sip
    stand_in.may_answer.clear()
    phone, _, session, reports, ctx = await a_call(livekit)
    sent = asyncio.Event()
    tool = asyncio.create_task(phone.transfer(ctx, TO, 45.0, sent.set))
    async with asyncio.timeout(5):
        while not stand_in.asked:
            await asyncio.wait({tool}, timeout=0.01)
    tool.cancel()
    await asyncio.wait({tool})
    again = asyncio.create_task(phone.transfer(ctx, TO, 45.0, sent.set))
    stand_in.may_answer.set()
    async with asyncio.timeout(5):
        await sent.wait()
        assert await again
    assert len(stand_in.asked) == 1
    assert [fields["outcome"] for name, fields in reports.events if name == log_events.CALL_TRANSFER] == ["done"]
    assert session.did == ["deaf"]


@pytest.mark.parametrize(("leaves", "outcome"), [(True, Transfer.DONE), (False, Transfer.FAILED)])
async def test_when_livekit_does_not_say_how_it_went_the_callers_line_does(sip, leaves, outcome, monkeypatch):
    monkeypatch.setattr(module, "LEAVING_SECONDS", 0.05)
    stand_in, livekit = sip
    stand_in.error = "cut"
    _, room, _, _, _ = await a_call(livekit)
    if leaves:
        room.leave(1)
    assert await transfer(livekit, room, "sip_1", TO, 1.0) is outcome


async def test_a_caller_on_a_page_cannot_be_sent_on_and_nothing_is_asked(sip):
    stand_in, livekit = sip
    phone = PhoneCall(Room(), Session(), PhoneSettings(), None, SimpleNamespace(key_in=None), Reports())
    assert not await phone.transfer(SimpleNamespace(api=livekit), TO, 1.0, lambda: None)
    assert not await phone.press_keys("1")
    assert stand_in.asked == []
