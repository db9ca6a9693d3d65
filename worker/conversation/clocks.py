"""Ends what would never end: a silent caller, a line without a microphone, a call without end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, UserStateChangedEvent

from worker import log_events
from worker.conversation.ending import Ending
from worker.conversation.one_microphone import is_microphone
from worker.conversation.reports import CallReports
from worker.conversation.speaker import NobodyListensError, Speaker
from worker.hearing.farewells import only_thanks
from worker.hearing.silence import CallersTime
from worker.hearing.stt_supervisor import SttSupervisor
from worker.recovery.rooms import CALLER_KINDS
from worker.settings import CallSettings

AT_ONCE_SECONDS = 0.05


class Clocks:
    """Runs the clocks of one call; what one of them finds is said before it ends the call."""

    def __init__(
        self, settings: CallSettings, session: AgentSession[Any], room: rtc.Room, hearing: SttSupervisor,
        speaker: Speaker, ending: Ending, reports: CallReports,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._session = session
        self._room = room
        self._hearing = hearing
        self._speaker = speaker
        self._ending = ending
        self._reports = reports
        self._callers_time = CallersTime(settings.silence_seconds, settings.longest_wait_seconds)
        self.suspended = False
        """Nobody can be silent now: the caller's phone rings, or a colleague's while the caller waits."""
        self._asking: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()
        session.on("user_state_changed", self._user_state_changed)
        session.on("close", lambda _: self._stop())

    def limit_call(self, started_at: float) -> None:
        """Warn before the longest call is over, then end it.

        Args:
            started_at: When the call began, in seconds since the epoch; maybe with another agent.
        """
        self._run(self._end_in_time(started_at))

    def expect_microphone(self) -> None:
        """End the call in which one side cannot hear the other, after a while."""
        self._run(self._expect_microphone())

    def turn_is_over(self, text: str) -> None:
        """Take in what the caller has said: it may announce how long they will be silent."""
        if not only_thanks(text):  # "thanks", to an agent that says it will wait, is no coming back
            self._callers_time.heard(text)

    def _user_state_changed(self, event: UserStateChangedEvent) -> None:
        if self._asking is not None and event.new_state != "away":
            self._asking.cancel()
        if event.new_state == "away" and not (self.suspended or self._ending.begun or self._hearing.waiting):
            self._asking = self._run(self._ask_whether_there())

    async def _ask_whether_there(self) -> None:
        await asyncio.sleep(self._callers_time.left_seconds(self._last_said()))
        self._reports.event(log_events.CALLER_SILENT)
        await self._speaker.say("still_there")
        await asyncio.sleep(self._settings.silence_seconds)
        if self._session.user_state == "away":
            self._ending.end("caller_silent", "goodbye_silent")

    def _last_said(self) -> str:
        """Return what the agent said last."""
        said = [item for item in self._session.history.messages() if item.role == "assistant"]
        return said[-1].text_content or "" if said else ""

    async def _expect_microphone(self) -> None:
        half_seconds = self._settings.microphone_seconds / 2  # browsers ask their people first, so not at once
        await asyncio.sleep(half_seconds)
        if self._ending.begun or (self._can_be_heard() and await self._is_listened_to()):
            return
        self._reports.event(log_events.CALLER_SILENT)
        self._speaker.say("still_there")  # not waited for: to a caller who does not listen it is never said to its end
        await asyncio.sleep(half_seconds)
        if not (self._can_be_heard() and await self._is_listened_to()):
            self._ending.end("caller_silent", "goodbye_silent")

    def _can_be_heard(self) -> bool:
        """Return whether the caller has an open microphone, or has said or typed something already."""
        if any(item.type == "message" and item.role == "user" for item in self._session.history.items):
            return True
        return any(
            is_microphone(track) and not track.muted
            for person in self._room.remote_participants.values()
            if person.kind in CALLER_KINDS
            for track in person.track_publications.values()
        )

    async def _is_listened_to(self) -> bool:
        """Return whether the caller has taken the agent's sound; else the framework never counts them as away."""
        publications = self._room.local_participant.track_publications.values()
        waits = [asyncio.ensure_future(each.wait_for_subscription()) for each in publications]
        if not waits:
            return False
        taken, open_ = await asyncio.wait(waits, timeout=AT_ONCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for each in open_:
            each.cancel()
        return bool(taken)

    async def _end_in_time(self, started_at: float) -> None:
        warning = min(self._settings.call_warning_seconds, self._settings.max_call_seconds / 2)
        since = time.time() - started_at
        await asyncio.sleep(max(0.0, self._settings.max_call_seconds - warning - since))
        self._reports.event(log_events.TIME_LIMIT, seconds_left=warning)
        self._speaker.say("time_warning")
        await asyncio.sleep(warning)
        self._ending.end("time_limit", "time_up")

    def _run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._is_over)
        return task

    def _is_over(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if task.cancelled() or self._ending.begun:
            return
        error = task.exception()
        # A clock that strikes while the caller leaves has nobody to speak to: the call ends as it would have.
        if isinstance(error, Exception) and not isinstance(error, NobodyListensError):
            self._ending.crash(error)

    def _stop(self) -> None:
        for task in self._running:
            task.cancel()
