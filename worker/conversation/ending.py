"""Ends one call, once, and well: for the caller, the room and the job."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from enum import Enum
from typing import Any

from livekit.agents import AgentSession, AgentStateChangedEvent, CloseEvent, JobContext, UserStateChangedEvent
from livekit.agents.voice import SpeechHandle

from worker import log_events
from worker.conversation.handoff import Handoff
from worker.conversation.outages import Outages
from worker.conversation.reports import CallReports
from worker.conversation.speaker import Speaker
from worker.recovery.exit_codes import FAILED, UNUSED, exit_with

log = logging.getLogger("vaani")
QUIET_LIMIT_SECONDS = 12.0
GOODBYE_LIMIT_SECONDS = 60.0  # longer than a reply may be
LOOK_INTERVAL_SECONDS = 0.5
LAST_WORDS_SECONDS = 8.0  # a noisy line may sound like a caller for ever
WORDS_AFTER_SECONDS = 1.2  # the recogniser's, behind the voice
SAID_GOODBYE = "caller_said_goodbye"
NOBODY_CAME = "nobody_came"
NOT_ANSWERED = "not_answered"
TRANSFERRED = "transferred"
LEAVING_SECONDS = 5.0  # within which a caller's line leaves that was sent on


class State(Enum):
    """How far one call's end is."""

    OPEN = "the call goes on"
    ENDING = "the goodbye is being said"
    HANDED_OVER = "another agent carries the call on"
    OVER = "the session is closed"


class Ending:
    """Ends one call.

    ===========  ==========================================  ===========  ============================================
    in           what happens                                goes to      and
    ===========  ==========================================  ===========  ============================================
    OPEN         somebody ends it: a tool, a limit, a fault  ENDING       says goodbye, waits for quiet, then closes
    OPEN         another agent stands ready                  HANDED_OVER  leaves at once
    OPEN         a phone caller was sent on                  OPEN         their line leaves, or is ended in a moment
    OPEN         caller and colleague were connected         OVER         ends the room when one of the two leaves
    OPEN         the caller leaves, the room ends            OVER
    ENDING       the goodbye was heard, or took too long     OVER         ends the room
    ENDING       the caller, who ended it, wants more        OPEN         what they say is answered
    HANDED_OVER  the session closes                          OVER         the room is the other agent's
    ===========  ==========================================  ===========  ============================================
    """

    def __init__(
        self, ctx: JobContext, session: AgentSession[Any], speaker: Speaker, handoff: Handoff,
        outages: Outages, reports: CallReports,
    ) -> None:  # fmt: skip
        self.state = State.OPEN
        self.failed = False
        self._ctx = ctx
        self._session = session
        self._speaker = speaker
        self._handoff = handoff
        self._outages = outages
        self._reports = reports
        self._reason: str | None = None
        self._handing_over = False
        self._sent_on = False
        self.afterwards: Callable[[], Coroutine[Any, Any, bool]] | None = None
        """What goes on in the room when the session has closed; it tells whether the room is to be ended then."""
        self._resting: asyncio.Task[None] | None = None
        self._taking_leave: asyncio.Task[None] | None = None
        self._sounded = False
        self._caller_spoke_at: float | None = None
        self._work: set[asyncio.Task[None]] = set()
        session.on("close", self._closed)
        session.on("user_state_changed", self._caller_moved)
        session.on("agent_state_changed", self._agent_moved)

    @property
    def begun(self) -> bool:
        """Return whether the call is ending, or over."""
        return self.state is not State.OPEN

    def end(self, reason: str, phrase: str | None = None, *, goodbye_is_heard: bool = False) -> None:
        """Say `phrase`, let it be heard, then end the call for the caller, the room and the job.

        Args:
            reason: Why, for the report.
            phrase: None where the model says goodbye itself.
            goodbye_is_heard: It has said so before; else one that no voice has spoken is made up for.
        """
        if self.state is State.OPEN:
            self._reason, self.state = reason, State.ENDING
            self._sounded = goodbye_is_heard or self._session.agent_state == "speaking"
            self._caller_spoke_at = None
            self._taking_leave = self._keep(self._end(reason, phrase))

    def take_back(self) -> bool:
        """Go on with a call whose goodbye the caller has spoken into; False where the end was not theirs to begin."""
        if self.state is not State.ENDING or self._reason != SAID_GOODBYE or self._taking_leave is None:
            return False
        self._taking_leave.cancel()
        self._reason, self.state = None, State.OPEN
        self._handoff.goes_on()
        return True

    def sent_on(self) -> None:
        """Note that the caller was sent on to somebody else: they leave by themselves, or are let go in a moment."""
        if not self._sent_on:
            self._sent_on = True
            self._handoff.ends()
            self._keep(self._let_go())

    def connected(self) -> None:
        """Note that the caller talks with a colleague now: this agent says and hears nothing more."""
        self._sent_on = True
        self._handoff.ends()
        self._session.shutdown(drain=False)

    async def _let_go(self) -> None:
        await asyncio.sleep(LEAVING_SECONDS)
        self.end(TRANSFERRED)

    def give_up(self, provider: str, phrase: str | None = None) -> None:
        """End the call as failed, with `phrase` unless it was said already: a provider has not recovered."""
        if self.begun:
            return
        if phrase is not None:
            self._speaker.apologise(provider, phrase)
        self._outages.note(provider)
        self.failed = True
        self.end(f"{provider}_failed", phrase)

    def crash(self, error: Exception) -> None:
        """Apologise and end the call, as failed: something of ours broke."""
        log.error(log_events.CALL_FAILED, exc_info=error)
        self.give_up("call", "give_up")

    def hand_over(self) -> None:
        """Hand the call over to another agent, or apologise and end it: this worker stops.

        Two who talk with each other need no agent, and are left to it.
        """
        if self._resting is not None and not self._resting.done():
            self._resting.cancel()
            self._leave(ends_room=False)
        elif not self.begun and not self._handing_over:
            self._handing_over = True
            self._keep(self._hand_over())

    async def _end(self, reason: str, phrase: str | None) -> None:
        self._handoff.ends()
        said_to_its_end = False
        with contextlib.suppress(RuntimeError):  # the session is closing already
            said_to_its_end = await self._until_quiet(self._say_goodbye(phrase))
            if reason == SAID_GOODBYE:
                if phrase is None and not self._sounded:  # the model's own goodbye, which no voice has spoken
                    said_to_its_end = await self._until_quiet(self._say_goodbye("goodbye"))
                await self._until_caller_is_heard()
        self._taking_leave = None
        self._reports.event(log_events.CALL_ENDED, reason=reason, failed=self.failed)
        await self._reports.aclose()
        self._session.shutdown(drain=said_to_its_end)  # draining would wait for what hangs

    def _say_goodbye(self, phrase: str | None) -> SpeechHandle | None:
        return None if phrase is None else self._speaker.say(phrase, allow_interruptions=False)

    async def _until_quiet(self, goodbye: SpeechHandle | None) -> bool:
        """Wait until nothing is being said any more; False when something hangs that nobody hears."""
        loop = asyncio.get_running_loop()
        begun_at = heard_at = loop.time()
        while (speech := self._left_to_say(goodbye)) is not None:
            if self._session.agent_state == "speaking":
                heard_at = loop.time()
            if loop.time() - heard_at > QUIET_LIMIT_SECONDS or loop.time() - begun_at > GOODBYE_LIMIT_SECONDS:
                return False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_INTERVAL_SECONDS):
                    await speech.wait_for_playout()
        return True

    async def _until_caller_is_heard(self) -> None:
        """Wait for the words of a caller who has spoken into the goodbye: they may want something more."""
        loop = asyncio.get_running_loop()
        until = loop.time() + LAST_WORDS_SECONDS
        while self._caller_spoke_at is not None and loop.time() < until:
            speaks = self._session.user_state == "speaking"
            if not speaks and loop.time() - self._caller_spoke_at > WORDS_AFTER_SECONDS:
                return
            await asyncio.sleep(LOOK_INTERVAL_SECONDS)

    def _caller_moved(self, event: UserStateChangedEvent) -> None:
        if "speaking" in (event.new_state, event.old_state):
            self._caller_spoke_at = asyncio.get_running_loop().time()

    def _agent_moved(self, event: AgentStateChangedEvent) -> None:
        self._sounded = self._sounded or event.new_state == "speaking"

    def _left_to_say(self, goodbye: SpeechHandle | None) -> SpeechHandle | None:
        """Return what is still to be said: the goodbye, which may wait its turn, else what is being said now."""
        speeches = (goodbye, self._session.current_speech)
        return next((speech for speech in speeches if speech is not None and not speech.done()), None)

    async def _hand_over(self) -> None:
        self._reports.event(log_events.CALL_HANDOVER, outcome="begun")
        if not await self._handoff.hand_over():
            if not self.begun:
                self._reports.event(log_events.CALL_HANDOVER, outcome="nobody_came")
                self.end("worker_stopped", "give_up")
            return
        self.state = State.HANDED_OVER
        self._reports.event(log_events.CALL_HANDOVER, outcome="done")
        self._reports.record.left()
        await self._ctx.room.disconnect()  # at once: the other agent begins when this one has left
        self._session.shutdown(drain=False)

    def _closed(self, event: CloseEvent) -> None:
        reason = self._reason or (TRANSFERRED if self._sent_on else event.reason.value)
        if not self.begun:
            self._reports.event(log_events.CALL_ENDED, reason=reason, failed=self.failed)
        self._reason, self.state = reason, State.OVER
        if self.afterwards is None:
            self._leave()
        else:
            self._resting = self._keep(self._rest(self.afterwards()))

    async def _rest(self, afterwards: Coroutine[Any, Any, bool]) -> None:
        self._leave(ends_room=await afterwards)

    def _leave(self, *, ends_room: bool = True) -> None:
        """End the job, and the room with it unless others are to stay."""
        self._reports.usage.left()
        if self._handoff.given_up:
            self._reports.record.left()
        else:
            self._reports.record.ended(self._reason or "", failed=self.failed)
        if self.failed:
            exit_with(FAILED)
        elif self._reason == NOBODY_CAME:
            exit_with(UNUSED)
        if ends_room:
            ending_room = asyncio.create_task(self._handoff.end_room())

            async def room_ended() -> None:
                await ending_room

            self._ctx.add_shutdown_callback(room_ended)
        # A closed session does not end the job by itself: the agent would stay in the room, silent.
        self._ctx.shutdown(reason=f"session closed: {self._reason}")

    def _keep(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return task
