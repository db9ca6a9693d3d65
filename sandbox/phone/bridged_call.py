"""One call between a telephone and a room: carries sound and keys both ways, until one side is gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import Any

from google.protobuf.message import Message
from livekit import rtc

from sandbox.phone import sdp
from sandbox.phone.call_outcome import refused
from sandbox.phone.messages import TransferParticipantResponse
from sandbox.phone.pacing import beats
from sandbox.phone.psrpc import RpcError
from sandbox.phone.room_leg import RoomLeg
from sandbox.phone.rtp import FRAME_SECONDS, RtpStream
from sandbox.phone.sip_dialog import ALLOW, SDP_TYPE, Dialog
from sandbox.phone.sip_endpoint import NoAnswer, ServerTransaction
from sandbox.phone.sip_message import parameter
from sandbox.speech.voice_activity import Samples

CODES = (sdp.PCMU, sdp.PCMA)
FIRST_MEDIA_SECONDS = 30.0  # without any packet at all
MEDIA_SECONDS = 15.0  # since the last packet
BYE_AFTER_TRANSFER_SECONDS = 1.0  # the phone may hang up first
TRANSFER_SECONDS = 30.0
RINGING_SECONDS = 180.0
LONGEST_CALL_SECONDS = 24 * 3600.0
BYE_SECONDS = 2.0
CLIENT_INITIATED, UNKNOWN_REASON = rtc.DisconnectReason.CLIENT_INITIATED, rtc.DisconnectReason.UNKNOWN_REASON


class BridgedCall:
    """What inbound and outbound calls have in common, from the moment that they are answered."""

    def __init__(self, call_id: str, host: str) -> None:
        self.call_id, self.host = call_id, host
        self.rtp = RtpStream(self._from_phone, self._key_from_phone)
        self.room = RoomLeg(self.rtp.press)
        self.dialog: Dialog | None = None
        self.hung_up = asyncio.Event()
        self.ringing_seconds = RINGING_SECONDS
        self.longest_seconds = LONGEST_CALL_SECONDS
        self._answered_at: float | None = None
        self._transfer: asyncio.Future[tuple[int, str]] | None = None

    def limit(self, asked: Any) -> None:
        """Ring and last no longer than a request or a dispatch rule asks for."""
        self.ringing_seconds = asked.ringing_timeout.ToTimedelta().total_seconds() or RINGING_SECONDS
        self.longest_seconds = asked.max_call_duration.ToTimedelta().total_seconds() or LONGEST_CALL_SECONDS

    def description(self) -> sdp.AudioDescription:
        """Our side of the sound, before anything is agreed."""
        return sdp.AudioDescription(self.host, self.rtp.port, CODES)

    def answer(self, offer: bytes) -> bytes:
        """Agree on what the phone offers. Raises sdp.BadSdp."""
        offered = sdp.parse_sdp(offer)
        code = sdp.agreed(offered, CODES)
        self.rtp.talk_to(offered, code)
        # Always sendrecv, on hold too: so does livekit-sip, and the room is told nothing.
        return sdp.AudioDescription(self.host, self.rtp.port, (code,), offered.key_payload_type).encode()

    async def carry(self) -> None:
        """Carry the call to its end: BYE of the phone, the room's end, 15 s without a packet, or its longest time."""
        self._answered_at = time.monotonic()
        pump = asyncio.create_task(self._pump())
        try:
            too_long = asyncio.sleep(self.longest_seconds)
            await first_of(self.hung_up.wait(), self.room.closed.wait(), self._media_lost(), too_long)
        finally:
            pump.cancel()
        await self.hang_up()

    async def hang_up(self) -> None:
        """End the phone's side if it has not ended it itself."""
        if self.hung_up.is_set() or self.dialog is None:
            return
        self.hung_up.set()
        bye = self.dialog.request("BYE")
        await first_of(self._answered(bye.final()), asyncio.sleep(BYE_SECONDS))

    def receive(self, transaction: ServerTransaction) -> None:
        """A request within the call."""
        assert self.dialog is not None
        request = transaction.request
        transaction.local_tag = self.dialog.local_tag
        if request.method == "BYE":
            transaction.respond(200)
            self.hung_up.set()
        elif request.method == "INVITE":
            self._renegotiate(transaction)
        elif request.method == "NOTIFY":
            transaction.respond(200)
            self._transfer_went(request.body)
        elif request.method in ("INFO", "OPTIONS"):
            transaction.respond(200)
        elif request.method != "ACK":
            transaction.respond(405, [ALLOW])

    async def transfer(self, to: str, seconds: float) -> Message:
        """Ask the phone's side to call somebody else instead of us.

        Raises:
            RpcError: It refused, whoever was called did, or nobody picked up.
        """
        assert self.dialog is not None
        self._transfer = asyncio.get_running_loop().create_future()
        referred = self.dialog.request("REFER", [("Refer-To", to), ("Referred-By", self.dialog.local), ALLOW])
        try:
            accepted = await referred.final()
        except NoAnswer as error:
            raise RpcError("canceled", str(error)) from error
        if accepted.status not in (200, 202):
            raise refused(accepted.status, accepted.reason)
        try:
            async with asyncio.timeout(seconds):
                await first_of(asyncio.wait([self._transfer]), self.hung_up.wait())
        except TimeoutError as error:
            raise RpcError("canceled", "refer canceled") from error
        if self._transfer.done():
            status, reason = self._transfer.result()
            if status >= 300:
                raise refused(status, reason)
            asyncio.get_running_loop().call_later(BYE_AFTER_TRANSFER_SECONDS, self._transferred)
        return TransferParticipantResponse()  # type: ignore[no-any-return]

    def _transferred(self) -> None:
        self.room.closed.set()  # ends `carry`, which says BYE

    def _transfer_went(self, body: bytes) -> None:
        """A NOTIFY's body is the status line of the call that the phone made for us (RFC 3515)."""
        words = body.decode("utf-8", "replace").split("\n")[0].strip().split(" ", 2)
        if len(words) < 2 or words[0].upper() != "SIP/2.0" or not words[1].isdecimal():
            return
        status = int(words[1])
        if status >= 200 and self._transfer is not None and not self._transfer.done():
            self._transfer.set_result((status, words[2] if len(words) > 2 else ""))

    def _renegotiate(self, transaction: ServerTransaction) -> None:
        assert self.dialog is not None
        try:
            transaction.respond(200, [self.dialog.contact, ALLOW, SDP_TYPE], self.answer(transaction.request.body))
        except sdp.BadSdp:
            transaction.respond(488)

    # ---- sound and keys

    def _from_phone(self, frame: Samples) -> None:
        self.room.say(frame)

    def _key_from_phone(self, key: str) -> None:
        self.room.press(key)

    async def _pump(self) -> None:
        async for _ in beats(FRAME_SECONDS):
            self.rtp.send(self.room.next_frame())

    async def _media_lost(self) -> None:
        assert self._answered_at is not None
        while True:
            heard_at = self.rtp.last_heard_at
            since, limit = (self._answered_at, FIRST_MEDIA_SECONDS) if heard_at is None else (heard_at, MEDIA_SECONDS)
            left = since + limit - time.monotonic()
            if left <= 0:
                return
            await asyncio.sleep(left)

    async def _answered(self, response: Awaitable[object]) -> None:
        try:
            await response
        except NoAnswer:
            return  # a phone that is gone does not answer its BYE


async def first_of(*waits: Awaitable[object]) -> int:
    """Wait until one is done; its place in the list. The others are cancelled."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    for task in tasks:
        if task.done() and not task.cancelled():
            task.result()  # an error of the one that is done is the waiter's
    return next(number for number, task in enumerate(tasks) if task.done() and not task.cancelled())


def same_dialog(call: BridgedCall, transaction: ServerTransaction) -> bool:
    """Whether a request names our end of this call."""
    assert call.dialog is not None
    return parameter(transaction.request.header("To"), "tag") == call.dialog.local_tag
