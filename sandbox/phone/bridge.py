"""The stand-in for livekit-sip: brings telephone calls into rooms, and places the calls that livekit-server asks for.

What it does when, in which order and under which names was observed on livekit-sip 1.10.0 and read in its source:
inbound 180 at once, in the room while it rings, answered when somebody's track is subscribed, `active` with the first
packet; outbound `dialing`, `ringing`, subscribed and `active` only when answered; the reasons for which participants
leave. It has no G.722, TLS, SRTP, digest or PIN, and no recording.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message
from livekit import rtc

from sandbox.phone import sdp
from sandbox.phone.bridged_call import (
    CLIENT_INITIATED,
    TRANSFER_SECONDS,
    BridgedCall,
    first_of,
    same_dialog,
)
from sandbox.phone.call_outcome import BUSY, TERMINATED, leave_reason, no_answer, refused
from sandbox.phone.messages import (
    CreateParticipantRequest,
    CreateParticipantResponse,
    EvaluateRulesRequest,
    EvaluateRulesResponse,
    SipCall,
    TransferParticipantRequest,
)
from sandbox.phone.psrpc import RpcBus, RpcError
from sandbox.phone.room_leg import STATUS, Membership
from sandbox.phone.sip_dialog import ALLOW, SDP_TYPE, Dialog, called, calling
from sandbox.phone.sip_endpoint import NoAnswer, ServerTransaction, SipEndpoint
from sandbox.phone.sip_message import (
    BadSip,
    SipResponse,
    address_of,
    parameter,
    uri_in,
    user_of,
)

log = logging.getLogger("sandbox.phone")
SERVICE, CREATE, TRANSFER = "SIPInternal", "CreateSIPParticipant", "TransferSIPParticipant"
ACCEPTED, DROPPED = (0, 1), 4  # rpc.SIPDispatchResult
FIRST_PACKET_SECONDS = 1.0
REFUSED_STAYS_SECONDS = 2.8  # seen: a refused callee leaves the room that much after the API has told of it


@dataclass(frozen=True, slots=True)
class BridgeSettings:
    """Where everything is."""

    redis: tuple[str, int]
    livekit_url: str
    api_key: str
    api_secret: str = field(repr=False)
    host: str = "127.0.0.1"
    sip_port: int = 0


class Bridge:
    """Takes and places calls from `open` to `aclose`."""

    def __init__(self, settings: BridgeSettings) -> None:
        self.settings = settings
        self.endpoint = SipEndpoint(self._receive)
        self.calls: dict[str, BridgedCall] = {}
        self._bus = RpcBus(*settings.redis)
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        await self.endpoint.open(self.settings.host, self.settings.sip_port)
        await self._bus.serve(SERVICE, CREATE, CreateParticipantRequest, self._create)

    async def aclose(self) -> None:
        """Hang up and leave."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._bus.aclose()
        self.endpoint.close()

    # ---- SIP

    def _receive(self, transaction: ServerTransaction) -> None:
        request = transaction.request
        call = self.calls.get(request.call_id)
        if call is not None and call.dialog is not None and same_dialog(call, transaction):
            call.receive(transaction)
        elif request.method == "INVITE" and not parameter(request.header("To"), "tag"):
            self._start(self._inbound(transaction))
        elif request.method == "OPTIONS":
            transaction.respond(200, [ALLOW])
        elif request.method != "ACK":
            transaction.respond(481)

    async def _inbound(self, invitation: ServerTransaction) -> None:
        """A telephone calls."""
        invitation.respond(100)
        invitation.respond(180)
        call = BridgedCall(_new_call_id(), self.settings.host)
        try:
            membership = await self._dispatched(call, invitation)
            if membership is None:
                return
            await call.rtp.open(self.settings.host)
            try:
                answer = call.answer(invitation.request.body)
            except sdp.BadSdp:
                invitation.respond(400)
                return
            call.dialog = called(self.endpoint, invitation)
            self.calls[invitation.request.call_id] = call
            await self._joined(call, membership)
            call.room.hear_room()
            if await self._picked_up(call, invitation, answer):
                call.room.tell_status("active")
                await call.carry()
            await call.room.hang_up()
        except rtc.ConnectError as error:
            log.warning("livekit-server refused the caller: %s", error.message)
        finally:
            invitation.respond(BUSY)  # the reply to whoever still rings
            await self._gone(call, invitation.request.call_id, CLIENT_INITIATED)

    async def _dispatched(self, call: BridgedCall, invitation: ServerTransaction) -> Membership | None:
        """Ask livekit-server where this call goes; None when the phone has been told, or is left ringing."""
        request = invitation.request
        caller, number = uri_in(request.header("From")), user_of(uri_in(request.header("To")))
        host = self.settings.host
        asked = SipCall(
            lk_call_id=call.call_id, sip_call_id=request.call_id, source_ip=invitation.source[0],
            address={"user": number, "host": host}, to={"user": number, "host": host},
            **{"from": {"user": user_of(caller), "host": _host_of(caller)}},
        )  # fmt: skip
        try:
            rules = await self._bus.ask(
                "IOInfo", "EvaluateSIPDispatchRules", EvaluateRulesRequest(call=asked), EvaluateRulesResponse
            )
        except RpcError as error:
            log.warning("dispatch rules: %s", error)
            invitation.respond(503)
            return None
        if rules.result == DROPPED:
            # As livekit-sip does it with a number that no trunk has: it rings, and nothing else ever happens.
            log.warning("flood: the called number is none of a trunk's")
            await invitation.cancelled.wait()
            invitation.respond(TERMINATED)
            return None
        if rules.result not in ACCEPTED:
            invitation.respond(404 if rules.result == 3 else 501)
            return None
        call.limit(rules)
        attributes = dict(rules.participant_attributes) | {
            STATUS: "ringing",
            "sip.callIDFull": request.call_id,
            "sip.callTag": parameter(request.header("From"), "tag"),
        }
        config = rules.room_config if rules.HasField("room_config") else None
        return Membership(
            rules.room_name, rules.participant_identity, rules.participant_name, rules.participant_metadata,
            attributes, config, rules.token, rules.ws_url,
        )  # fmt: skip

    async def _picked_up(self, call: BridgedCall, invitation: ServerTransaction, answer: bytes) -> bool:
        """Ring until an agent's track is here, then answer; False when it came to nothing."""
        waits = (
            call.room.subscribed.wait(),
            invitation.cancelled.wait(),
            call.room.closed.wait(),
            asyncio.sleep(call.ringing_seconds),
        )
        first = await first_of(*waits)
        if first != 0:
            invitation.respond(TERMINATED if first == 1 else BUSY)
            return False
        assert call.dialog is not None
        invitation.respond(200, [call.dialog.contact, ALLOW, SDP_TYPE], answer)
        await first_of(_first_packet(call), asyncio.sleep(FIRST_PACKET_SECONDS), call.hung_up.wait())
        return not call.hung_up.is_set()

    # ---- what livekit-server asks for

    async def _create(self, request: Any) -> Message:
        """Call somebody (CreateSIPParticipant)."""
        attributes = dict(request.participant_attributes) | {STATUS: "dialing"}
        membership = Membership(
            request.room_name, request.participant_identity, request.participant_name, request.participant_metadata,
            attributes, None, request.token, request.ws_url,
        )  # fmt: skip
        try:
            address_of(f"sip:{request.address}")
        except BadSip as error:
            raise RpcError("invalid_argument", f"invalid request URI: {error}") from error
        call = BridgedCall(request.sip_call_id, self.settings.host)
        call.limit(request)
        await call.rtp.open(self.settings.host)
        try:
            await self._joined(call, membership)
        except rtc.ConnectError as error:
            call.rtp.close()
            raise RpcError("internal", f"update room failed: {error.message}") from error
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._start(self._outbound(call, request, answered))
        if request.wait_until_answered:
            await answered
        else:
            answered.add_done_callback(lambda done: done.exception())  # nobody waits for it
        return CreateParticipantResponse(  # type: ignore[no-any-return]
            participant_id=call.room.sid, participant_identity=request.participant_identity, sip_call_id=call.call_id
        )

    async def _outbound(self, call: BridgedCall, request: Any, answered: asyncio.Future[None]) -> None:
        host, port = self.endpoint.address
        to_uri = f"sip:{request.call_to}@{request.address}"
        dialog = calling(self.endpoint, f"sip:{request.number}@{host}:{port}", to_uri, secrets.token_hex(12))
        reason: int = CLIENT_INITIATED
        try:
            response = await self._ring(call, dialog)
            if response is None:
                reason = rtc.DisconnectReason.USER_UNAVAILABLE
                answered.set_exception(no_answer())
                return
            if response.status >= 300:
                reason = leave_reason(response.status)
                answered.set_exception(refused(response.status, response.reason))
                await asyncio.sleep(REFUSED_STAYS_SECONDS)
                return
            self.calls[dialog.call_id] = call
            if request.dtmf:
                call.room.tell_status("automation")
                call.rtp.press(request.dtmf.replace("w", ""))
            call.room.tell_status("active")
            answered.set_result(None)
            call.room.hear_room()
            await call.carry()
            await call.room.hang_up()
        except (sdp.BadSdp, NoAnswer) as error:
            answered.set_exception(RpcError("failed_precondition", str(error)))
        finally:
            if not answered.done():
                answered.set_exception(RpcError("canceled", "service shutting down"))
            await self._gone(call, dialog.call_id, reason)

    async def _ring(self, call: BridgedCall, dialog: Dialog) -> SipResponse | None:
        """INVITE until a final response; None when nobody picks up in time, or the room has ended."""
        invited = dialog.request("INVITE", [ALLOW, SDP_TYPE], call.description().encode())

        async def final() -> SipResponse:
            while (response := await invited.response()).status < 200:
                if response.status >= 180:
                    call.room.tell_status("ringing")
            return response

        waiting = asyncio.ensure_future(final())
        gives_up = asyncio.sleep(call.ringing_seconds)
        first = await first_of(asyncio.wait([waiting]), gives_up, call.room.closed.wait())
        if first != 0:
            invited.cancel()
            self._start(_late_answer(dialog, waiting))
            return None
        response = waiting.result()
        if response.status < 300:
            call.dialog = dialog
            dialog.established_by(response)
            description = sdp.parse_sdp(response.body)
            call.rtp.talk_to(description, sdp.agreed(description, call.description().payload_types))
            dialog.acknowledge(response)
        return response

    async def _transfer(self, call: BridgedCall, request: Any) -> Message:
        """Send a caller elsewhere (TransferSIPParticipant)."""
        seconds = request.ringing_timeout.ToTimedelta().total_seconds() or TRANSFER_SECONDS
        return await call.transfer(request.transfer_to, seconds)

    # ---- both ways

    async def _joined(self, call: BridgedCall, membership: Membership) -> None:
        settings = self.settings
        token = membership.signed(settings.api_key, settings.api_secret)
        await call.room.join(membership.url or settings.livekit_url, token)

        async def transfer(request: Any) -> Message:
            return await self._transfer(call, request)

        await self._bus.serve(SERVICE, TRANSFER, TransferParticipantRequest, transfer, topic=call.call_id)

    async def _gone(self, call: BridgedCall, sip_call_id: str, reason: int) -> None:
        self.calls.pop(sip_call_id, None)
        await call.hang_up()
        call.rtp.close()
        await call.room.leave(reason)
        await self._bus.stop_serving(SERVICE, TRANSFER, call.call_id)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _first_packet(call: BridgedCall) -> None:
    while call.rtp.last_heard_at is None:
        await asyncio.sleep(0.01)


async def _late_answer(dialog: Dialog, waiting: asyncio.Future[SipResponse]) -> None:
    """A callee who answers while we hang up is told so: nobody sits in a call without us."""
    try:
        async with asyncio.timeout(5.0):
            response = await waiting
    except (TimeoutError, NoAnswer):
        return
    if response.status < 300:
        dialog.established_by(response)
        dialog.acknowledge(response)
        dialog.request("BYE")


def _host_of(uri: str) -> str:
    try:
        return address_of(uri)[0]
    except BadSip:
        return ""


def _new_call_id() -> str:
    return f"SCL_{secrets.token_hex(6)}"
