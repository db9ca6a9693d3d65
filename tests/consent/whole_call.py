"""One call on fake time with all that keeps or sends anything of it: record, spool, recorder, reports, room, log.

Only the framework's session and the room are stood in for: they hand on what they are given, as the real ones do.
"""

from __future__ import annotations

import asyncio
import json
import time
from types import SimpleNamespace

import numpy as np
from livekit import rtc
from livekit.agents import ChatMessage

from records.engine import new_engine, upgrade
from records.shipping import Shipper
from records.spool import SpoolWriter
from tests.consent.fake_call import FRAME_SECONDS, Speech
from tests.jumping_clock import wait
from tests.recording.decoded import tone
from tests.recording.surroundings import Loudspeaker, Microphone
from worker.bill import Bill
from worker.consent.notices import LETTERS_PER_SECOND, Notices
from worker.consent.rules import Purpose
from worker.conversation.call import Call
from worker.conversation.call_recording import SoundParts
from worker.conversation.consent_talk import ConsentParts, ConsentTalk
from worker.conversation.reports import CallReports
from worker.record.call_record import CallRecord, Cost
from worker.recording.channel import RATE_HZ
from worker.reply.language import ReplyLanguage

CALL = "call-1"
REPLY = "You said this: {}. It will be seen to."


class Room(rtc.EventEmitter):
    """Keeps whatever is sent to whoever is in it."""

    name = "room-1"

    def __init__(self):
        super().__init__()
        self.sent = []
        self.local_participant = self

    def isconnected(self):
        return True

    async def send_text(self, text, topic):
        self.sent.append(f"{topic} {text}")

    async def set_attributes(self, attributes):
        self.sent.append(json.dumps(attributes))


class Session(rtc.EventEmitter):
    """The framework's session: its transcripts of both sides go to the room unless they are held back."""

    def __init__(self, room):
        super().__init__()
        self._room = room
        self._room_io = SimpleNamespace(_user_transcript_ch=SimpleNamespace(send_nowait=self._send))
        self.input = SimpleNamespace(audio=Microphone())
        self.output = SimpleNamespace(
            audio=Loudspeaker(RATE_HZ), transcription=object(), set_transcription_enabled=self._set_transcription
        )
        self._transcribes = True

    def _send(self, text):
        self._room.sent.append(f"lk.transcription {text}")

    def _set_transcription(self, on):
        self._transcribes = on

    def transcribe_agent(self, text):
        if self._transcribes:
            self._send(text)


class WholeCall:
    """A call whose caller speaks, and whose agent answers, in sound and words; everything is kept below `folder`."""

    def __init__(self, folder, rules, language):
        self.folder, self.rules, self.language = folder, rules, language
        self.notices = Notices.load(rules)
        self.room = Room()
        self.session = Session(self.room)
        self.record = CallRecord(SpoolWriter(folder / "spool", CALL, 0, 10_000_000), keeps_words=True, key="key")
        self.reports = CallReports(
            self.room, ReplyLanguage(language), lambda usage: Bill(0.0), log_pii=True, record=self.record
        )
        speaker = SimpleNamespace(say=self._say_phrase, notice=lambda *_: None)
        self.consent = ConsentTalk(
            SimpleNamespace(room=self.room, api=None), self.session, ConsentParts(rules, self.notices), speaker,
            ReplyLanguage(language), self.reports,
        )  # fmt: skip
        self.listening = SimpleNamespace()
        wired = SimpleNamespace(
            reports=self.reports, consent=self.consent, listening=self.listening, _session=self.session
        )
        sound = SoundParts(f"file://{folder}/sound", CALL, 0)
        self.recording = Call._keep_to_consent(wired, SimpleNamespace(record=self.record, sound=sound))
        if Purpose.WORDS in rules.opening:
            self.record.may_keep_words = self.consent.keeps_words
        self.record.begin("room-1", None, "asha")
        self.reports.watch(self.session)
        self.record.watch(self.session, self.reports._spoken, lambda: Cost({}, Bill(0.0)))
        self.said = []
        self._silent_until = 0.0
        self.consent.prepare()

    def _say_phrase(self, phrase, *, allow_interruptions, language=None):
        self.said.append(phrase)
        now = asyncio.get_running_loop().time()
        seconds = len(self.notices.phrases[language or self.language][phrase]) / LETTERS_PER_SECOND
        self._silent_until = max(now, self._silent_until) + seconds
        return Speech(self._silent_until - now)

    async def until_asked(self):
        while self.consent.dialogue.state.name != "LISTENING":
            await wait(0.05)

    async def caller_says(self, text):
        """Speak for a second, with words that come as they are said; what wants an answer is answered."""
        self.session.emit("user_state_changed", SimpleNamespace(new_state="speaking"))
        sound = tone(1.0)
        for start in range(0, len(sound), round(FRAME_SECONDS * RATE_HZ)):
            await wait(FRAME_SECONDS)
            piece = sound[start : start + round(FRAME_SECONDS * RATE_HZ)]
            await self._hear(piece)
        self.session._room_io._user_transcript_ch.send_nowait(text[: len(text) // 2 + 1])
        self.session.emit("user_state_changed", SimpleNamespace(new_state="listening"))
        await wait(0.3)
        taken = self.listening.is_about_consent(text)
        self.session._room_io._user_transcript_ch.send_nowait(text)
        if not taken:
            await self._answer(text)

    async def _hear(self, samples):
        taps = self.session.input.audio
        source = taps._from if hasattr(taps, "_from") else taps
        source.frames.put_nowait(rtc.AudioFrame(samples.tobytes(), RATE_HZ, 1, len(samples)))
        await taps.__anext__()

    async def _answer(self, text):
        self.session.emit("conversation_item_added", SimpleNamespace(item=ChatMessage(role="user", content=[text])))
        reply = REPLY.format(text)
        voice, loudspeaker = self.session.output.audio, self.session.output.audio.next_in_chain
        sound = tone(1.0, hz=900)
        await voice.capture_frame(rtc.AudioFrame(sound.tobytes(), RATE_HZ, 1, len(sound)))
        voice.flush()
        self.session.transcribe_agent(reply)
        loudspeaker.on_playback_started(created_at=time.time())
        await wait(1.0)
        loudspeaker.on_playback_finished(playback_position=1.0, interrupted=False)
        self.session.emit(
            "conversation_item_added", SimpleNamespace(item=ChatMessage(role="assistant", content=[reply]))
        )
        await wait(0.1)

    async def hang_up(self):
        self.consent.dialogue.close()
        if self.recording is not None:
            await self.recording.aclose()
        self.record.ended("caller_left", failed=False)
        await self.record.aclose()
        await self.reports.aclose()


async def new_database(path):
    """Make an empty database of records."""
    engine = new_engine(f"sqlite+aiosqlite:///{path}")
    await upgrade(engine)
    await engine.dispose()


async def ship(folder):
    """Write what the call has told into its database, as the worker beside it does."""
    engine = new_engine(f"sqlite+aiosqlite:///{folder}/calls.db")
    try:
        shipper = Shipper(engine, folder / "spool")
        await shipper.ship()
        shipper.close()
    finally:
        await engine.dispose()


def bytes_of(folder):
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def holds(haystack, words):
    """Whether bytes or texts hold these words, spelled as any of our formats spells them."""
    spellings = {words, json.dumps(words)[1:-1]}
    if isinstance(haystack, bytes):
        return any(each.encode() in haystack for each in spellings)
    return any(each in text for each in spellings for text in haystack)


def loud(samples):
    return bool(len(samples)) and float(np.abs(samples).max()) > 1500
