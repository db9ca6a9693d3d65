"""Connects the framework's pipeline (STT, model, voice) to the call's own rules."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from typing import TYPE_CHECKING, Any

from livekit import rtc
from livekit.agents import Agent, APIError, FlushSentinel, ModelSettings, StopResponse, llm, stt
from livekit.agents.types import TimedString

from worker.faults import EndedQuietly, describe
from worker.hearing.farewells import ends_with_goodbye
from worker.hearing.phantoms import is_phantom
from worker.recovery.snapshot import without_half_characters
from worker.reply.first_clause import flush_after_first_clause
from worker.reply.history import tokens_of
from worker.reply.language import instruction
from worker.reply.pacing import Lead, in_portions
from worker.reply.pieces import Piece
from worker.reply.retry import steady_reply, steady_speech
from worker.reply.speculation import EarlyWords
from worker.spoken import pronounced_stream, speakable_stream

if TYPE_CHECKING:
    from worker.conversation.call import Call


class Assistant(Agent):
    """Wraps the framework's nodes for one caller: recognition is supervised, replies and speech are retried."""

    def __init__(self, call: Call, instructions: str, tools: list[Any]) -> None:
        if call.phone.errand is not None:
            instructions = f"{instructions}\n\n{call.phone.errand.instruction()}"
        super().__init__(instructions=instructions, tools=tools)
        self._call = call

    async def on_enter(self) -> None:
        """Greet the caller once they are there."""
        await self._call.opening.greet()

    async def on_user_turn_completed(self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage) -> None:
        """Decide the reply's language for good: the turn is over."""
        if self._call.phone.takes(new_message.text_content or ""):
            raise StopResponse
        try:
            self._call.turn_is_over(new_message.text_content or "", _turns_in(turn_ctx) + 1)
        except Exception as error:  # the framework would log it, and leave the turn unanswered
            self._call.ending.crash(error)
            raise StopResponse from error

    async def stt_node(
        self, audio: AsyncIterable[rtc.AudioFrame], model_settings: ModelSettings
    ) -> AsyncIterator[stt.SpeechEvent]:
        """Transcribe the caller, over as many recogniser streams as it takes.

        Raises:
            EndedQuietly: The stream ended though the call goes on; the framework then opens another.
        """
        listening, early = self._call.listening, EarlyWords()
        hearing = listening.hearing
        try:
            heard = self._counted(hearing.listen(listening.watched(audio)))
            stream = Agent.default.stt_node(self, heard, model_settings)
            async for event in hearing.events(stream):
                _clean(event)
                listening.observe(event)
                if await self._passes(event):
                    yield event
                words = early.of(event)
                if words is not None and not self._wants_no_early_reply(words.alternatives[0].text):
                    listening.note(words.alternatives[0])
                    yield words
        except APIError as error:
            hearing.failed(error)
            async for event in self._by_request():
                yield event
            raise
        except Exception as error:
            # Anything else would stop the framework's pump for good.
            hearing.failed(error)
            raise EndedQuietly from error
        if hearing.finished:
            return
        hearing.failed(EndedQuietly())
        async for event in self._by_request():
            yield event
        raise EndedQuietly

    async def llm_node(
        self, chat_ctx: llm.ChatContext, tools: list[llm.Tool], model_settings: ModelSettings
    ) -> AsyncIterator[Piece]:
        """Write the reply, in the language of the words just heard; the turn may not be over yet."""
        reply = self._call.speaker.reply_to(_last_words(chat_ctx), _turns_in(chat_ctx))
        self._call.listening.reply_begun()
        history = self._call.history.for_turn(chat_ctx)

        def ask() -> AsyncIterable[Piece]:
            asked = history.sendable()
            asked.add_message(role="system", content=instruction(reply.language))
            answer = Agent.default.llm_node(self, asked, tools, model_settings)
            metered = self._call.reports.usage.through(answer, tokens_of(asked.items))
            return self._call.worded_calls.follow(
                metered, reply.bridge.audible, turn=_turns_in(chat_ctx), is_goodbye=ends_with_goodbye
            )

        try:
            may_call = model_settings.tool_choice != "none"
            pieces = steady_reply(ask, reply.bridge, amend=history.amend, may_call_tools=may_call)
            async for piece in flush_after_first_clause(pieces):
                if reply.attempt is not None:
                    reply.attempt.tokens += not isinstance(piece, FlushSentinel)
                yield piece
        except APIError:
            raise
        except Exception as error:
            self._call.ending.crash(error)

    async def tts_node(self, text: AsyncIterable[str], model_settings: ModelSettings) -> AsyncIterator[rtc.AudioFrame]:
        """Speak the reply in its language's voice, with numbers and dates as people say them there."""
        speaker, reply = self._call.speaker, self._call.speaker.reply
        speaker.voice.speak_in(reply.language)

        async def counted(words: AsyncIterable[str]) -> AsyncIterator[str]:
            async for part in words:
                self._call.reports.usage.spoken(part)
                if reply.attempt is not None:
                    reply.attempt.characters += len(part)
                yield part

        def voice(words: AsyncIterable[str]) -> AsyncIterable[rtc.AudioFrame]:
            return Agent.default.tts_node(self, counted(words), model_settings)

        async def synthesize(words: AsyncIterable[str]) -> AsyncIterator[rtc.AudioFrame]:
            lead, has_begun = Lead(), False
            spoken = pronounced_stream(speakable_stream(words, reply.language), speaker.voice.pronunciations)
            async for frame in lead.speak(spoken, voice):
                if not has_begun and speaker.speculation.holds(reply.attempt):
                    self._call.listening.reply_is_ready()
                has_begun = True
                if (listen := self._call.reports.on_reply_sound) is not None:
                    listen(frame, lead)
                yield frame

        async for frame in in_portions(steady_speech(text, synthesize, reply.bridge)):
            yield frame

    async def transcription_node(
        self, text: AsyncIterable[str | TimedString], model_settings: ModelSettings
    ) -> AsyncIterator[str | TimedString]:
        """Pass on the transcript of what begins to be said: to the caller's screen, and to recognise its echo."""
        overheard = self._call.listening.overheard
        overheard.agent_says(" ")
        async for piece in Agent.default.transcription_node(self, text, model_settings):
            overheard.agent_says(piece)
            yield piece

    async def _passes(self, event: stt.SpeechEvent) -> bool:
        """Return whether an event goes on to the framework; words behind an answer that came too early join it."""
        if not self._call.listening.passes(event):
            return False
        if event.type is stt.SpeechEventType.FINAL_TRANSCRIPT and event.alternatives:
            await self._call.false_starts.join(event)
        return True

    async def _counted(self, audio: AsyncIterable[rtc.AudioFrame]) -> AsyncIterator[rtc.AudioFrame]:
        async for frame in audio:
            self._call.reports.usage.heard(frame)
            yield frame

    def _wants_no_early_reply(self, beginning: str) -> bool:
        return is_phantom(beginning) or self._call.consent.waits_for(beginning)

    async def _by_request(self) -> AsyncIterator[stt.SpeechEvent]:
        """Recognise by one request what failing sockets have lost, once the caller has finished saying it."""
        recognise, lost = self._call.by_request, self._call.listening.hearing.lost_speech
        if recognise is None or not lost or self.session.user_state == "speaking":
            return
        for frame in lost:
            self._call.reports.usage.heard(frame)
        try:
            event = await recognise(lost)
        except APIError as error:
            self._call.fault(describe("stt", error, 1))
            return
        if await self._passes(event) and event.alternatives and event.alternatives[0].text.strip():
            yield event


def _clean(event: stt.SpeechEvent) -> None:
    for heard in event.alternatives:
        heard.text = without_half_characters(heard.text)


def _turns_in(chat_ctx: llm.ChatContext) -> int:
    return sum(1 for item in chat_ctx.items if item.type == "message" and item.role == "user")


def _last_words(chat_ctx: llm.ChatContext) -> str:
    for item in reversed(chat_ctx.items):
        if item.type == "message" and item.role == "user":
            return item.text_content or ""
    return ""
