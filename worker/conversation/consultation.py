"""Speaks with a colleague who was rung for a caller: says what it is about, and asks whether they take the call.

Only a key or a clear word takes it, so a mailbox never does; and while the caller's matter is being told, a "yes" is
how people listen. So words count from the question on, and keys always.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import Any

from livekit import rtc
from livekit.agents import (
    NOT_GIVEN,
    Agent,
    AgentSession,
    ModelSettings,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
    room_io,
    stt,
)
from livekit.agents.voice import SpeechHandle

from worker.consent.answers import Answer, read_answer, read_key
from worker.conversation.no_upload import NOTHING_IS_UPLOADED
from worker.conversation.phrase_audio import PhraseAudio
from worker.conversation.phrases import Phrases
from worker.conversation.usage import CallUsage
from worker.phone.answering import AnsweredBy, Answering
from worker.phone.colleague import TRACK_NAME
from worker.phone.line_echo import SAMPLE_RATE_HZ, LineEcho
from worker.phone.transfer import Transfer
from worker.ports import Voice
from worker.reply.pacing import in_portions
from worker.spoken import pronounced_stream, speakable_stream

ANSWER_SECONDS = 8.0  # after the question; who says something else is told and asked once more
LAST_WORDS_SECONDS = 6.0
TIMES_TOLD = 2
_OUTCOMES = {Answer.YES: Transfer.DONE, Answer.NO: Transfer.DECLINED, Answer.LATER: Transfer.DECLINED}


@dataclass(frozen=True, slots=True)
class EarsAndVoice:
    """Holds what a colleague is heard and spoken to with."""

    session: AgentSession[Any]
    voice: Voice
    phrases: Phrases
    phrase_audio: PhraseAudio
    language: str


class Consultation:
    """Speaks with one colleague."""

    def __init__(self, room: rtc.Room, colleague: str, parts: EarsAndVoice, usage: CallUsage) -> None:
        """Prepare to speak.

        Args:
            room: Where they are.
            colleague: Their identity.
            parts: What they are heard and spoken to with.
            usage: Counts what that takes.
        """
        self._room = room
        self._colleague = colleague
        self._parts = parts
        self._usage = usage
        self._session = parts.session
        self._answering = Answering()
        self._line_echo = LineEcho()
        self._asks = False
        self._answers: asyncio.Queue[Answer] = asyncio.Queue()
        self._session.on("user_input_transcribed", self._transcribed)
        self._session.on("user_state_changed", self._moved)

    async def hold(self, matter: Awaitable[str]) -> Transfer:
        """Tell them the matter and ask; DONE when they take the call.

        Args:
            matter: What the caller wants, in the colleague's language; empty where nobody could sum it up.
        """
        self._room.on("sip_dtmf_received", self._key_pressed)
        await self._start()
        if await self._answering.decide() is not AnsweredBy.HUMAN:
            return Transfer.VOICEMAIL
        answer = await self._answer_to(self._say("colleague_greeting"), 0.0)
        told = await matter
        for _ in range(TIMES_TOLD):
            if told and answer not in _OUTCOMES:
                answer = await self._answer_to(self._tell(told), 0.0)
            if answer not in _OUTCOMES:
                self._asks = True
                answer = await self._answer_to(self._say("colleague_question"), ANSWER_SECONDS)
                self._asks = False
            if answer in _OUTCOMES:
                break
        if answer not in _OUTCOMES:
            return Transfer.NO_ANSWER
        await self.say_to_its_end("colleague_thanks" if answer is not Answer.YES else "colleague_connecting")
        return _OUTCOMES[answer]

    async def say_to_its_end(self, phrase: str) -> None:
        """Say something, and wait until it has been heard."""
        with contextlib.suppress(TimeoutError, RuntimeError):  # they may hang up meanwhile
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                self._session.interrupt(force=True)
                await self._say(phrase).wait_for_playout()

    async def aclose(self) -> None:
        """Stop listening and speaking."""
        self._room.off("sip_dtmf_received", self._key_pressed)
        await self._session.aclose()

    async def _start(self) -> None:
        hears = room_io.AudioInputOptions(sample_rate=SAMPLE_RATE_HZ, noise_cancellation=self._line_echo)
        await self._session.start(
            agent=_Spokesperson(self._parts, self._usage), room=self._room,
            record=NOTHING_IS_UPLOADED, session_host=False,
            room_options=room_io.RoomOptions(
                audio_input=hears, audio_output=room_io.AudioOutputOptions(track_name=TRACK_NAME),
                text_input=False, text_output=False, participant_identity=self._colleague,
                participant_kinds=[rtc.ParticipantKind.PARTICIPANT_KIND_SIP], close_on_disconnect=False,
            ),
        )  # fmt: skip
        self._line_echo.follow(self._session)

    def _say(self, phrase: str) -> SpeechHandle:
        parts = self._parts
        text = parts.phrases.text(phrase, parts.language)
        ready = parts.phrase_audio.frames(parts.language, text)
        audio = NOT_GIVEN if ready is None else in_portions(ready)
        return self._session.say(text, audio=audio, allow_interruptions=False)

    def _tell(self, text: str) -> SpeechHandle:
        return self._session.say(text, allow_interruptions=False)

    async def _answer_to(self, speech: SpeechHandle, seconds: float) -> Answer | None:
        """Return what is answered while this is said, which then stops, or within so many seconds after it."""
        hearing = asyncio.create_task(self._answers.get())
        said = asyncio.create_task(speech.wait_for_playout())
        try:
            await asyncio.wait({hearing, said}, return_when=asyncio.FIRST_COMPLETED)
            if not hearing.done():
                await asyncio.wait({hearing}, timeout=seconds)
            if not hearing.done():
                return None
            speech.interrupt(force=True)
            return hearing.result()
        finally:
            hearing.cancel()
            said.cancel()

    def _key_pressed(self, event: rtc.SipDTMF) -> None:
        if event.participant is not None and event.participant.identity == self._colleague:
            self._heard(read_key(event.digit))

    def _transcribed(self, event: UserInputTranscribedEvent) -> None:
        if not event.is_final:
            return
        self._answering.hear(event.transcript)
        if self._asks:
            self._heard(read_answer(event.transcript).answer)

    def _heard(self, answer: Answer) -> None:
        if answer is not Answer.NOTHING:
            self._answers.put_nowait(answer)

    def _moved(self, event: UserStateChangedEvent) -> None:
        self._answering.user_state_changed(event.new_state)


class _Spokesperson(Agent):
    """Hears and speaks, and answers nothing by itself."""

    def __init__(self, parts: EarsAndVoice, usage: CallUsage) -> None:
        super().__init__(instructions="")
        self._parts = parts
        self._usage = usage

    async def stt_node(
        self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings
    ) -> AsyncIterator[stt.SpeechEvent]:
        """Transcribe what the colleague says."""

        async def counted() -> AsyncIterator[rtc.AudioFrame]:
            async for frame in audio:
                self._usage.heard(frame)
                yield frame

        async for event in Agent.default.stt_node(self, counted(), model_settings):
            yield event

    async def tts_node(self, text: AsyncIterable[str], model_settings: ModelSettings) -> AsyncIterator[rtc.AudioFrame]:
        """Speak in the colleague's language, with numbers and dates as people say them there."""
        self._parts.voice.speak_in(self._parts.language)

        async def counted() -> AsyncIterator[str]:
            spoken = speakable_stream(text, self._parts.language)
            async for part in pronounced_stream(spoken, self._parts.voice.pronunciations):
                self._usage.spoken(part)
                yield part

        async for frame in in_portions(Agent.default.tts_node(self, counted(), model_settings)):
            yield frame
