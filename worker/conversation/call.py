"""Runs one call from hello to goodbye: who is there, what language is spoken, when it ends, and that it ends well."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from livekit import rtc
from livekit.agents import (
    NOT_GIVEN,
    AgentSession,
    AgentStateChangedEvent,
    ChatMessage,
    CloseEvent,
    JobContext,
    UserStateChangedEvent,
    llm,
    stt,
)
from livekit.agents.voice import SpeechHandle

from worker import log_events
from worker.admissions import DAY_IS_SPENT, EXPIRED, TOO_MANY_CALLS, USED
from worker.conversation.bridging import Bridge, Patience
from worker.conversation.caller import opening_language, verified_caller, wanted_voice
from worker.conversation.continuity import Continuity
from worker.conversation.hearing import Hearing
from worker.conversation.history import History
from worker.conversation.one_microphone import is_microphone
from worker.conversation.outages import Outages
from worker.conversation.overheard import Overheard
from worker.conversation.pacing import estimate_rate_less_often, in_portions
from worker.conversation.phantoms import VoiceHeard, is_doubtful, is_phantom
from worker.conversation.phone_transfer import transfer_phone_caller
from worker.conversation.phrase_audio import PhraseAudio, tone
from worker.conversation.phrases import Phrases
from worker.conversation.replies import Replies, Reply
from worker.conversation.reply_language import ReplyLanguage
from worker.conversation.reports import CallReports
from worker.conversation.silence import CallersTime
from worker.conversation.speculation import Speculation
from worker.conversation.summaries import Summaries
from worker.conversation.worded_calls import WordedCalls
from worker.faults import Fault
from worker.livekit_internals import speech_of_this_task
from worker.ports import TurnEvidence, Voice, WholeRecording
from worker.recovery.exit_codes import FAILED, UNUSED, exit_with
from worker.recovery.rooms import CALLER_KINDS
from worker.settings import CallSettings, RetrySettings
from worker.spoken import blocks_in, says_something, speakable
from worker.ticket import Ticket

log = logging.getLogger("vaani")
GOODBYE_LIMIT_SECONDS = 12.0
ALREADY_THERE_SECONDS = 0.05
AT_ONCE_SECONDS = 0.05
# What a caller is told whose call is none (worker.admissions says why, the front desk adds "busy").
REFUSAL_PHRASES = {
    "busy": "busy",
    USED: "used",
    EXPIRED: "used",
    TOO_MANY_CALLS: "limit",
    DAY_IS_SPENT: "limit",
}


@dataclass(frozen=True, slots=True)
class CallParts:
    """Holds what a call is made of; built by the server."""

    settings: CallSettings
    retry: RetrySettings
    log_pii: bool
    phrases: Phrases
    phrase_audio: PhraseAudio
    voice: Voice
    evidence: TurnEvidence | None
    by_request: WholeRecording | None
    continuity: Continuity
    ticket: Ticket | None


class Call:
    """Keeps the state of one call, and does what the agent and its tools ask of it."""

    def __init__(self, ctx: JobContext, session: AgentSession[Any], parts: CallParts) -> None:
        self._ctx = ctx
        self._session = session
        self._phrases = parts.phrases
        self._audio = parts.phrase_audio
        self.settings = parts.settings
        self.voice = parts.voice
        self.evidence = parts.evidence
        self.by_request = parts.by_request
        self.continuity = parts.continuity
        self._ticket = parts.ticket
        self.speculation = Speculation()
        self._replies = Replies(speech_of_this_task)
        self.history = History(parts.settings.history_tokens)
        self._summaries = Summaries(self.history, self._summarizer, self.fault)
        self.worded_calls = WordedCalls()
        self.languages = ReplyLanguage(parts.settings.default_language)
        self.reports = CallReports(ctx.room, self.languages, log_pii=parts.log_pii)
        self._patience = Patience(
            late_seconds=parts.retry.late_seconds,
            give_up_seconds=parts.retry.give_up_seconds,
            sign_seconds=parts.retry.sign_of_life_seconds,
            first_pause_seconds=parts.retry.retry_pause_seconds,
            longest_pause_seconds=parts.retry.longest_retry_pause_seconds,
        )
        self._outages = Outages(parts.settings.phrase_cache_dir, parts.retry.outage_seconds)
        self.hearing = Hearing(
            self._outages.patience(self._patience, "stt"),
            fault=self.fault,
            tell=self._tell,
            gave_up=lambda: self._gave_up("stt", "give_up"),
        )
        self._met_at = time.monotonic()
        self.ended = False
        self.failed = False
        self._refused: str | None = None
        self._nobody_came = False
        self.overheard = Overheard(
            give_back=self._hear_after_all, spoken_form=lambda text: speakable(text, self._language_being_spoken())
        )
        self._voice_heard = VoiceHeard()
        self._turn_has_words = self._doubted = self._passed_over = False
        self._callers_time = CallersTime(parts.settings.silence_seconds, parts.settings.longest_wait_seconds)
        self._asking: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._handing_over: asyncio.Task[None] | None = None
        self._watches: set[asyncio.Task[None]] = set()

    # ---- the caller

    async def greet(self) -> None:
        """Meet the caller; whatever goes wrong in it is said, not left as silence."""
        estimate_rate_less_often(self._session.output.audio)
        try:
            await self._meet()
        except Exception as error:
            self.crashed(error)

    async def _meet(self) -> None:
        """Wait for the caller, then say hello in their language, or go on where another agent was cut off."""
        if not self._ctx.is_fake_job():  # in console mode the caller sits at the keyboard
            waited_from = time.monotonic()
            caller = await self._caller()
            if caller is None:
                self._nobody_came = True
                self.end("nobody_came")
                return
            if time.monotonic() - waited_from > ALREADY_THERE_SECONDS:
                self._met_at = time.monotonic()  # the agent was there first
            self.languages.open_in(opening_language(caller.attributes, self.settings.default_language))
            if voice := wanted_voice(caller.attributes):
                self.voice.choose(self.language, voice)
        if self._refused is not None:
            phrase = REFUSAL_PHRASES[self._refused]
            if self._refused == "busy":
                self.reports.event(log_events.CALL_REFUSED_BUSY, language=self.language)
            self.reports.notice(self._refused, self._phrases.text(phrase, self.language))
            self.end(self._refused, phrase)
            return
        if await self._resume():
            return
        self._session.on("agent_state_changed", self._greeted)
        self.say("greeting", allow_interruptions=self.settings.greeting_interruptible)
        self._watch(self._end_in_time())
        if not self._ctx.is_fake_job():
            self._watch(self._expect_microphone())

    def _greeted(self, event: AgentStateChangedEvent) -> None:
        """Report, once, how long after meeting the caller the greeting is heard."""
        if event.new_state == "speaking":
            self._session.off("agent_state_changed", self._greeted)
            seconds = round(time.monotonic() - self._met_at, 3)
            self.reports.event(log_events.CALL_GREETED, language=self.language, greeting_seconds=seconds)

    async def _resume(self) -> bool:
        """Resume a call that another agent has begun; False when this is a call's beginning."""
        succession = self.continuity.succession
        if succession is None:
            return False
        state = await self.continuity.take_over()
        self._session.input.set_audio_enabled(True)  # an agent that waits for a handover does not listen yet
        if state is None:
            return False
        self.languages.restore(state.language_state, turns=sum(role == "user" for role, _ in state.messages))
        self.history.summary = state.summary
        self.reports.resume(state.turns)
        await self._session.current_agent.update_chat_ctx(self.continuity.chat_context)
        self.reports.event(log_events.CALL_RESUMED, reason=succession.reason, language=self.language, turns=state.turns)
        if succession.reason != "handover" or state.cut_short:
            self.say("resumed")
        if state.messages[-1][0] == "user":
            self._session.generate_reply()
        self._watch(self._end_in_time())
        self._watch(self._expect_microphone())
        return True

    @property
    def caller(self) -> str | None:
        """Return who calls, as tools may tell their APIs: the fingerprint in the dispatch, else a phone's number."""
        if self._ctx.is_fake_job():
            return None
        succession = self.continuity.succession
        if succession is not None and succession.caller:
            return succession.caller  # this dispatch is the worker's own, and names whom the first one named
        return verified_caller(self._ctx.job.metadata, self._ctx.room.remote_participants.values())

    async def _caller(self) -> rtc.RemoteParticipant | None:
        try:
            async with asyncio.timeout(self._alone_seconds()):
                return await self._ctx.wait_for_participant(kind=list(CALLER_KINDS))
        except (TimeoutError, RuntimeError):
            return None

    def _alone_seconds(self) -> float:
        """Return how long to wait: a caller whose own joining has made the room is there in a moment, or never."""
        if self._ticket is None or self._ticket.ahead:
            return self.settings.alone_seconds
        return min(self.settings.joining_seconds, self.settings.alone_seconds)

    async def _expect_microphone(self) -> None:
        """End a call in which one side cannot hear the other; browsers ask their people first, so not at once."""
        half_seconds = self.settings.microphone_seconds / 2
        await asyncio.sleep(half_seconds)
        if self.ended or (self._can_be_heard() and await self._is_listened_to()):
            return
        self.reports.event(log_events.CALLER_SILENT)
        self.say("still_there")  # not waited for: to a caller who does not listen it is never said to its end
        await asyncio.sleep(half_seconds)
        if not (self._can_be_heard() and await self._is_listened_to()):
            self.end("caller_silent", "goodbye_silent")

    def _can_be_heard(self) -> bool:
        """Return whether the caller has an open microphone, or has said or typed something already."""
        if any(item.type == "message" and item.role == "user" for item in self._session.history.items):
            return True
        return any(
            is_microphone(track) and not track.muted
            for person in self._ctx.room.remote_participants.values()
            if person.kind in CALLER_KINDS
            for track in person.track_publications.values()
        )

    async def _is_listened_to(self) -> bool:
        """Whether the caller has taken the agent's sound; without that the framework never counts them as away."""
        publications = self._ctx.room.local_participant.track_publications.values()
        waits = [asyncio.ensure_future(each.wait_for_subscription()) for each in publications]
        if not waits:
            return False
        taken, open_ = await asyncio.wait(waits, timeout=AT_ONCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for each in open_:
            each.cancel()
        return bool(taken)

    # ---- what is heard

    def follow(self) -> None:
        """Follow the session's events."""
        session = self._session
        session.on("user_state_changed", self._user_state_changed)
        session.on("agent_state_changed", lambda event: self.overheard.agent_state_changed(event.new_state))
        session.on("user_transcription_timeout", lambda event: self._not_understood(event.speech_duration))
        session.on("close", self._closed)
        self.reports.watch(session)
        session.on("conversation_item_added", lambda event: self._said(event.item))
        self.continuity.follow(lambda: self.languages.state, lambda: self.history.summary)

    def _said(self, item: object) -> None:
        if isinstance(item, ChatMessage) and item.role == "assistant" and not self.ended:
            self._summaries.consider(self._session.current_agent.chat_ctx)

    def _summarizer(self) -> llm.LLM[Any] | None:
        return self._session.llm if isinstance(self._session.llm, llm.LLM) else None

    def heard(self, text: str, language: str | None, probability: float | None) -> None:
        """Take in a final transcript that counts."""
        self.languages.hear(text, language, probability)
        self.reports.claimed(language)

    def passes(self, event: stt.SpeechEvent) -> bool:
        """Whether a final transcript belongs to the caller's turn now.

        It does not if nobody has said it, or if it was said while the agent speaks and wants no answer, or none yet.
        """
        if self.ended:
            return True
        if not self._believes(event.alternatives[0]) or self.overheard.keeps(event, self._session.current_speech):
            if not self._turn_has_words:
                self.languages.forget_claims()
            return False
        self._turn_has_words = True
        return True

    def _believes(self, heard: stt.SpeechData) -> bool:
        """Whether somebody has said these words; what the recogniser doubts is asked for once more, then believed."""
        voice_seconds = self._voice_heard.take_seconds()
        phantom, doubtful = is_phantom(heard.text, voice_seconds), is_doubtful(heard.text, heard.confidence)
        if not phantom and (not doubtful or self._doubted):
            self._doubted = False
            return True
        self._doubted, self._passed_over = doubtful, True
        self.reports.event(log_events.WORDS_DOUBTED, reason="phantom" if phantom else "probability")
        if not self.overheard.over_speech and not self._turn_has_words:
            self.hearing.ask_again()
        return False

    def _hear_after_all(self, event: stt.SpeechEvent) -> None:
        if not self.ended:
            self.hearing.put_back(event)

    def turn_is_over(self, text: str, turns: int) -> None:
        """Decide the language for good: the caller has finished."""
        decision = self.languages.commit(text, turns)
        self.overheard.turn_is_over()
        self._turn_has_words = False
        self._callers_time.heard(text)
        self.reports.wasted(self.speculation.settle(text))
        self.reports.event(log_events.LANGUAGE_DECIDED, language=decision.language, reason=decision.reason)

    def reply_to(self, text: str, turns: int) -> Reply:
        """Begin the reply to `text`, the `turns`-th thing the caller said, maybe before the turn is over."""
        attempt = self.speculation.begin(text, ahead=not self.languages.is_over(turns))
        self.languages.preview(text, turns)
        language = self.languages.replying
        return self._replies.begin(Reply(language, self._bridge(language), attempt))

    @property
    def reply(self) -> Reply:
        """What the speech says that the running task belongs to."""
        return self._replies.of_this_task() or self._phrase_reply()

    def _phrase_reply(self) -> Reply:
        return Reply(self.languages.settled, self._bridge(self.languages.settled))

    def _user_state_changed(self, event: UserStateChangedEvent) -> None:
        if self.evidence is not None:
            self.evidence.observe_user_state(event.new_state)
        self._voice_heard.user_state_changed(event.new_state, event.created_at)
        if self._asking is not None and event.new_state != "away":
            self._asking.cancel()
        if event.new_state == "speaking":
            self._passed_over = False
            self.hearing.caller_spoke()
            self.overheard.caller_spoke(self._session.current_speech)
        elif event.new_state == "away" and not self.ended and not self.hearing.waiting:
            self._asking = self._watch(self._ask_whether_there())

    def _not_understood(self, speech_seconds: float) -> None:
        if not self.ended and not self.overheard.over_speech and not self._passed_over:
            self.hearing.missed(speech_seconds)

    # ---- what is said

    @property
    def language(self) -> str:
        """Return the language that is spoken now."""
        return self.languages.replying

    def _language_being_spoken(self) -> str:
        reply = self._replies.of(self._session.current_speech)
        return self.languages.settled if reply is None else reply.language

    def switch_language(self, language: str) -> None:
        """Speak `language` from now on: the model understood that the caller wishes it."""
        self.languages.wish(language)

    def say(self, phrase: str, *, allow_interruptions: bool = True) -> SpeechHandle:
        """Speak a ready phrase in the caller's language, from ready audio where there is some."""
        reply = self._phrase_reply()
        text = self._phrases.text(phrase, reply.language)
        ready = self._audio.frames(reply.language, text)
        audio = NOT_GIVEN if ready is None else in_portions(ready)
        speech = self._session.say(text, audio=audio, allow_interruptions=allow_interruptions)
        self._replies.begin(reply, speech)
        return speech

    def _bridge(self, language: str) -> Bridge:
        """Return what a reply in `language` does while it waits."""

        def ready(text: str) -> AsyncIterator[rtc.AudioFrame] | None:
            return self._audio.frames(language, text)

        def bridged(provider: str, phrase: str) -> None:
            self.reports.event(log_events.APOLOGY_SPOKEN, provider=provider, phrase=phrase, language=language)
            self.reports.notice(f"{provider}_{phrase}", self._phrases.text(phrase, language))

        return Bridge(
            patience=self._outages.patience(self._patience, "llm", "tts"),
            phrase=lambda name: self._phrases.text(name, language),
            audible=lambda text: says_something(text, language),
            blocks=lambda: blocks_in(language),
            phrase_audio=ready,
            tone=lambda: tone(int(self.voice.recipe(language)["rate"])),
            fault=self.fault,
            bridged=bridged,
            gave_up=self._gave_up,
            over=lambda: self.ended,
        )

    def _tell(self, phrase: str) -> None:
        if self.ended or self._session.user_state == "speaking":
            return
        self._apologise("stt", phrase)
        self.say(phrase)

    def _apologise(self, provider: str, phrase: str) -> None:
        language = self.languages.settled
        self.reports.event(log_events.APOLOGY_SPOKEN, provider=provider, phrase=phrase, language=language)
        self.reports.notice(f"{provider}_{phrase}", self._phrases.text(phrase, language))

    def fault(self, fault: object) -> None:
        """Report a failed try at a provider."""
        if isinstance(fault, Fault) and not self.ended:
            self.reports.fault(fault)

    def has_words(self, tool_call_id: str) -> bool:
        """Return whether the model itself has said something to the caller beside this tool's call."""
        return tool_call_id in self.worded_calls

    # ---- how it ends

    def end(self, reason: str, phrase: str | None = None) -> None:
        """Say `phrase`, let it be heard, then end the call for the caller, the room and the job."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end(reason, phrase))

    async def transfer(self, to: str) -> bool:
        """Send a phone caller on to `to`; False when the caller is not on a phone."""
        return await transfer_phone_caller(self._ctx, to)

    def refuse(self, reason: str) -> None:
        """Say why this is no call, instead of greeting."""
        self._refused = reason

    def _gave_up(self, provider: str, phrase: str | None = None) -> None:
        if self.ended:
            return
        if phrase is not None:
            self._apologise(provider, phrase)
        self._outages.note(provider)
        self.failed = True
        self.end(f"{provider}_failed", phrase)

    def crashed(self, error: Exception) -> None:
        """Apologise and end the call, as failed: something of ours broke."""
        log.error(log_events.CALL_FAILED, exc_info=error)
        self._gave_up("call", "give_up")

    def hand_over(self) -> None:
        """Hand the call over to another agent, or apologise and end it: this worker stops."""
        if self._handing_over is None and not self.ended and self._refused is None:
            self._handing_over = asyncio.create_task(self._hand_over())

    async def _hand_over(self) -> None:
        self.reports.event(log_events.CALL_HANDOVER, outcome="begun")
        if not await self.continuity.hand_over():
            if not self.ended:
                self.reports.event(log_events.CALL_HANDOVER, outcome="nobody_came")
                self.end("worker_stopped", "give_up")
            return
        self.ended = True
        self.reports.event(log_events.CALL_HANDOVER, outcome="done")
        await self._ctx.room.disconnect()  # at once: the other agent begins when this one has left
        self._session.shutdown(drain=False)

    async def _end(self, reason: str, phrase: str | None) -> None:
        self.ended = True
        self.continuity.ends()
        said_to_its_end = False
        try:
            async with asyncio.timeout(GOODBYE_LIMIT_SECONDS):
                if phrase is not None:
                    await self.say(phrase, allow_interruptions=False)
                await self._until_quiet()
                said_to_its_end = True
        except (TimeoutError, RuntimeError):
            pass  # the session is closing already, or the goodbye hangs: end it all the same
        self.reports.event(log_events.CALL_ENDED, reason=reason, failed=self.failed)
        await self.reports.aclose()
        self._session.shutdown(drain=said_to_its_end)  # draining would wait for what hangs

    async def _until_quiet(self) -> None:
        """Wait until nothing is being said any more."""
        while (speech := self._session.current_speech) is not None and not speech.done():
            await speech.wait_for_playout()

    def _closed(self, event: CloseEvent) -> None:
        if not self.ended:
            self.ended = True
            self.reports.event(log_events.CALL_ENDED, reason=event.reason.value, failed=self.failed)
        self.hearing.close()
        self._summaries.close()
        for watch in self._watches:
            watch.cancel()
        if self.failed:
            exit_with(FAILED)
        elif self._nobody_came:
            exit_with(UNUSED)
        ending_room = asyncio.create_task(self.continuity.end_room())

        async def room_ended() -> None:
            await ending_room

        self._ctx.add_shutdown_callback(room_ended)
        # A closed session does not end the job by itself: the agent would stay in the room, silent.
        self._ctx.shutdown(reason=f"session closed: {event.reason.value}")

    def _watch(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._watches.add(task)
        task.add_done_callback(self._watch_over)
        return task

    def _watch_over(self, task: asyncio.Task[None]) -> None:
        self._watches.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), Exception) and not self.ended:
            self.crashed(error)

    async def _ask_whether_there(self) -> None:
        await asyncio.sleep(self._callers_time.left_seconds(self._last_said()))
        self.reports.event(log_events.CALLER_SILENT)
        await self.say("still_there")
        await asyncio.sleep(self.settings.silence_seconds)
        if self._session.user_state == "away":
            self.end("caller_silent", "goodbye_silent")

    def _last_said(self) -> str:
        """What the agent said last."""
        said = [item for item in self._session.history.messages() if item.role == "assistant"]
        return said[-1].text_content or "" if said else ""

    async def _end_in_time(self) -> None:
        warning = min(self.settings.call_warning_seconds, self.settings.max_call_seconds / 2)
        since = time.time() - self.continuity.started_at
        await asyncio.sleep(max(0.0, self.settings.max_call_seconds - warning - since))
        self.reports.event(log_events.TIME_LIMIT, seconds_left=warning)
        self.say("time_warning")
        await asyncio.sleep(warning)
        self.end("time_limit", "time_up")
