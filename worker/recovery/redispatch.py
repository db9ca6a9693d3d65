"""Sends a new agent to a caller whose agent is gone without having ended the call."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from livekit.agents import AgentServer

from worker import log_events
from worker.livekit_internals import EndedProcess, on_call_process_closed
from worker.recovery.exit_codes import ended_on_purpose
from worker.recovery.rooms import (
    API_ERRORS,
    MAX_REDISPATCHES,
    REDISPATCH_REASONS,
    Rooms,
    RoomView,
    colleagues_among,
    has_caller,
)
from worker.recovery.snapshot import id_of_call

log = logging.getLogger("vaani")
ARRIVAL_SECONDS = 8.0
# Two signs of life missed (worker.conversation.handoff writes one every 6 s), and a slow one allowed for. With the
# worker's own pace, chance and the new agent's arrival, the caller waits for less than 30 s.
SILENT_SECONDS = 15.0


async def _note_nothing(call_id: str) -> None: ...


class Redispatcher:
    """Redispatches the calls of one worker's dead processes."""

    def __init__(
        self, rooms: Rooms, agent_name: str, note_lost: Callable[[str], Awaitable[None]] = _note_nothing
    ) -> None:
        """Prepare to look after calls.

        Args:
            rooms: Of this project.
            agent_name: Who is sent.
            note_lost: Is told which call nobody carries on, when that is certain.
        """
        self._rooms = rooms
        self._agent_name = agent_name
        self._note_lost = note_lost
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, server: AgentServer) -> None:
        """Watch for call processes that die: the server knows only after 20 s."""
        on_call_process_closed(server, self._process_closed)

    def _process_closed(self, ended: EndedProcess) -> None:
        if ended_on_purpose(ended.exit_code):
            return
        log.error(log_events.CALL_PROCESS_DIED, extra={"job_id": ended.job_id, "exit_code": ended.exit_code})
        call_id = id_of_call(ended.room_sid, self._rooms.succession_in(ended.metadata, ended.room))
        self._start(self.redispatch(ended.room, ended.agent_identity, "crashed", call_id))

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """Wait until redispatches that have begun are finished."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=ARRIVAL_SECONDS)

    async def redispatch(self, room: str, dead: str, reason: str, call_id: str) -> None:
        """Remove the dead agent and dispatch a new one; when that cannot be, end the call for the caller."""
        try:
            if not await self._redispatch(room, dead, reason):
                await self._note_lost(call_id)
        except API_ERRORS as error:
            log.error(log_events.CALL_LOST, extra={"why": f"{type(error).__name__}: {error}"})
        except Exception as error:
            log.exception(log_events.CALL_LOST, extra={"why": f"{type(error).__name__}: {error}"})

    async def _redispatch(self, room: str, dead: str, reason: str) -> bool:
        """Return whether the call goes on."""
        people = await self._rooms.participants(room)
        colleagues = colleagues_among(people)
        if not has_caller(people):
            if colleagues:
                await self._rooms.delete(room)  # whoever was rung for that caller would wait for ever
            return False
        state = await self._rooms.state(room)
        if state is not None and state.over and colleagues:
            return True  # the two talk with each other: no agent was needed any more
        redispatches = sum(known.reason in REDISPATCH_REASONS for known in await self._rooms.successions(room))
        if (state is not None and state.over) or redispatches >= MAX_REDISPATCHES:
            why = "the call was over" if state is not None and state.over else f"{redispatches} agents were lost before"
            log.error(log_events.CALL_LOST, extra={"why": why})
            await self._rooms.delete(room)
            return False
        for identity in (dead, *colleagues):
            await self._rooms.remove(room, identity)
        call_id = state.call_id if state is not None else ""
        succession = await self._rooms.send_agent(room, self._agent_name, reason, dead, call_id)
        log.warning(log_events.CALL_RESCUED, extra={"reason": reason, "generation": succession.generation})
        if await self._rooms.arrived(room, succession.identity, ARRIVAL_SECONDS):
            return True
        if await self._rooms.state(room) != state:  # somebody else has taken over meanwhile
            return True
        log.error(log_events.CALL_LOST, extra={"why": "no worker took it"})
        await self._rooms.delete(room)
        return False


@dataclass(slots=True)
class _Seen:
    sealed: str
    since: float


class Watchdog:
    """Watches the calls of other workers: a dead machine cannot send for help.

    Every living agent changes its room's sealed state every few seconds. A state that stays the same for several of
    those belongs to an agent that is gone (docs/decisions/0008-workers-watch-one-another.md).
    """

    def __init__(self, rooms: Rooms, redispatcher: Redispatcher, every_seconds: float) -> None:
        self._rooms = rooms
        self._redispatcher = redispatcher
        self._every_seconds = every_seconds
        self._seen: dict[str, _Seen] = {}

    async def run(self) -> None:
        """Watch until cancelled; LiveKit out of reach is not a reason to stop."""
        while True:
            await asyncio.sleep(self._every_seconds)
            try:
                views = await self._rooms.view()
            except API_ERRORS as error:
                log.debug("rooms could not be listed", extra={"why": type(error).__name__})
                self._seen.clear()  # what was not seen for a while says nothing about the agents
                continue
            except Exception:  # one strange room must not end the watch over all the others
                log.exception("rooms could not be looked at")
                self._seen.clear()
                continue
            for view in self.silent(views, time.monotonic()):
                try:
                    await self._look_after(view)
                except Exception:
                    log.exception("a room could not be looked after")

    def silent(self, views: list[RoomView], now: float) -> list[RoomView]:
        """Return the rooms whose agent has missed too many heartbeats."""
        seen = {}
        for view in views:
            if view.state is None or view.state.over:
                continue
            before = self._seen.get(view.name)
            seen[view.name] = before if before and before.sealed == view.sealed else _Seen(view.sealed, now)
        self._seen = seen
        return [view for view in views if view.name in seen and now - seen[view.name].since >= SILENT_SECONDS]

    async def _look_after(self, view: RoomView) -> None:
        # Several workers see the same: chance puts one first, and the others then see its dispatch or its agent.
        await asyncio.sleep(random.uniform(0, 1.5))
        try:
            known = await self._rooms.successions(view.name)
            now = next(iter(await self._rooms.view([view.name])), None)
        except API_ERRORS:
            return
        if now is None or now.state is None or now.sealed != view.sealed:
            return
        sent = any(succession.previous == now.state.agent for succession in known)
        if sent and time.monotonic() - self._seen[view.name].since < 2 * SILENT_SECONDS:
            return  # whoever sent somebody sees to it, unless it is gone too
        self._seen.pop(view.name, None)
        await self._redispatcher.redispatch(view.name, now.state.agent, "lost", now.state.call_id)
