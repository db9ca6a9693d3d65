"""Stand in for the worker in the room, for what the page shows of it.

The real worker answers in tests/web's calls through the stack. This one exists for the states a healthy worker does
not produce on demand, and speaks the room protocol of docs/room-protocol.md on the real rtc SDK.
"""

import asyncio
import contextlib
import json
import uuid

import numpy as np
from livekit import api, rtc

from sandbox.speech.voices import render_async

RATE_HZ = 24000
FRAME = RATE_HZ // 50
REPLIES = {
    "en-IN": "Your order will arrive tomorrow before noon.",
    "hi-IN": "आपका ऑर्डर कल दोपहर तक आ जाएगा।",
    "ta-IN": "உங்கள் ஆர்டர் நாளை மதியத்திற்குள் வரும்.",
}
GREETING = "Vaani here."  # short: every test waits for it
PRICE_RUPEES_PER_TURN = 0.31


class PageAgent:
    """One call's agent. Hears by loudness; what was said it takes from `queue`, as the stand-in recogniser does."""

    def __init__(self, url, key, secret, room, queue):
        self.queue = queue
        self.url = url
        self.room_name = room
        grants = api.VideoGrants(room_join=True, room=room, agent=True, can_update_own_metadata=True)
        token = api.AccessToken(key, secret).with_kind("agent").with_identity(f"agent-{uuid.uuid4().hex[:8]}")
        self.token = token.with_grants(grants).to_jwt()
        self.room = rtc.Room()
        self.source = rtc.AudioSource(RATE_HZ, 1, queue_size_ms=200)
        self.turns = 0
        self.interrupted = asyncio.Event()
        self.was_interrupted = False
        self.caller_left = asyncio.Event()
        self.withdrawn = asyncio.Event()
        self.tasks = set()

    async def run(self):
        self.room.on("track_subscribed", self._heard_track)
        self.room.on("participant_disconnected", lambda _who: self._goodbye())
        self.room.on("participant_attributes_changed", self._attributes)
        await self.room.connect(self.url, self.token)
        await self.state("initializing")
        track = rtc.LocalAudioTrack.create_audio_track("voice", self.source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        publication = await self.room.local_participant.publish_track(track, options)
        await publication.wait_for_subscription()
        await self.say(GREETING, "en-IN")
        await self.state("listening")

    async def aclose(self):
        for task in self.tasks - {asyncio.current_task()}:
            task.cancel()
        await self.room.disconnect()

    def _heard_track(self, track, _publication, participant):
        if track.kind == rtc.TrackKind.KIND_AUDIO:
            self._spawn(self._listen(track, participant.identity))

    def _goodbye(self):
        self.caller_left.set()
        self._spawn(self.leave())

    def _spawn(self, work):
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _listen(self, track, identity):
        voiced = silent = 0
        async for event in rtc.AudioStream(track, sample_rate=RATE_HZ, num_channels=1, frame_size_ms=10):
            samples = np.frombuffer(event.frame.data, dtype=np.int16).astype(np.float64)
            loud = float(np.sqrt((samples**2).mean())) > 200
            voiced, silent = (voiced + 1, 0) if loud else (voiced, silent + 1)
            if voiced == 20:
                self.interrupted.set()
            if voiced >= 20 and silent >= 30:
                voiced = 0
                self._spawn(self._answer(identity))

    async def _answer(self, identity):
        entry = self.queue.popleft() if self.queue else None
        if entry is None:
            return
        await self.state("thinking")
        await self.write(entry.text, identity, final=True)
        self.turns += 1
        language = entry.language
        reply = REPLIES.get(language, REPLIES["en-IN"])
        await self.say(reply, language)
        await self.state("listening")
        await self.report(self.turns, entry.text, reply, language, PRICE_RUPEES_PER_TURN)

    async def report(self, turn, heard, reply, language, price_rupees):
        """What the worker publishes when a turn is finished."""
        report = {
            "turn": turn, "heard": heard, "heard_language": language, "reply_language": language,
            "reason": "spoken", "reply": reply,
            "stages": {"end_of_turn_seconds": 0.31, "llm_first_token_seconds": 0.05,
                       "tts_first_audio_seconds": 0.08, "e2e_latency_seconds": 0.44},
            "interrupted": False,
            "usage": {
                "llm_usage:a-model": {"input_tokens": 412 * turn, "output_tokens": 23 * turn},
                "tts_usage:a-voice": {"characters_count": 40 * turn},
            },
            "cost_rupees": None if price_rupees is None else round(price_rupees * turn, 4),
        }  # fmt: skip
        await self.room.local_participant.send_text(json.dumps(report), topic="vaani.turn")

    async def keeps(self, purposes):
        """Say what the caller lets the agent keep."""
        await self.room.local_participant.set_attributes({"vaani.kept": purposes})

    def _attributes(self, changed, _participant):
        if changed.get("vaani.consent") == "withdrawn":
            self._spawn(self.keeps("nothing"))
            self.withdrawn.set()

    async def state(self, name):
        await self.room.local_participant.set_attributes({"lk.agent.state": name})

    async def notice(self, code, message):
        text = json.dumps({"code": code, "message": message})
        await self.room.local_participant.send_text(text, topic="vaani.notice")

    async def write(self, text, identity, final):
        attributes = {
            "lk.segment_id": f"SG_{uuid.uuid4().hex[:8]}",
            "lk.transcription_final": str(final).lower(),
        }
        writer = await self.room.local_participant.stream_text(
            topic="lk.transcription", attributes=attributes, sender_identity=identity
        )
        for word in text.split(" "):
            await writer.write(word + " ")
        await writer.aclose()

    async def say(self, text, language):
        samples = await render_async(text, language, sample_rate=RATE_HZ)
        self.interrupted.clear()
        await self.state("speaking")
        await self.write(text, self.room.local_participant.identity, final=True)
        for start in range(0, len(samples) - FRAME, FRAME):
            if self.interrupted.is_set():
                self.source.clear_queue()
                self.was_interrupted = True
                return
            frame = rtc.AudioFrame(samples[start : start + FRAME].tobytes(), RATE_HZ, 1, FRAME)
            await self.source.capture_frame(frame)
        await self.source.wait_for_playout()

    def patience(self):
        return asyncio.timeout(10)

    async def leave(self):
        with contextlib.suppress(Exception):
            await self.aclose()
