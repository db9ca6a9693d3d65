"""A call at the phone's end: what a person does with it, what its line and its network do."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sandbox.phone import sdp
from sandbox.phone.line_sound import LineEffects, LineSound
from sandbox.phone.pacing import beats
from sandbox.phone.rtp import FRAME_SAMPLES, FRAME_SECONDS, SILENCE, RtpStream
from sandbox.phone.sip_dialog import ALLOW, SDP_TYPE, Dialog
from sandbox.phone.sip_endpoint import NoAnswer, ServerTransaction
from sandbox.phone.sip_message import reason_of, uri_in
from sandbox.speech.voice_activity import Samples

HANG_UP_SECONDS = 2.0


class CallRefused(Exception):
    """The other side did not take the call; `status` is SIP's."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason or reason_of(status)}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Referral:
    """What the phone's side says when it is asked to call somebody else (REFER).

    Args:
        status: 202 tries, anything from 300 up refuses at once.
        outcome: How the call to that somebody went, told after `after_seconds` of ringing.
    """

    status: int = 202
    outcome: int = 200
    after_seconds: float = 0.0


class PhoneCall:
    """A call at the phone's end. Its sound runs from the moment that it is answered."""

    def __init__(self, sound: LineSound, referral: Referral, codes: Sequence[int]) -> None:
        self.answered_at: float | None = None
        self.ended = asyncio.Event()
        self.ended_at: float | None = None
        self.ended_by_other_side = False
        self.keys_heard: list[str] = []
        self.referred_to: list[str] = []
        self.on_frame: Callable[[Samples, float], None] = lambda _frame, _at: None
        self.on_sent: Callable[[Samples, float], None] = lambda _frame, _at: None
        self.rtp = RtpStream(self._hear, self.keys_heard.append)
        self.dialog: Dialog | None = None
        self.codes = tuple(codes)
        self.direction = "sendrecv"
        self.muted = False
        self.referral = referral
        self._mouth: Samples = SILENCE[:0]
        self._line = LineEffects(sound)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def call_id(self) -> str:
        assert self.dialog is not None
        return self.dialog.call_id

    # ---- what a person does with it

    def say(self, samples: Samples) -> None:
        """Speak after what is being said: 8 kHz samples."""
        self._mouth = np.concatenate((self._mouth, samples))

    @property
    def unspoken_samples(self) -> int:
        return len(self._mouth)

    def press(self, keys: str) -> None:
        """Press keys one after the other. Raises ValueError for one that there is not."""
        self.rtp.press(keys)

    async def hold(self) -> None:
        """Put the other side on hold. Raises CallRefused."""
        await self._renegotiate("sendonly")

    async def resume(self) -> None:
        """Take it back. Raises CallRefused."""
        await self._renegotiate("sendrecv")

    async def hang_up(self) -> None:
        """Say BYE, and wait a little for the answer."""
        if self.ended.is_set() or self.dialog is None:
            return
        self.over()
        bye = self.dialog.request("BYE")
        with contextlib.suppress(TimeoutError, NoAnswer):
            async with asyncio.timeout(HANG_UP_SECONDS):
                await bye.final()

    # ---- SIP

    def description(self, host: str) -> sdp.AudioDescription:
        return sdp.AudioDescription(host, self.rtp.port, self.codes, direction=self.direction)

    def agree(self, theirs: bytes) -> int:
        """Talk as the other side described. Raises sdp.BadSdp."""
        description = sdp.parse_sdp(theirs)
        code = sdp.agreed(description, self.codes)
        self.rtp.talk_to(description, code)
        return code

    def answered(self) -> None:
        """Sound begins."""
        self.answered_at = time.monotonic()
        self._start(self._talk())

    def over(self) -> None:
        """The call has ended, or came to nothing."""
        if not self.ended.is_set():
            self.ended_at = time.monotonic()
            self.ended.set()

    def receive(self, transaction: ServerTransaction) -> None:
        """A request within the call."""
        assert self.dialog is not None
        transaction.local_tag = self.dialog.local_tag
        method = transaction.request.method
        if method == "BYE":
            transaction.respond(200)
            self.ended_by_other_side = not self.ended.is_set()
            self.over()
        elif method == "REFER":
            self._start(self._refer(transaction))
        elif method == "INVITE":
            transaction.respond(200, [self.dialog.contact, ALLOW, SDP_TYPE], self._own_answer(transaction))
        elif method != "ACK":
            transaction.respond(200)

    async def aclose(self) -> None:
        """Hang up and let go of the sound."""
        await self.hang_up()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.rtp.close()

    def _own_answer(self, transaction: ServerTransaction) -> bytes:
        self.agree(transaction.request.body)
        return self.description(transaction.source[0]).encode()

    async def _renegotiate(self, direction: str) -> None:
        assert self.dialog is not None
        self.direction = direction
        body = self.description(self.dialog.endpoint.address[0]).encode()
        response = await self.dialog.request("INVITE", [ALLOW, SDP_TYPE], body).final()
        if response.status >= 300:
            raise CallRefused(response.status, response.reason)
        self.dialog.acknowledge(response)

    async def _refer(self, transaction: ServerTransaction) -> None:
        """Call whom we are told to, and tell how that went (RFC 3515); here as the test decided beforehand."""
        assert self.dialog is not None
        self.referred_to.append(uri_in(transaction.request.header("Refer-To")))
        transaction.respond(self.referral.status)
        if self.referral.status >= 300:
            return
        await self._notify(100, "active")
        if self.referral.after_seconds:
            await self._notify(180, "active")
            await asyncio.sleep(self.referral.after_seconds)
        await self._notify(self.referral.outcome, "terminated;reason=noresource")

    async def _notify(self, status: int, subscription: str) -> None:
        if self.dialog is None or self.ended.is_set():
            return
        headers = [("Event", "refer"), ("Subscription-State", subscription), ("Content-Type", "message/sipfrag")]
        body = f"SIP/2.0 {status} {reason_of(status)}\r\n".encode()
        with contextlib.suppress(NoAnswer):
            await self.dialog.request("NOTIFY", headers, body).final()

    # ---- sound

    async def _talk(self) -> None:
        async for _ in beats(FRAME_SECONDS):
            if self.ended.is_set():
                return
            frame = self._next_frame()
            if not self.muted:
                self.rtp.send(frame)
                self.on_sent(frame, time.monotonic())

    def _next_frame(self) -> Samples:
        said, self._mouth = self._mouth[:FRAME_SAMPLES], self._mouth[FRAME_SAMPLES:]
        return self._line.mixed(said)

    def _hear(self, frame: Samples) -> None:
        self._line.hear(frame)
        self.on_frame(frame, time.monotonic())

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
