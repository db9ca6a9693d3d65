"""A scripted call over a telephone: what is heard at the earpiece, what is said into the mouthpiece, on one clock.

The sound goes over SIP and RTP and is judged at the phone. What only the room knows (the words, when the agent is at
work) is read by an observer that nobody in the room can see, and that subscribes to no sound.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping

import numpy as np
from livekit import api, rtc

from sandbox.caller.audio import Samples, as_frames, is_audible
from sandbox.caller.errors import CallFailure
from sandbox.caller.line import any_busy
from sandbox.caller.listener import Listener
from sandbox.caller.microphone import Microphone
from sandbox.caller.recording import Recording
from sandbox.caller.transcripts import Transcripts
from sandbox.phone.rtp import FRAME_SAMPLES as PHONE_FRAME_SAMPLES
from sandbox.phone.sample_rates import FromPhone, ToPhone
from sandbox.phone.telephone import CallRefused, PhoneCall, Telephone
from sandbox.stack.telephony import TelephoneNetwork

CALL_ID_ATTRIBUTE = "sip.callIDFull"
POLL_SECONDS = 0.03
MOST_UNSPOKEN = 3 * PHONE_FRAME_SAMPLES  # 60 ms, as in the microphone of a page
CLOSE_SECONDS = 5.0


class TelephoneLine:
    """One call from a phone to a number; fits `place_call(line=...)`."""

    def __init__(self, phone: Telephone, number: str, network: TelephoneNetwork, *, record: bool = False) -> None:
        self.phone, self.number = phone, number
        self.recording = Recording() if record else None
        self.listener = Listener()
        self.microphone = Microphone(_Mouthpiece(phone), self.recording.caller_frame if self.recording else None)
        self.transcripts = Transcripts()
        self.connected_at: float | None = None
        self.rang_at: float | None = None
        self.last_agent_left_at: float | None = None
        self.last_agent_left_reason = "hung up"
        self.call: PhoneCall | None = None
        self._earpiece = _Earpiece(self.listener, self.recording)
        self._network = network
        self._observer = _Observer(network, self.transcripts)
        self._speaking: asyncio.Task[None] | None = None

    @property
    def agents(self) -> Mapping[str, rtc.RemoteParticipant]:
        return self._observer.agents

    @property
    def room_name(self) -> str:
        return self._observer.room_name

    @property
    def ended_at(self) -> float | None:
        return self.call.ended_at if self.call is not None else None

    @property
    def ended_by_agent(self) -> bool:
        return self.call is not None and self.call.ended_by_other_side

    @property
    def end_reason_name(self) -> str:
        return "BYE"

    def agent_is_busy(self) -> bool:
        return any_busy(self.agents)

    async def connect(self, *, timeout_seconds: float) -> None:
        """Dial until answered. Raises CallFailure `call_refused` or `connect_failed`."""
        call_id = f"{time.time_ns():x}"
        watching = asyncio.create_task(self._observer.join_room_of(call_id))
        try:
            async with asyncio.timeout(timeout_seconds):
                self.call = await self.phone.dial(
                    self.number, self._network.sip_address, call_id=call_id, on_ringing=self._ringing
                )
        except CallRefused as error:
            watching.cancel()
            raise CallFailure("call_refused", f"{self.number} did not take the call: {error}.") from error
        except TimeoutError as error:
            watching.cancel()
            raise CallFailure(
                "connect_failed",
                f"{self.number} rang for {timeout_seconds:g} s and was not answered. Is it a number of a trunk, in the "
                "form that the phone dials, and is a worker registered under the rule's agent name?",
            ) from error
        self.connected_at = self.call.answered_at
        assert self.connected_at is not None
        if self.recording:
            self.recording.started_at = self.connected_at
        self.call.on_frame = self._earpiece.hear
        self._speaking = asyncio.create_task(self.microphone.run())
        await watching

    async def press(self, keys: str) -> None:
        assert self.call is not None, "there is no call to press keys in"
        self.call.press(keys)
        while self.call.rtp.pressing and not self.call.ended.is_set():
            await asyncio.sleep(POLL_SECONDS)

    async def withdraw(self) -> None:
        raise CallFailure("no_button", "A telephone has no page: say it instead.")

    async def aclose(self) -> None:
        tasks = [self._speaking] if self._speaking else []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for closing in (self._hang_up, self._observer.aclose, self.transcripts.aclose):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await closing()

    async def _hang_up(self) -> None:
        if self.call is not None:
            await self.call.aclose()

    def _ringing(self) -> None:
        self.rang_at = time.monotonic()


class _Mouthpiece:
    """Takes the microphone's frames, makes them 8 kHz, and gives them to the phone."""

    def __init__(self, phone: Telephone) -> None:
        self._phone = phone
        self._to_phone = ToPhone()

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        call, samples = self._phone.call, self._to_phone(np.frombuffer(frame.data, dtype=np.int16))
        if call is not None and call.unspoken_samples <= MOST_UNSPOKEN:
            call.say(samples)


class _Earpiece:
    """Judges what the phone hears, in the frames and at the rate that every figure rests on."""

    def __init__(self, listener: Listener, recording: Recording | None) -> None:
        self._listener, self._recording = listener, recording
        self._from_phone = FromPhone()

    def hear(self, frame: Samples, at: float) -> None:
        for each in as_frames(self._from_phone(frame)):
            if is_audible(each):
                self._listener.heard(at)
            if self._recording:
                self._recording.agent_frame("earpiece", each, at)


class _Observer:
    """Reads a room's texts and states, unseen. It is told the call and finds the room by itself."""

    def __init__(self, network: TelephoneNetwork, transcripts: Transcripts) -> None:
        self.room_name = ""
        self.agents: dict[str, rtc.RemoteParticipant] = {}
        self._network, self._transcripts = network, transcripts
        self._room = rtc.Room()

    async def join_room_of(self, call_id: str) -> None:
        """Wait for the room into which this SIP call is brought, and join it."""
        async with self._network.api() as client:
            while (found := await self._find(client, call_id)) is None:
                await asyncio.sleep(POLL_SECONDS)
        self.room_name, caller = found
        self._transcripts.attach(self._room, caller)
        self._room.on("participant_connected", self._came)
        self._room.on("participant_disconnected", lambda gone: self.agents.pop(gone.identity, None))
        grants = api.VideoGrants(room_join=True, room=self.room_name, hidden=True, can_publish=False)
        token = api.AccessToken(self._network.api_key, self._network.api_secret).with_identity(f"observer-{call_id}")
        options = rtc.RoomOptions(auto_subscribe=False)
        await self._room.connect(self._network.livekit_http_url, token.with_grants(grants).to_jwt(), options)
        for participant in self._room.remote_participants.values():
            self._came(participant)

    async def aclose(self) -> None:
        await self._room.disconnect()

    async def _find(self, client: api.LiveKitAPI, call_id: str) -> tuple[str, str] | None:
        rooms = await client.room.list_rooms(api.ListRoomsRequest())
        for room in rooms.rooms:
            listed = await client.room.list_participants(api.ListParticipantsRequest(room=room.name))
            for participant in listed.participants:
                if participant.attributes.get(CALL_ID_ATTRIBUTE) == call_id:
                    return room.name, participant.identity
        return None

    def _came(self, participant: rtc.RemoteParticipant) -> None:
        if participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT:
            self.agents[participant.identity] = participant
