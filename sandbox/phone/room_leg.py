"""The bridge's end in a LiveKit room: a participant of kind SIP whose voice is a telephone line."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
from livekit import api, rtc
from livekit.rtc.participant import PublishDTMFError

from sandbox.keypad import KEYS
from sandbox.phone.g711 import SAMPLE_RATE
from sandbox.phone.rtp import FRAME_SAMPLES, SILENCE
from sandbox.speech.voice_activity import Samples

STATUS = "sip.callStatus"
SOURCE_QUEUE_MS = 80
MOST_SPOKEN_FRAMES = 2  # beside the source's own queue; more is dropped: a line that lags is worse than one that clicks
CUSHION_FRAMES, MOST_HEARD_FRAMES = 2, 8
LEAVE_SECONDS = 5.0
STATUS_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Membership:
    """Who joins which room, as livekit-server decided it."""

    room: str
    identity: str
    name: str
    metadata: str
    attributes: Mapping[str, str]
    room_config: Any = None
    token: str = field(default="", repr=False)
    url: str = ""

    def signed(self, api_key: str, api_secret: str) -> str:
        """The join token: livekit-server's own, else one signed here, as livekit-sip does it."""
        if self.token:
            return self.token
        grants = api.VideoGrants(
            room_join=True, room=self.room, can_publish=True, can_subscribe=True, can_publish_data=True,
            can_update_own_metadata=True,
        )  # fmt: skip
        token = (
            api.AccessToken(api_key, api_secret)
            .with_identity(self.identity)
            .with_name(self.name)
            .with_metadata(self.metadata)
            .with_attributes(dict(self.attributes))
            .with_grants(grants)
            .with_kind("sip")
            .with_ttl(timedelta(hours=24))
        )
        if self.room_config is not None:
            token = token.with_room_config(self.room_config)
        return str(token.to_jwt())


class TrackSound:
    """What one track has sounded and the telephone has not heard yet.

    It begins to be heard with a cushion of two frames, so that a frame that is a little late is not heard as a gap.
    """

    def __init__(self) -> None:
        self._samples: Samples = SILENCE[:0]
        self._playing = False

    def add(self, samples: Samples) -> None:
        """Take sound as it comes; what is too old is dropped."""
        self._samples = np.concatenate((self._samples, samples))[-MOST_HEARD_FRAMES * FRAME_SAMPLES :]

    def next_frame(self) -> Samples | None:
        """The next 20 ms; None while there is too little."""
        frames = len(self._samples) // FRAME_SAMPLES
        self._playing = frames >= (1 if self._playing else CUSHION_FRAMES)
        if not self._playing:
            return None
        frame, self._samples = self._samples[:FRAME_SAMPLES], self._samples[FRAME_SAMPLES:]
        return frame


class RoomLeg:
    """One call's participant. It hears nothing until `hear_room`: livekit-sip subscribes by hand."""

    def __init__(self, on_key: Callable[[str], None]) -> None:
        """`on_key` gets the keys that an agent presses."""
        self.subscribed = asyncio.Event()
        self.closed = asyncio.Event()
        self._on_key = on_key
        self._room = rtc.Room()
        self._source = rtc.AudioSource(SAMPLE_RATE, 1, queue_size_ms=SOURCE_QUEUE_MS)
        self._spoken: asyncio.Queue[Samples] = asyncio.Queue(maxsize=MOST_SPOKEN_FRAMES)
        self._heard: dict[str, TrackSound] = {}
        self._hearing = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def sid(self) -> str:
        """The participant's id."""
        return str(self._room.local_participant.sid)

    async def join(self, url: str, token: str) -> None:
        """Join, and publish the telephone's sound.

        Raises:
            rtc.ConnectError: livekit-server refused.
        """
        self._room.on("track_published", self._track_published)
        self._room.on("track_subscribed", self._track_subscribed)
        self._room.on("sip_dtmf_received", lambda pressed: self._on_key(pressed.digit))
        self._room.on("disconnected", lambda _: self.closed.set())
        await self._room.connect(url, token, rtc.RoomOptions(auto_subscribe=False))
        track = rtc.LocalAudioTrack.create_audio_track(self._room.local_participant.identity, self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        await self._room.local_participant.publish_track(track, options)
        self._start(self._speak())

    def hear_room(self) -> None:
        """Subscribe to everybody's sound, now and later."""
        self._hearing = True
        for participant in self._room.remote_participants.values():
            for publication in participant.track_publications.values():
                self._track_published(publication, participant)

    def tell_status(self, status: str) -> None:
        """Let the room know how the call stands: dialing, ringing, automation, active. Nothing waits for it."""
        self._start(self._set_status(status))

    def say(self, frame: Samples) -> None:
        """Pass on what the phone sent; what the room is too late for is dropped."""
        with contextlib.suppress(asyncio.QueueFull):
            self._spoken.put_nowait(frame)

    def press(self, key: str) -> None:
        """Tell the room of a key."""
        self._start(self._press(key))

    def next_frame(self) -> Samples:
        """The next 20 ms of everything that sounds in the room, mixed."""
        mixed = SILENCE.astype(np.int32)
        for track in self._heard.values():
            if (frame := track.next_frame()) is not None:
                mixed = mixed + frame
        return np.clip(mixed, -32768, 32767).astype(np.int16)

    async def hang_up(self) -> None:
        """Let the room know that the call is over, before `leave`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STATUS_SECONDS):
                await self._set_status("hangup")

    async def leave(self, reason: int) -> None:
        """Leave for a reason that others can read, in bounded time."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await self._room.disconnect(reason=reason)  # type: ignore[arg-type]
                await self._source.aclose()
        self.closed.set()

    # ---- the room's side

    def _track_published(self, publication: rtc.RemoteTrackPublication, _: rtc.RemoteParticipant) -> None:
        if self._hearing and publication.kind == rtc.TrackKind.KIND_AUDIO:
            publication.set_subscribed(True)

    def _track_subscribed(self, track: rtc.Track, *_: object) -> None:
        if track.kind == rtc.TrackKind.KIND_AUDIO:
            self.subscribed.set()
            self._start(self._listen(track))

    async def _listen(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream(track, sample_rate=SAMPLE_RATE, num_channels=1, frame_size_ms=10)
        heard = self._heard[track.sid] = TrackSound()
        try:
            async for event in stream:
                heard.add(np.frombuffer(event.frame.data, dtype=np.int16))
        finally:
            del self._heard[track.sid]
            await stream.aclose()

    async def _set_status(self, status: str) -> None:
        if self._room.isconnected():
            await self._room.local_participant.set_attributes({STATUS: status})

    async def _press(self, key: str) -> None:
        if self._room.isconnected():
            with contextlib.suppress(PublishDTMFError):  # the room may end meanwhile
                await self._room.local_participant.publish_dtmf(code=KEYS.index(key), digit=key)

    async def _speak(self) -> None:
        self.say(SILENCE)  # the source's own cushion
        while True:
            frame = await self._spoken.get()
            await self._source.capture_frame(rtc.AudioFrame(frame.tobytes(), SAMPLE_RATE, 1, len(frame)))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
