"""Opens one call: meets the caller and greets, refuses, or goes on where another agent was cut off."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, AgentStateChangedEvent, JobContext

from worker import log_events
from worker.admission_rules import DAY_IS_SPENT, EXPIRED, TOO_MANY_CALLS, USED
from worker.bill import PHONE_LINE
from worker.conversation.caller import chosen_language, opening_language, wanted_voice
from worker.conversation.clocks import Clocks
from worker.conversation.consent_talk import ConsentTalk
from worker.conversation.ending import NOBODY_CAME, NOT_ANSWERED, Ending
from worker.conversation.handoff import Handoff
from worker.conversation.phone_call import PhoneCall
from worker.conversation.reports import CallReports
from worker.conversation.speaker import Speaker
from worker.conversation.spending import Spending
from worker.phone.line import is_phone
from worker.phone.menu import Other
from worker.recovery.rooms import CALLER_KINDS
from worker.reply.history import History
from worker.reply.language import ReplyLanguage
from worker.reply.pacing import estimate_rate_less_often
from worker.settings import CallSettings
from worker.ticket import Ticket

ALREADY_THERE_SECONDS = 0.05
SAY_WHY = "Now say in one short sentence what you call about, and ask whether it suits them."
# What a caller is told whose call is none (worker.admission_rules says why, admission adds "busy").
REFUSAL_PHRASES = {
    "busy": "busy",
    USED: "used",
    EXPIRED: "used",
    TOO_MANY_CALLS: "limit",
    DAY_IS_SPENT: "limit",
}


class Opening:
    """Begins one call."""

    def __init__(
        self, ctx: JobContext, session: AgentSession[Any], settings: CallSettings, ticket: Ticket | None,
        handoff: Handoff, languages: ReplyLanguage, history: History, speaker: Speaker, clocks: Clocks,
        ending: Ending, reports: CallReports, phone: PhoneCall, consent: ConsentTalk, spending: Spending,
    ) -> None:  # fmt: skip
        self.refused: str | None = None
        """Why this is no call: said instead of a greeting."""
        self._ctx = ctx
        self._session = session
        self._settings = settings
        self._ticket = ticket
        self._handoff = handoff
        self._languages = languages
        self._history = history
        self._speaker = speaker
        self._clocks = clocks
        self._ending = ending
        self._reports = reports
        self._phone = phone
        self._consent = consent
        self._spending = spending
        self._language_is_known = True
        self._met_at = time.monotonic()

    async def greet(self) -> None:
        """Meet the caller; whatever goes wrong in it is said, not left as silence."""
        estimate_rate_less_often(self._session.output.audio)
        self._consent.prepare()
        try:
            await self._meet()
        except Exception as error:
            self._ending.crash(error)

    async def _meet(self) -> None:
        """Wait for the caller, then say hello in their language, or go on where another agent was cut off."""
        at_keyboard = self._ctx.is_fake_job()  # in console mode
        if not at_keyboard and not await self._caller_is_there():
            return
        if self.refused is not None:
            self._refuse(self.refused)
            return
        resumed = await self._resume()
        await self._spending.begin(self._handoff.started_at)
        if resumed or self._ending.begun:
            return
        self._session.on("agent_state_changed", self._greeted)
        speaks_already = not await self._first_words()
        self._clocks.limit_call(self._handoff.started_at)
        if not at_keyboard:
            self._clocks.expect_microphone()
        if self._ending.begun:
            return
        if await self._consent.dialogue.open() and not speaks_already and not self._ending.begun:
            self._begin_conversation()

    def _begin_conversation(self) -> None:
        """Greet who calls; tell who was called, and knows already by whom, what about."""
        if self._phone.errand is None:
            self._speaker.say("greeting", allow_interruptions=self._settings.greeting_interruptible)
        else:
            self._session.generate_reply(instructions=SAY_WHY)

    async def _caller_is_there(self) -> bool:
        waited_from = time.monotonic()
        caller = await self._caller()
        if caller is None:
            self._ending.end(NOBODY_CAME)
            return False
        self._reports.record.met(caller)
        self._consent.met(caller)
        by_number, errand = self._phone.by_called_number, self._phone.errand
        chosen = (errand.language if errand is not None else "") or chosen_language(caller.attributes, by_number)
        looked_up = None if chosen else self._phone.look_up_language(caller, self._reports.record.caller)
        if not await self._is_answered(caller):
            if looked_up is not None:
                looked_up.cancel()
            self._ending.end(NOT_ANSWERED)
            return False
        if is_phone(caller):
            self._reports.usage.joined(PHONE_LINE)
        self._spending.met(caller)
        if time.monotonic() - waited_from > ALREADY_THERE_SECONDS:
            self._met_at = time.monotonic()  # the agent was there first
        earlier = await looked_up if looked_up is not None else None
        self._language_is_known = bool(chosen or earlier)
        default = self._settings.default_language
        self._languages.open_in(chosen or opening_language(caller.attributes, default, by_number, earlier))
        if voice := wanted_voice(caller.attributes):
            self._speaker.voice.choose(self._languages.settled, voice)
        return True

    async def _caller(self) -> rtc.RemoteParticipant | None:
        try:
            async with asyncio.timeout(self._alone_seconds()):
                return await self._ctx.wait_for_participant(kind=list(CALLER_KINDS))
        except (TimeoutError, RuntimeError):
            return None

    async def _is_answered(self, caller: rtc.RemoteParticipant) -> bool:
        self._clocks.suspended = True
        try:
            return await self._phone.answered(caller)
        finally:
            self._clocks.suspended = False

    async def _first_words(self) -> bool:
        """Say what comes before everything else; False when nothing is to be begun after it.

        To who is called, who calls and that it is an assistant, over nobody's words; to a phone caller, the menu.
        """
        errand = self._phone.errand
        if errand is None:
            return await self._choose_language()
        if not await self._phone.is_answered_by_a_person() or self._ending.begun:
            return False
        interruptible = self._settings.greeting_interruptible
        self._speaker.say("outbound", allow_interruptions=interruptible, company=errand.company)
        return True

    async def _choose_language(self) -> bool:
        """Let a phone caller choose a language; False for one who has begun to speak instead, and is answered."""
        choice = await self._phone.ask_for_language(known=self._language_is_known)
        if isinstance(choice, str):
            self._languages.wish(choice)
        return choice is not Other.SPEAKS and not self._ending.begun

    def _alone_seconds(self) -> float:
        """Return how long to wait: a caller whose own joining has made the room is there in a moment, or never."""
        if self._ticket is None or self._ticket.ahead:
            return self._settings.alone_seconds
        return min(self._settings.joining_seconds, self._settings.alone_seconds)

    def _refuse(self, reason: str) -> None:
        if reason == "busy":
            self._reports.event(log_events.CALL_REFUSED_BUSY, language=self._languages.settled)
        self._speaker.notice(reason, REFUSAL_PHRASES[reason])
        self._ending.end(reason, REFUSAL_PHRASES[reason])

    async def _resume(self) -> bool:
        """Resume a call that another agent has begun; False when this is a call's beginning."""
        succession = self._handoff.succession
        if succession is None:
            return False
        state = await self._handoff.take_over()
        self._session.input.set_audio_enabled(True)  # an agent that waits for a handover does not listen yet
        if state is None:
            return False
        self._languages.restore(state.language_state, turns=sum(role == "user" for role, _ in state.messages))
        self._history.summary = state.summary
        self._consent.restore(state.consent)
        self._reports.resume(state.turns)
        role, text = state.messages[-1]
        self._reports.record.resume(state.turns, text if role == "user" else None)
        await self._session.current_agent.update_chat_ctx(self._handoff.chat_context)
        self._reports.event(
            log_events.CALL_RESUMED, reason=succession.reason, language=self._languages.settled, turns=state.turns
        )
        if succession.reason != "handover" or state.cut_short:
            self._speaker.say("resumed")
        if role == "user":
            self._session.generate_reply()
        self._clocks.limit_call(self._handoff.started_at)
        self._clocks.expect_microphone()
        return True

    def _greeted(self, event: AgentStateChangedEvent) -> None:
        """Report, once, how long after meeting the caller the greeting is heard."""
        if event.new_state == "speaking":
            self._session.off("agent_state_changed", self._greeted)
            seconds = round(time.monotonic() - self._met_at, 3)
            self._reports.event(log_events.CALL_GREETED, language=self._languages.settled, greeting_seconds=seconds)
