"""Puts one call together, from hello to goodbye, and says who calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from livekit.agents import AgentSession, ChatMessage, JobContext, llm

from worker import log_events
from worker.bill import Price
from worker.conversation.call_recording import CallRecording, SoundParts
from worker.conversation.caller import nobody_knows, verified_caller
from worker.conversation.clocks import Clocks
from worker.conversation.consent_talk import ConsentParts, ConsentTalk
from worker.conversation.ending import Ending
from worker.conversation.handoff import Handoff
from worker.conversation.listening import Listening
from worker.conversation.matter import matter_for_colleague
from worker.conversation.opening import Opening
from worker.conversation.outages import Outages
from worker.conversation.phone_call import PhoneCall
from worker.conversation.phrase_audio import PhraseAudio
from worker.conversation.phrases import Phrases
from worker.conversation.reports import CallReports
from worker.conversation.speaker import Speaker
from worker.conversation.spending import BudgetParts, Spending
from worker.conversation.usage import CallUsage
from worker.conversation.warm_transfer import WarmParts, WarmTransfer
from worker.faults import Fault
from worker.hearing.false_starts import FalseStarts
from worker.hearing.stt_supervisor import SttSupervisor
from worker.phone.errand import Errand
from worker.ports import TurnEvidence, Voice, WholeRecording
from worker.record.call_record import CallRecord
from worker.reply.history import History
from worker.reply.language import ReplyLanguage
from worker.reply.retry import RetryPolicy
from worker.reply.summaries import Summaries
from worker.reply.worded_calls import WordedCalls
from worker.settings import CallSettings, PhoneSettings, RetrySettings
from worker.ticket import Ticket


@dataclass(frozen=True, slots=True)
class CallParts:
    """Holds what a call is made of; built by the server."""

    settings: CallSettings
    phone: PhoneSettings
    retry: RetrySettings
    log_pii: bool
    phrases: Phrases
    phrase_audio: PhraseAudio
    voice: Voice
    evidence: TurnEvidence | None
    by_request: WholeRecording | None
    price: Price
    handoff: Handoff
    ticket: Ticket | None
    record: CallRecord
    errand: Errand | None
    usage: CallUsage = field(default_factory=CallUsage)
    consent: ConsentParts = field(default_factory=ConsentParts)
    sound: SoundParts | None = None
    budget: BudgetParts | None = None
    warm: WarmParts | None = None
    earlier_language: Callable[[str | None], Awaitable[str | None]] = nobody_knows


class Call:
    """Puts the objects of one call together, and lets each know only those that it works with.

    opening → phone, consent, spending, speaker, clocks, ending;  phone → listening, speaker;  consent → speaker;
    listening → consent, hearing, speaker, ending;  clocks → hearing, speaker, ending;  speaker → languages;
    spending → speaker, ending;  ending → speaker, handoff, outages.
    """

    def __init__(self, ctx: JobContext, session: AgentSession[Any], parts: CallParts) -> None:
        settings, handoff = parts.settings, parts.handoff
        self._ctx = ctx
        self._session = session
        self._handoff = handoff
        self._warm = parts.warm
        self.by_request = parts.by_request
        self.languages = ReplyLanguage(settings.default_language)
        self.reports = CallReports(
            ctx.room, self.languages, parts.price, log_pii=parts.log_pii, record=parts.record, usage=parts.usage
        )
        self.history = History(settings.history_tokens)
        self.worded_calls = WordedCalls()
        outages = Outages(settings.phrase_cache_dir, parts.retry.outage_seconds)
        retry_policy = retry_policy_of(parts.retry)
        self.speaker = Speaker(
            session, parts.voice, parts.phrases, parts.phrase_audio, self.languages, self.reports,
            retry_policy=lambda: outages.retry_policy(retry_policy, "llm", "tts"),
            fault=self.fault, gave_up=lambda provider: self.ending.give_up(provider), over=lambda: self.ending.begun,
        )  # fmt: skip
        self.ending = Ending(ctx, session, self.speaker, handoff, outages, self.reports)
        hearing = SttSupervisor(
            outages.retry_policy(retry_policy, "stt"),
            fault=self.fault,
            tell=self._tell_meanwhile,
            gave_up=lambda: self.ending.give_up("stt", "give_up"),
        )
        self.listening = Listening(
            session, hearing, parts.evidence, self.languages, self.reports, self.speaker, self.ending
        )
        self.false_starts = FalseStarts(session, self.listening.overheard, self._turn_goes_on)
        self.consent = ConsentTalk(ctx, session, parts.consent, self.speaker, self.languages, self.reports)
        self.recording = self._keep_to_consent(parts)
        self.phone = PhoneCall(
            ctx.room, session, parts.phone, self.speaker, self.listening, self.reports, errand=parts.errand,
            machine=lambda answer: self.ending.end(answer.value), earlier_language=parts.earlier_language,
        )  # fmt: skip
        of_menu = self.phone.keys.first_refusal
        self.phone.keys.first_refusal = lambda key: self.consent.dialogue.press(key) or of_menu(key)
        self._clocks = Clocks(settings, session, ctx.room, hearing, self.speaker, self.ending, self.reports)
        self._spending = Spending(session, parts.budget, self.speaker, self.ending, self.reports)
        self.opening = Opening(
            ctx, session, settings, parts.ticket, handoff, self.languages, self.history, self.speaker, self._clocks,
            self.ending, self.reports, self.phone, self.consent, self._spending,
        )  # fmt: skip
        self._summaries = Summaries(self.history, self._summarizer, self.fault)
        session.on("conversation_item_added", lambda event: self._said(event.item))
        session.on("close", lambda _: self._summaries.close())
        self.reports.watch(session)
        handoff.follow(lambda: self.languages.state, lambda: self.history.summary, self.consent.dialogue.snapshot)

    @property
    def caller(self) -> str | None:
        """Return who calls, as tools may tell their APIs: the fingerprint in the dispatch, else a phone's number."""
        if self._ctx.is_fake_job():
            return None
        succession = self._handoff.succession
        if succession is not None and succession.caller:
            return succession.caller  # this dispatch is the worker's own, and names whom the first one named
        return verified_caller(self._ctx.job.metadata, self._ctx.room.remote_participants.values())

    def turn_is_over(self, text: str, turns: int) -> None:
        """Decide the language for good: the caller has finished."""
        decision = self.languages.commit(text, turns)
        self.listening.turn_is_over()
        self._clocks.turn_is_over(text)
        self.reports.wasted(self.speaker.speculation.settle(text))
        self.reports.event(log_events.LANGUAGE_DECIDED, language=decision.language, reason=decision.reason)

    def _turn_goes_on(self) -> None:
        """Take back that the last turn was over: the caller goes on."""
        self.languages.take_back()
        self.speaker.speculation.take_back()
        self._handoff.take_back()
        self.reports.take_back()
        sounded_seconds = round(self.listening.overheard.reply_seconds, 3)
        self.reports.event(log_events.FALSE_START, reply_seconds=sounded_seconds)

    async def transfer(self, to: str, ringing_seconds: float, reason: str) -> bool:
        """Send a phone caller on; False when the caller is not on a phone.

        Args:
            to: Where: `tel:+91…` or `sip:…`.
            ringing_seconds: How long the phone there may ring.
            reason: Why, in a few words.
        Raises:
            ToolError: They were not sent on; it says why, for the model.
        """
        warm = None if self._warm is None else partial(self._warm_transfer, self._warm, reason)
        sent_on = self.ending.sent_on if warm is None else self.ending.connected
        self._clocks.suspended = True
        try:
            return await self.phone.transfer(self._ctx, to, ringing_seconds, sent_on, warm)
        finally:
            self._clocks.suspended = False
            self._session.reset_away_timer()

    def _warm_transfer(self, parts: WarmParts, reason: str) -> WarmTransfer:
        spoken = self.history.spoken(self._session.current_agent.chat_ctx)
        warm = WarmTransfer(
            self._ctx.api, self._ctx.room, self._session, parts, self.speaker, self.reports.usage,
            caller=self.phone.identity, played=self.phone.line_echo.play,
            matter=lambda: matter_for_colleague(
                self._summarizer(), parts.language, reason, self.history.summary, spoken,
                shown=self.reports.shown, fault=self.fault,
            ),
        )  # fmt: skip
        self.ending.afterwards = warm.rest
        return warm

    def fault(self, fault: object) -> None:
        """Report a failed try at a provider."""
        if isinstance(fault, Fault) and not self.ending.begun:
            self.reports.fault(fault)

    def hand_over(self) -> None:
        """Hand the call over to another agent, or apologise and end it: this worker stops."""
        if self.opening.refused is None:
            self.phone.call_off()
            self.ending.hand_over()

    def _keep_to_consent(self, parts: CallParts) -> CallRecording | None:
        """Let what keeps words or sound keep to what the caller has decided; returns what keeps the sound."""
        self.reports.may_tell_words = parts.record.may_keep_words = self.consent.keeps_words
        self.consent.told.append(lambda proof: parts.record.consented(**proof.as_fields()))
        self.consent.erase.append(parts.record.forget_words)
        self.listening.is_about_consent = self.consent.dialogue.hear
        if parts.sound is None:
            return None
        return CallRecording(self._session, parts.sound, self.consent, self.reports)

    async def put_away(self) -> None:
        """Put away what is kept of the call before its process ends: first the recording, which the record tells of."""
        if self.recording is not None:
            await self.recording.aclose()
        await self._spending.aclose()
        await self.reports.record.aclose()

    def _tell_meanwhile(self, phrase: str) -> None:
        """Say what a caller is told who has not been understood, unless they speak again."""
        if not self.ending.begun and self._session.user_state != "speaking":
            self.speaker.apologise("stt", phrase)
            self.speaker.say(phrase)

    def _said(self, item: object) -> None:
        if isinstance(item, ChatMessage) and item.role == "assistant" and not self.ending.begun:
            self._summaries.consider(self._session.current_agent.chat_ctx)

    def _summarizer(self) -> llm.LLM[Any] | None:
        return self._session.llm if isinstance(self._session.llm, llm.LLM) else None


def retry_policy_of(retry: RetrySettings) -> RetryPolicy:
    """Return how long a caller waits for a provider, as it is set."""
    return RetryPolicy(
        late_seconds=retry.late_seconds,
        give_up_seconds=retry.give_up_seconds,
        sign_seconds=retry.sign_of_life_seconds,
        first_pause_seconds=retry.retry_pause_seconds,
        longest_pause_seconds=retry.longest_retry_pause_seconds,
    )
