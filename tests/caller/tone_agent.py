"""An agent made of tones, in a process of its own: what it did when is known exactly.

Caller and agent in one process took that process down now and then: two ends of one call are one too many for the rtc
library. The monotonic clock is the machine's, so its readings mean the same in both processes.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field

import numpy as np
from livekit import api, rtc

from sandbox.caller.audio import FRAME_SAMPLES, SAMPLE_RATE, is_audible

API_KEY, API_SECRET = "testkey", "a-secret-for-tests-of-32-characters-or-more"
TONE = (8000 * np.sin(2 * np.pi * 440 * np.arange(SAMPLE_RATE) / SAMPLE_RATE)).astype(np.int16)
SILENCE = np.zeros(FRAME_SAMPLES, dtype=np.int16)


def mint(room, identity, kind=None, secret=API_SECRET):
    token = api.AccessToken(API_KEY, secret).with_identity(identity)
    token = token.with_grants(api.VideoGrants(room_join=True, room=room))
    if kind:
        token = token.with_kind(kind)
    return token.to_jwt()


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
            self._report()
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
        self._report()

    def _report(self):
        sys.stdout.write(json.dumps({"tones": self.tones, "answered": self.answered}) + "\n")
        sys.stdout.flush()

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
                    self._report()
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


class ToneAgentProcess:
    """A running ToneAgent, seen from the test: `tones` and `answered` are what it has reported so far."""

    def __init__(self):
        self.tones = []
        """When each tone began and ended, as monotonic clock readings in seconds."""
        self.answered = 0
        self._joined = asyncio.Event()

    async def start(self, **options):
        """Start it and wait until it is in its room."""
        command = [sys.executable, "-m", "tests.caller.tone_agent", json.dumps(options)]
        self._process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        self._reading = asyncio.create_task(self._read())
        async with asyncio.timeout(20):
            await self._joined.wait()

    async def _read(self):
        async for line in self._process.stdout:
            report = json.loads(line)
            self.tones, self.answered = report["tones"], report["answered"]
            self._joined.set()

    async def stop(self):
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reading


if __name__ == "__main__":
    asyncio.run(ToneAgent(**json.loads(sys.argv[1])).run())
