"""The phone of whoever calls or is called: rings, answers or does not, hears, speaks and presses keys over SIP."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sandbox.phone import sdp
from sandbox.phone.pacing import beats
from sandbox.phone.rtp import FRAME_SAMPLES, FRAME_SECONDS, SILENCE, RtpStream
from sandbox.phone.sip_dialog import ALLOW, SDP_TYPE, Dialog, called, calling
from sandbox.phone.sip_endpoint import Address, NoAnswer, ServerTransaction, SipEndpoint
from sandbox.phone.sip_message import SipResponse, parameter, reason_of, uri_in
from sandbox.voice_activity import Samples

HANG_UP_SECONDS = 2.0
NOISE_FRAMES = 200


class CallRefused(Exception):
    """The other side did not take the call; `status` is SIP's."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason or reason_of(status)}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Answering:
    """What happens when somebody calls this phone.

    Args:
        status: 200 picks up, 486 is busy, 603 declines, 480 is switched off, None rings for ever.
        after_seconds: How long it rings before; 0 answers at once and never rings.
        despite_cancel: Picks up though the caller has given up already, as slow networks do.
    """

    status: int | None = 200
    after_seconds: float = 0.0
    despite_cancel: bool = False


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


@dataclass(frozen=True, slots=True)
class LineSound:
    """What a telephone line adds to what is said into it.

    Args:
        echo_db: The level of the agent's own voice as it comes back, e.g. -30; None has no echo.
        echo_delay_seconds: How much later it comes back, in steps of 20 ms.
        noise_rms: Hiss on 16-bit samples.
    """

    echo_db: float | None = None
    echo_delay_seconds: float = 0.2
    noise_rms: float = 0.0


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
        self.rtp = RtpStream(self._hear, self.keys_heard.append)
        self.dialog: Dialog | None = None
        self.codes = tuple(codes)
        self.direction = "sendrecv"
        self.muted = False
        self._referral = referral
        self._mouth: Samples = SILENCE[:0]
        self._heard: deque[Samples] = deque(maxlen=4)  # frames come unevenly; the echo of a line does not
        delay_frames = round(sound.echo_delay_seconds / FRAME_SECONDS)
        self._echo: deque[Samples] = deque([SILENCE] * delay_frames)
        self._echo_gain = 0.0 if sound.echo_db is None else 10 ** (sound.echo_db / 20)
        noise = np.random.default_rng(7).normal(0.0, sound.noise_rms, (NOISE_FRAMES, FRAME_SAMPLES))
        self._noise = noise.astype(np.int16)
        self._beat = 0
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
        transaction.respond(self._referral.status)
        if self._referral.status >= 300:
            return
        await self._notify(100, "active")
        if self._referral.after_seconds:
            await self._notify(180, "active")
            await asyncio.sleep(self._referral.after_seconds)
        await self._notify(self._referral.outcome, "terminated;reason=noresource")

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

    def _next_frame(self) -> Samples:
        """What is said in 20 ms, with what the line adds to it."""
        said = self._mouth[:FRAME_SAMPLES]
        self._mouth = self._mouth[FRAME_SAMPLES:]
        self._echo.append(self._heard.popleft() if self._heard else SILENCE)
        frame = np.pad(said, (0, FRAME_SAMPLES - len(said))).astype(np.float64)
        frame += self._echo.popleft().astype(np.float64) * self._echo_gain
        frame += self._noise[self._beat % NOISE_FRAMES]
        self._beat += 1
        return np.clip(frame, -32768, 32767).astype(np.int16)

    def _hear(self, frame: Samples) -> None:
        if len(frame) == FRAME_SAMPLES:
            self._heard.append(frame)
        self.on_frame(frame, time.monotonic())

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


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
    ) -> None:
        self.number = number
        self.answering = answering or Answering()
        self.referral = referral or Referral()
        self.sound = sound or LineSound()
        self.endpoint = SipEndpoint(self._receive)
        self.answered_calls: asyncio.Queue[PhoneCall] = asyncio.Queue()
        self.times_rung = 0
        self.given_up_at: float | None = None
        self.call: PhoneCall | None = None
        self._codes, self._host = tuple(codes), host
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        await self.endpoint.open(self._host)

    async def aclose(self) -> None:
        """Hang up and switch off."""
        if self.call is not None:
            await self.call.aclose()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
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
        self.call = PhoneCall(self.sound, self.referral, self._codes)
        await self.call.rtp.open(self._host)
        return self.call

    async def _end(self, call: PhoneCall) -> None:
        call.over()
        await call.aclose()

    # ---- calls that come in

    def _receive(self, transaction: ServerTransaction) -> None:
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
        self.times_rung += 1
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
