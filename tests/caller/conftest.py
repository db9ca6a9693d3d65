"""A real livekit-server, a token endpoint, and an agent made of tones whose timing is known exactly."""

import asyncio
import contextlib
import json
import secrets
import time
from dataclasses import dataclass, field

import numpy as np
import pytest
from aiohttp import web
from livekit import api, rtc

from sandbox.caller import JoinToken
from sandbox.caller.audio import FRAME_SAMPLES, SAMPLE_RATE, is_audible
from sandbox.stack.processes import free_port
from tests.livekit_server import LiveKitServer

API_KEY, API_SECRET = "testkey", "a-secret-for-tests-of-32-characters-or-more"


@pytest.fixture(scope="session")
def livekit_server(tmp_path_factory):
    """Its ws:// address."""
    server = LiveKitServer(tmp_path_factory.mktemp("livekit"), API_KEY, API_SECRET)
    server.start()
    yield server.url
    server.stop()


async def _tick():
    """Let a twentieth of a second pass on the loop's own timer: nothing announces that a port is open."""
    ticked = asyncio.Event()
    asyncio.get_running_loop().call_later(0.05, ticked.set)
    await ticked.wait()


def mint(room, identity, kind=None, secret=API_SECRET):
    token = api.AccessToken(API_KEY, secret).with_identity(identity)
    token = token.with_grants(api.VideoGrants(room_join=True, room=room))
    if kind:
        token = token.with_kind(kind)
    return token.to_jwt()


TONE = (8000 * np.sin(2 * np.pi * 440 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)).astype(np.int16)
SILENCE = np.zeros(FRAME_SAMPLES, dtype=np.int16)


@dataclass
class ToneAgent:
    """Greets, and answers the end of each of the caller's turns, with tones; a stand-in for the worker's timing only.

    Args:
        answer_after_seconds: From the last voiced frame that it received to its tone.
        greeting_after_seconds: From its joining; None: it says nothing.
        answers: How many turns it answers; None: all.
        hang_up_after: It deletes the room after that many answers.
        leave_after: It leaves the room after that many answers.
        stops_after_seconds: It falls silent so long after the caller starts to speak; None: it talks on.
    """

    url: str
    room_name: str
    answer_after_seconds: float = 0.4
    greeting_after_seconds: float | None = 0.3
    tone_seconds: float = 0.3
    answers: int | None = None
    hang_up_after: int | None = None
    leave_after: int | None = None
    stops_after_seconds: float | None = None
    texts: bool = False
    identity: str = "tone-agent"
    answered: int = 0
    tones: list[tuple[float, float]] = field(default_factory=list)

    async def run(self):
        self._room = rtc.Room()
        self._turn_open = False
        self._silent_frames = 0
        self._source = rtc.AudioSource(SAMPLE_RATE, 1, queue_size_ms=20)
        self._listening = None
        self._room.on("track_subscribed", self._subscribed)
        try:
            await self._room.connect(self.url, mint(self.room_name, self.identity, kind="agent"))
            track = rtc.LocalAudioTrack.create_audio_track("voice", self._source)
            options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
            publication = await self._room.local_participant.publish_track(track, options)
            await publication.wait_for_subscription()
            if self.greeting_after_seconds is not None:
                self._play_at(time.monotonic() + self.greeting_after_seconds)
            await self._speak()
        finally:
            if self._listening:
                self._listening.cancel()
            await self._room.disconnect()

    def _play_at(self, at):
        self.tones.append((at, at + self.tone_seconds))

    def _subscribed(self, track, publication, participant):
        if track.kind == rtc.TrackKind.KIND_AUDIO:
            self._listening = asyncio.create_task(self._listen(track))

    async def _listen(self, track):
        async for event in rtc.AudioStream(track, sample_rate=SAMPLE_RATE, num_channels=1, frame_size_ms=10):
            # Counted in frames, not by the clock: when this process has to wait for a core, sound waits as well.
            self._silent_frames += 1
            if is_audible(np.frombuffer(event.frame.data, dtype=np.int16)):
                self._silent_frames = 0
                now = time.monotonic()
                if not self._turn_open and self.stops_after_seconds is not None:
                    self.tones = [(a, min(b, now + self.stops_after_seconds)) for a, b in self.tones]
                self._turn_open = True

    async def _speak(self):
        """Frame by frame: the source's queue is the clock."""
        phase = 0
        while True:
            now = time.monotonic()
            if self._turn_open and self._silent_frames * 0.01 >= self.answer_after_seconds:
                self._turn_open = False
                if self.answers is None or self.answered < self.answers:
                    self.answered += 1
                    self._play_at(now)
                    if self.texts:
                        await self._tell()
            if any(start <= now < end for start, end in self.tones):
                samples = TONE[phase : phase + FRAME_SAMPLES]
                phase = (phase + FRAME_SAMPLES) % len(TONE)
            else:
                samples = SILENCE
            await self._source.capture_frame(rtc.AudioFrame(samples.tobytes(), SAMPLE_RATE, 1, FRAME_SAMPLES))
            if self.tones and now > self.tones[-1][1] + 0.2:
                if self.answered == self.leave_after:
                    return
                if self.answered == self.hang_up_after:
                    async with api.LiveKitAPI(self.url.replace("ws", "http"), API_KEY, API_SECRET) as admin:
                        await admin.room.delete_room(api.DeleteRoomRequest(room=self.room_name))
                    return

    async def _tell(self):
        me, caller = self._room.local_participant, next(iter(self._room.remote_participants))
        final = {"lk.transcription_final": "true"}
        writer = await me.stream_text(
            topic="lk.transcription",
            sender_identity=caller,
            attributes={**final, "lk.segment_id": f"u{self.answered}"},
        )
        await writer.write(f"heard {self.answered}")
        await writer.aclose()
        writer = await me.stream_text(
            topic="lk.transcription",
            attributes={"lk.segment_id": f"a{self.answered}", "lk.transcription_final": "false"},
        )
        await writer.write("reply ")
        await writer.write(str(self.answered))
        await writer.aclose(attributes=final)
        report = {"turn": self.answered, "heard": f"heard {self.answered}", "heard_language": "hi-IN"}
        report |= {"reply_language": "ta-IN", "reply": "", "stages": {"e2e_latency_seconds": 0.5}, "cost_rupees": 0.25}
        await me.send_text(json.dumps(report), topic="vaani.turn")
        await me.send_text(json.dumps({"code": "late", "message": "One moment."}), topic="vaani.notice")


@pytest.fixture
def join_room(livekit_server):
    """A token for a caller to a room, without any endpoint."""

    def join(room_name, *, secret=API_SECRET):
        return JoinToken(livekit_server, mint(room_name, "caller", secret=secret))

    return join


@pytest.fixture
def room_name():
    return f"room-{secrets.token_hex(4)}"


@pytest.fixture
async def tone_agent(livekit_server):
    """Start one in a room; what it did can be read from what is returned."""
    running = []

    def start(room_name, **options):
        agent = ToneAgent(livekit_server, room_name, **options)
        running.append(asyncio.create_task(agent.run()))
        return agent

    yield start
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


@pytest.fixture
async def token_endpoint(livekit_server, room_name):
    """The standard contract with a real signature. `endpoint.room` is the room, `endpoint.requests` what was asked."""

    class Endpoint:
        room = room_name
        status, reply = 201, None
        url = ""

        def __init__(self):
            self.requests = []

    endpoint = Endpoint()

    async def answer(request):
        endpoint.requests.append((request.method, request.path, dict(request.headers), await request.read()))
        token = mint(endpoint.room, f"caller-{len(endpoint.requests)}")
        ok = {"server_url": livekit_server, "participant_token": token}
        return web.json_response(ok if endpoint.reply is None else endpoint.reply, status=endpoint.status)

    async with serving(answer) as url:
        endpoint.url = f"{url}/token"
        yield endpoint


@contextlib.asynccontextmanager
async def serving(handler):
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
def closed_port():
    """A port that nothing listens on."""
    return free_port()


@pytest.fixture
def served():
    """`async with served(handler) as url`."""
    return serving
