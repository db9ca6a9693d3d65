"""The caller's end of the room: joining, who is there, and how it ended. Knows the SDK, decides nothing."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from livekit import rtc
from livekit.rtc.participant import PublishTrackError

from sandbox.caller.audio import SAMPLE_RATE
from sandbox.caller.errors import CallFailure
from sandbox.caller.listener import Listener
from sandbox.caller.microphone import SOURCE_QUEUE_MS, Microphone
from sandbox.caller.recording import Recording
from sandbox.caller.token_source import JoinToken
from sandbox.caller.transcripts import Transcripts
from sandbox.keypad import KEYS

CLOSE_SECONDS = 5.0
KEY_SECONDS = 0.2  # a key and the pause after it
BUSY_STATES = {"initializing", "thinking", "speaking"}
ENDED_BY_AGENT = (
    rtc.DisconnectReason.ROOM_DELETED,
    rtc.DisconnectReason.ROOM_CLOSED,
    rtc.DisconnectReason.PARTICIPANT_REMOVED,
)


class Line(Protocol):
    """What a scripted call needs of the way it is connected."""

    microphone: Microphone
    listener: Listener
    transcripts: Transcripts
    recording: Recording | None
    connected_at: float | None
    last_agent_left_at: float | None
    last_agent_left_reason: str

    @property
    def ended_at(self) -> float | None: ...

    @property
    def agents(self) -> Mapping[str, rtc.RemoteParticipant]: ...

    @property
    def room_name(self) -> str: ...

    @property
    def ended_by_agent(self) -> bool: ...

    @property
    def end_reason_name(self) -> str: ...

    def agent_is_busy(self) -> bool:
        """Whether an agent says that it is starting, thinking or speaking: for manners, never for a measurement."""

    async def connect(self, *, timeout_seconds: float) -> None:
        """Get through to the agent's room, and open the microphone. Raises CallFailure."""

    async def press(self, keys: str) -> None:
        """Press keys; returns when the last one is up."""

    async def withdraw(self) -> None:
        """Press the page's button that takes consent back. Raises CallFailure where there is none."""

    async def aclose(self) -> None:
        """Hang up and let go of everything, in bounded time."""


class PhoneLine:
    """One connection to one room, with a microphone and an ear."""

    def __init__(self, get_join_token: Callable[[], Awaitable[JoinToken]], *, record: bool) -> None:
        self._get_join_token = get_join_token
        self.recording = Recording() if record else None
        self._source = rtc.AudioSource(SAMPLE_RATE, 1, queue_size_ms=SOURCE_QUEUE_MS)
        self.microphone = Microphone(self._source, self.recording.caller_frame if self.recording else None)
        self.listener = Listener(self.recording.agent_frame if self.recording else None)
        self.transcripts = Transcripts()
        self.connected_at: float | None = None
        self.ended_at: float | None = None
        self.end_reason: int | None = None
        self.agents: dict[str, rtc.RemoteParticipant] = {}
        self.last_agent_left_at: float | None = None
        self.last_agent_left_reason = ""
        self._room = rtc.Room()
        self._speaking: asyncio.Task[None] | None = None

    @property
    def room_name(self) -> str:
        return self._room.name if self.connected_at is not None else ""

    @property
    def ended_by_agent(self) -> bool:
        return self.end_reason in ENDED_BY_AGENT

    @property
    def end_reason_name(self) -> str:
        return reason_name(self.end_reason)

    def agent_is_busy(self) -> bool:
        return any_busy(self.agents)

    async def connect(self, *, timeout_seconds: float) -> None:
        """Join and open the microphone. Raises CallFailure `connect_failed`, or that of whoever gives the token."""
        join = await self._get_join_token()
        self._watch()
        self.transcripts.attach(self._room)
        where = f"LiveKit at {join.server_url}"
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._room.connect(join.server_url, join.participant_token)
                self.connected_at = time.monotonic()
                self._greet_those_present()
                await self._open_microphone()
        except TimeoutError as error:
            raise CallFailure(
                "connect_failed", f"{where} did not let the caller in within {timeout_seconds:g} s."
            ) from error
        except (rtc.ConnectError, PublishTrackError) as error:
            raise CallFailure(
                "connect_failed",
                f"{where} refused the caller: {error.message}. Is it running, and does the token endpoint sign with "
                "its LIVEKIT_API_KEY and LIVEKIT_API_SECRET?",
            ) from error

    async def press(self, keys: str) -> None:
        for key in keys:
            await self._room.local_participant.publish_dtmf(code=KEYS.index(key), digit=key)
            await asyncio.sleep(KEY_SECONDS)

    async def withdraw(self) -> None:
        await self._room.local_participant.set_attributes({"vaani.consent": "withdrawn"})

    async def aclose(self) -> None:
        """Hang up and let go of everything, in bounded time."""
        if self._speaking:
            self._speaking.cancel()
            await asyncio.gather(self._speaking, return_exceptions=True)
        for closing in (
            self.listener.aclose,
            self._room.disconnect,
            self.transcripts.aclose,
            self._source.aclose,
        ):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await closing()

    async def _open_microphone(self) -> None:
        assert self.connected_at is not None
        if self.recording:
            self.recording.started_at = self.connected_at
        self._speaking = asyncio.create_task(self.microphone.run())
        track = rtc.LocalAudioTrack.create_audio_track("microphone", self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        await self._room.local_participant.publish_track(track, options)

    def _watch(self) -> None:
        self._room.on("participant_connected", self._participant_came)
        self._room.on("participant_disconnected", self._participant_left)
        self._room.on("track_subscribed", self._track_subscribed)
        self._room.on("disconnected", self._disconnected)

    def _greet_those_present(self) -> None:
        for participant in self._room.remote_participants.values():
            self._participant_came(participant)

    def _participant_came(self, participant: rtc.RemoteParticipant) -> None:
        if participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT:
            self.agents[participant.identity] = participant

    def _participant_left(self, participant: rtc.RemoteParticipant) -> None:
        if self.agents.pop(participant.identity, None) and not self.agents:
            self.last_agent_left_at = time.monotonic()
            self.last_agent_left_reason = reason_name(participant.disconnect_reason)

    def _track_subscribed(
        self, track: rtc.Track, _: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant
    ) -> None:
        if participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT and track.kind == rtc.TrackKind.KIND_AUDIO:
            self._participant_came(participant)
            self.listener.hear(track)

    def _disconnected(self, reason: rtc.DisconnectReason.ValueType) -> None:
        if self.ended_at is None:
            self.ended_at = time.monotonic()
            self.end_reason = reason


def any_busy(agents: Mapping[str, rtc.RemoteParticipant]) -> bool:
    """Whether one of these agents says that it is starting, thinking or speaking."""
    return any(agent.attributes.get("lk.agent.state") in BUSY_STATES for agent in agents.values())


def reason_name(reason: int | None) -> str:
    if reason is None:
        return "no reason given"
    try:
        return rtc.DisconnectReason.Name(reason)  # type: ignore[arg-type]
    except ValueError:
        return f"reason {reason}"
