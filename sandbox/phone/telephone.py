"""The phone of whoever calls or is called: dials, rings, answers or does not, over SIP."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.phone import sdp
from sandbox.phone.line_sound import LineSound
from sandbox.phone.phone_call import CallRefused, PhoneCall, Referral
from sandbox.phone.sip_dialog import ALLOW, SDP_TYPE, Dialog, called, calling
from sandbox.phone.sip_endpoint import Address, NoAnswer, ServerTransaction, SipEndpoint
from sandbox.phone.sip_message import SipResponse, parameter
from sandbox.speech.voice_activity import Samples

__all__ = ["Answering", "CallRefused", "LineSound", "PhoneCall", "Referral", "Telephone"]


@dataclass(frozen=True, slots=True)
class Answering:
    """What happens when somebody calls this phone.

    Args:
        status: 200 picks up, 486 is busy, 603 declines, 480 is switched off, None rings for ever.
        after_seconds: How long it rings before; 0 answers at once and never rings.
        despite_cancel: Picks up though the caller has given up already, as slow networks do.
        speech: Said on picking up, 8 kHz: a person's hello, a voicemail, a network's announcement.
    """

    status: int | None = 200
    after_seconds: float = 0.0
    despite_cancel: bool = False
    speech: Samples | None = field(default=None, compare=False)


class Telephone:
    """One phone with one number. In a call it is busy for others."""

    def __init__(
        self,
        number: str,
        *,
        answering: Answering | None = None,
        referral: Referral | None = None,
        sound: LineSound | None = None,
        codes: Sequence[int] = (sdp.PCMU, sdp.PCMA),
        host: str = "127.0.0.1",
        endpoint: SipEndpoint | None = None,
    ) -> None:
        """Have a number. An `endpoint` that is given is shared, and is somebody else's to open and to close."""
        self.number = number
        self.answering = answering or Answering()
        self.referral = referral or Referral()
        self.sound = sound or LineSound()
        self.endpoint = endpoint or SipEndpoint(self.receive)
        self.answered_calls: asyncio.Queue[PhoneCall] = asyncio.Queue()
        self.rung_at: list[float] = []
        self.given_up_at: float | None = None
        self.call: PhoneCall | None = None
        self.codes, self._host = tuple(codes), host
        self._shares_endpoint = endpoint is not None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def times_rung(self) -> int:
        """How often it was called while it was in no call."""
        return len(self.rung_at)

    async def open(self) -> None:
        await self.endpoint.open(self._host)

    async def aclose(self) -> None:
        """Hang up and switch off."""
        if self.call is not None:
            await self.call.aclose()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if not self._shares_endpoint:
            self.endpoint.close()

    async def dial(
        self, number: str, at: Address, *, call_id: str | None = None, on_ringing: Callable[[], None] = lambda: None
    ) -> PhoneCall:
        """Call a number through a SIP server; returns when it is answered.

        Raises:
            CallRefused: With the status of the final response; 408 when there was none.
        """
        call = await self._new_call()
        host, port = self.endpoint.address
        from_uri, to_uri = f"sip:{self.number}@{host}:{port}", f"sip:{number}@{at[0]}:{at[1]}"
        dialog = call.dialog = calling(self.endpoint, from_uri, to_uri, call_id or secrets.token_hex(12))
        invited = dialog.request("INVITE", [ALLOW, SDP_TYPE], call.description(host).encode())
        try:
            response = await invited.response()
            while response.status < 200:
                if response.status == 180:
                    on_ringing()
                response = await invited.response()
        except NoAnswer as error:
            await self._end(call)
            raise CallRefused(408, str(error)) from error
        except asyncio.CancelledError:
            invited.cancel()  # whoever dialled has given up: so does the phone
            await self._end(call)
            raise
        return await self._connected(call, dialog, response)

    async def _connected(self, call: PhoneCall, dialog: Dialog, response: SipResponse) -> PhoneCall:
        if response.status >= 300:
            await self._end(call)
            raise CallRefused(response.status, response.reason)
        dialog.established_by(response)
        dialog.acknowledge(response)
        call.agree(response.body)
        call.answered()
        return call

    async def _new_call(self) -> PhoneCall:
        if self.call is not None:
            await self.call.aclose()
        self.call = PhoneCall(self.sound, self.referral, self.codes)
        await self.call.rtp.open(self._host)
        return self.call

    async def _end(self, call: PhoneCall) -> None:
        call.over()
        await call.aclose()

    # ---- calls that come in

    def receive(self, transaction: ServerTransaction) -> None:
        """Called by the endpoint."""
        request = transaction.request
        dialog = self.call.dialog if self.call is not None else None
        tag = parameter(request.header("To"), "tag")
        if (
            self.call is not None
            and dialog is not None
            and (dialog.call_id, dialog.local_tag) == (request.call_id, tag)
        ):
            self.call.receive(transaction)
            return
        if request.method == "INVITE":
            self._start(self._ring(transaction))
        elif request.method != "ACK":
            transaction.respond(481)

    async def _ring(self, invitation: ServerTransaction) -> None:
        if self.call is not None and self.call.answered_at is not None and not self.call.ended.is_set():
            invitation.respond(486)
            return
        self.rung_at.append(time.monotonic())
        answering = self.answering
        if answering.after_seconds or answering.status is None:
            invitation.respond(180)
            if await _cancelled_within(invitation, answering.after_seconds if answering.status else None):
                self.given_up_at = time.monotonic()
                if not answering.despite_cancel:
                    invitation.respond(487)
                    return
        if answering.status != 200:
            invitation.respond(answering.status or 480)
            return
        await self._pick_up(invitation)

    async def _pick_up(self, invitation: ServerTransaction) -> None:
        call = await self._new_call()
        call.dialog = called(self.endpoint, invitation)
        try:
            code = call.agree(invitation.request.body)
        except sdp.BadSdp:
            invitation.respond(488)
            await self._end(call)
            return
        answer = sdp.AudioDescription(self._host, call.rtp.port, (code,))
        invitation.respond(200, [call.dialog.contact, ALLOW, SDP_TYPE], answer.encode())
        if self.answering.speech is not None:
            call.say(self.answering.speech)
        call.answered()
        self.answered_calls.put_nowait(call)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _cancelled_within(invitation: ServerTransaction, seconds: float | None) -> bool:
    """Whether the caller gave up in that time; None waits for ever."""
    try:
        async with asyncio.timeout(seconds):
            await invitation.cancelled.wait()
    except TimeoutError:
        return False
    return True
