"""Carries one call across agents: saves it after every turn, restores it in the next agent, hands it over.

What is written, and who can read it: docs/decisions/0007-call-state-in-sealed-room-metadata.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, ChatMessage, JobContext, llm

from worker.language import LanguageState
from worker.recovery.exit_codes import LOST, exit_with
from worker.recovery.rooms import API_ERRORS, Rooms
from worker.recovery.snapshot import CallState, Succession, newest, without_half_characters
from worker.settings import CallSettings, FailoverSettings

log = logging.getLogger("vaani")
READY_ATTRIBUTE = "vaani.ready"
BEAT_SECONDS = 6.0
POLL_SECONDS = 0.05
SETTLED_SECONDS = 1.0  # a final transcript may still be on its way this long after the caller's last word
LAST_WRITE_SECONDS = 2.0
GOODBYE_SECONDS = 5.0  # kept of a handover's time, to say sorry and end the call when nobody comes
TAKEN_AWAY = (rtc.DisconnectReason.DUPLICATE_IDENTITY, rtc.DisconnectReason.PARTICIPANT_REMOVED)
ENDED = (rtc.DisconnectReason.CLIENT_INITIATED, rtc.DisconnectReason.ROOM_DELETED, rtc.DisconnectReason.ROOM_CLOSED)


class Handoff:
    """Saves the call for the next agent, and restores what the one before has saved."""

    def __init__(
        self, ctx: JobContext, session: AgentSession[Any], rooms: Rooms | None, settings: CallSettings,
        failover: FailoverSettings, successor_agent_name: str, succession: Succession | None = None,
        call_id: str = "",
    ) -> None:  # fmt: skip
        self._ctx = ctx
        self._session = session
        self._rooms = rooms
        self._alone_seconds = settings.alone_seconds
        self._handover_seconds = failover.handover_seconds
        self._successor_agent_name = successor_agent_name
        self._language: Callable[[], LanguageState] = lambda: LanguageState.start(settings.default_language)
        self._summary: Callable[[], str] = lambda: ""
        self._consent: Callable[[], dict[str, Any]] = dict
        self.succession = succession
        self._call_id = call_id
        self.started_at = time.time()
        self.given_up = False
        """Somebody else carries this call now, or nobody can: the room is not ours to end."""
        self._turns = 0
        self._messages: list[tuple[str, str]] = []
        self._over = False
        self._beat = 0
        self._changed = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None
        self._user_stopped_at = 0.0

    # ---- written down

    def follow(
        self, language: Callable[[], LanguageState], summary: Callable[[], str] = lambda: "",
        consent: Callable[[], dict[str, Any]] = dict,
    ) -> None:  # fmt: skip
        """Save the call from now on, after every turn and as a heartbeat.

        Args:
            language: What the turns have decided about the language.
            summary: What was said before the newest part of the conversation, in a few sentences.
            consent: What the caller has decided about the keeping of the call.
        """
        self._language, self._summary, self._consent = language, summary, consent
        self._session.on("conversation_item_added", lambda event: self._added(event.item))
        self._session.on("user_state_changed", lambda _: self._user_moved())
        self._ctx.room.on("disconnected", self._disconnected)
        if self.succession is None or self.succession.reason == "busy":
            self._start_writing()

    def _start_writing(self) -> None:
        if self._rooms is not None:
            self._changed.set()
            self._writing = asyncio.create_task(self._keep_writing(self._rooms))

    def ends(self) -> None:
        """Note that the call ends on purpose: nobody is to come after this agent."""
        self._over = True
        self._changed.set()

    def goes_on(self) -> None:
        """Note that the call does not end after all."""
        self._over = False
        self._changed.set()

    def close(self) -> None:
        """Stop saving."""
        if self._writing is not None:
            self._writing.cancel()

    async def end_room(self) -> None:
        """End the call for everybody in the room, unless somebody else carries it."""
        self.close()
        if self._rooms is None or self.given_up:
            return
        try:
            await self._rooms.delete(self._ctx.room.name)
        except API_ERRORS as error:
            log.warning("the room could not be ended", extra={"why": type(error).__name__})

    def _added(self, item: object) -> None:
        if isinstance(item, ChatMessage) and item.role in ("user", "assistant") and item.text_content:
            self._messages.append((item.role, without_half_characters(item.text_content)))
            self._turns += item.role == "user"
            self._changed.set()

    def take_back(self) -> None:
        """Forget what the caller has said last: the turn goes on, and is saved when it is over."""
        if self._messages and self._messages[-1][0] == "user":
            self._messages.pop()
            self._turns -= 1

    def _user_moved(self) -> None:
        self._user_stopped_at = time.monotonic()

    def _disconnected(self, reason: object = None) -> None:
        if reason in TAKEN_AWAY:
            self.given_up = True
        elif reason not in ENDED and not self._over and not self.given_up:
            self.given_up = True
            exit_with(LOST)  # the worker's parent looks whether the caller is still there

    async def _keep_writing(self, rooms: Rooms) -> None:
        await self._until(self._ctx.room.isconnected, self._alone_seconds)
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT_SECONDS):
                    await self._changed.wait()
            self._changed.clear()
            try:
                await self._write(rooms)
            except API_ERRORS as error:
                log.debug("the call could not be written down", extra={"why": type(error).__name__})
            except Exception:  # without a sign of life this living agent would be replaced
                log.exception("the call could not be written down")

    async def _write(self, rooms: Rooms, *, cut_short: bool = False) -> None:
        if not self._ctx.room.isconnected():
            return
        self._beat += 1
        language = self._language()
        state = CallState(
            agent=self._ctx.room.local_participant.identity, started_at=self.started_at, turns=self._turns,
            language=language.language, language_wished=language.wished, language_leaning=language.leaning,
            language_leaning_turns=language.leaning_turns, messages=newest(self._messages),
            summary=without_half_characters(self._summary()), consent=self._consent(),
            cut_short=cut_short, over=self._over, beat=self._beat, call_id=self._call_id,
        )  # fmt: skip
        await rooms.write_state(self._ctx.room.name, self._ctx.room.metadata or "", state)

    # ---- taken over

    async def take_over(self) -> CallState | None:
        """Return the call as the agent before has left it; None when there was none, or nothing had been said."""
        if self.succession is None or self._rooms is None or self.succession.reason == "busy":
            return None
        room, previous = self._ctx.room, self.succession.previous
        if self.succession.reason == "handover":
            await room.local_participant.set_attributes({READY_ATTRIBUTE: previous})
            if not await self._until(lambda: previous not in room.remote_participants, self._handover_seconds):
                await self._rooms.remove(room.name, previous)
        state = await self._rooms.state(room.name)
        if state is not None:
            self.started_at, self._turns, self._messages = state.started_at, state.turns, list(state.messages)
        self._start_writing()  # not before: what the agent before has left would be written over
        return state if state is not None and state.messages else None

    @property
    def chat_context(self) -> llm.ChatContext:
        """Return the conversation so far, for the model."""
        context = llm.ChatContext.empty()
        for role, text in self._messages:
            context.add_message(role="user" if role == "user" else "assistant", content=text)
        return context

    # ---- handed over

    async def hand_over(self) -> bool:
        """Bring another agent, wait until it is ready and nobody speaks, save all; False if the call stays here.

        The conversation goes on meanwhile. A successor that is in the room but not ready in time, as on a busy
        machine, is left the call all the same: a moment's silence is better for a caller than the call's end.
        """
        if self._rooms is None:
            return False
        room, me = self._ctx.room, self._ctx.room.local_participant.identity
        limit = self._handover_seconds
        begun_at = time.monotonic()
        try:
            await self._rooms.send_agent(room.name, self._successor_agent_name, "handover", me, self._call_id)
        except API_ERRORS as error:
            log.warning("the call could not be handed over", extra={"why": type(error).__name__})
            return False
        ready = await self._until(lambda: self._successor_is_ready(me), limit - min(GOODBYE_SECONDS, 0.55 * limit))
        if not ready and not self._other_agents():
            return False
        quiet = await self._until(self._nobody_speaks, limit * 0.8 - (time.monotonic() - begun_at))
        if self._over:
            return False  # somebody said goodbye meanwhile: there is nothing to carry on
        self.close()
        if not quiet:
            self._session.interrupt(force=True)
        with contextlib.suppress(*API_ERRORS):
            async with asyncio.timeout(LAST_WRITE_SECONDS):
                # What is said until a late successor listens is lost: it asks again.
                await self._write(self._rooms, cut_short=not quiet or not self._successor_is_ready(me))
        self.given_up = True
        return True

    def _successor_is_ready(self, me: str) -> bool:
        return any(agent.attributes.get(READY_ATTRIBUTE) == me for agent in self._other_agents())

    def _other_agents(self) -> list[rtc.RemoteParticipant]:
        people = self._ctx.room.remote_participants.values()
        return [person for person in people if person.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT]

    def _nobody_speaks(self) -> bool:
        session = self._session
        return (
            session.agent_state == "listening"
            and session.current_speech is None
            and session.user_state != "speaking"
            and time.monotonic() - self._user_stopped_at >= SETTLED_SECONDS
        )

    async def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            return False
        return True
