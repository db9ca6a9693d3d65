"""A phone caller is sent on by LiveKit's SIP API; the request is the one LiveKit documents."""

from types import SimpleNamespace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit import api, rtc

from worker.conversation.phone_transfer import transfer_phone_caller

KEY, SECRET = "devkey", "a secret of more than 32 characters, made up"
pytestmark = pytest.mark.asyncio


class SipApi:
    """LiveKit's side of the transfer: takes down what it is asked, and answers as set."""

    def __init__(self):
        self.asked = []
        self.status = 200

    async def answer(self, request):
        self.asked.append((request.headers["Authorization"], await request.read()))
        if self.status != 200:
            return web.json_response({"code": "unavailable", "msg": "no trunk"}, status=self.status)
        return web.Response(body=b"", content_type="application/protobuf")


@pytest.fixture
async def sip():
    """(the API's stand-in, a job's context that points at it)."""
    stand_in, app = SipApi(), web.Application()
    app.router.add_post("/twirp/livekit.SIP/TransferSIPParticipant", stand_in.answer)
    async with TestServer(app) as server, api.LiveKitAPI(str(server.make_url("/")), KEY, SECRET) as livekit:
        yield stand_in, SimpleNamespace(api=livekit, room=SimpleNamespace(name="room-1", remote_participants={}))


def caller(kind):
    return SimpleNamespace(identity="sip_98", kind=kind)


async def test_a_phone_caller_is_sent_to_the_number_by_one_request(sip):
    stand_in, ctx = sip
    ctx.room.remote_participants = {"sip_98": caller(rtc.ParticipantKind.PARTICIPANT_KIND_SIP)}

    assert await transfer_phone_caller(ctx, "tel:+912212345678") is True

    [(authorization, body)] = stand_in.asked
    request = api.TransferSIPParticipantRequest.FromString(body)
    assert (request.room_name, request.participant_identity) == ("room-1", "sip_98")
    assert request.transfer_to == "tel:+912212345678"
    claims = api.TokenVerifier(KEY, SECRET).verify(authorization.removeprefix("Bearer "))
    assert claims.sip.call
    assert claims.video.room_admin
    assert claims.video.room == "room-1"


async def test_a_caller_on_a_page_cannot_be_sent_on_and_nothing_is_asked(sip):
    stand_in, ctx = sip
    ctx.room.remote_participants = {"sip_98": caller(rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD)}

    assert await transfer_phone_caller(ctx, "tel:+912212345678") is False
    assert stand_in.asked == []


async def test_a_refused_transfer_is_an_error_that_the_tool_can_put_into_words(sip):
    stand_in, ctx = sip
    stand_in.status = 503
    ctx.room.remote_participants = {"sip_98": caller(rtc.ParticipantKind.PARTICIPANT_KIND_SIP)}

    with pytest.raises(api.TwirpError, match="no trunk"):
        await transfer_phone_caller(ctx, "tel:+912212345678")
