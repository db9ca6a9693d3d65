"""Decides how a call is taken: with an agent, by another worker, or with the sentence that all lines are busy."""

from __future__ import annotations

import asyncio
import logging
import random
import time

from livekit.agents import AgentServer, JobRequest
from livekit.protocol.models import ParticipantInfo

from worker.recovery.lifeline import Lifeline
from worker.recovery.rescue import API_ERRORS

log = logging.getLogger("vaani")
BUSY_ATTRIBUTE = "vaani.busy"
PENDING_SECONDS = 5.0
# LiveKit's server stops offering calls to workers at load 0.7 (agents.target_load), and those callers would hear
# nothing, for ever. Ours stays below, and refuses aloud.
FULL_LOAD = 0.65
# How long the other workers have to take a call that this one has no room for, before it is told so.
OTHERS_SECONDS = 0.8


class FrontDesk:
    """Counts this worker's calls, and keeps the callers beyond them from waiting in silence."""

    def __init__(self, server: AgentServer, most: int, agent_name: str, lifeline: Lifeline) -> None:
        self._server = server
        self.most = most
        self._agent_name = agent_name
        self._lifeline = lifeline
        self._pending: dict[str, float] = {}
        self._refusals: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def calls(self) -> int:
        """Calls running, and calls taken a moment ago whose process has not started yet; not those being refused."""
        running = {job.job.id for job in self._server.active_jobs}
        now = time.monotonic()
        self._pending = {
            job: at for job, at in self._pending.items() if job not in running and now - at < PENDING_SECONDS
        }
        self._refusals &= running | set(self._pending)
        return len((running | set(self._pending)) - self._refusals)

    def load(self) -> float:
        """The load told to LiveKit: calls, not CPU, because a busy CPU would make it stop offering calls."""
        return FULL_LOAD * min(self.calls() / self.most, 1.0)

    async def take(self, request: JobRequest) -> None:
        """Accept a call; without room for it leave it to another worker, and if there is none, have it told so."""
        succession = self._lifeline.seal.open_succession(request.job.metadata, request.room.name)
        if succession is not None and succession.reason == "busy":
            if len(self._refusals) >= max(4, self.most):
                await request.reject(terminate=False)
                return
            self._pending[request.id] = time.monotonic()
            self._refusals.add(request.id)
            await request.accept(identity=succession.identity, attributes={BUSY_ATTRIBUTE: "true"})
        elif succession is not None:  # a caller in mid-call is not told that all lines are busy
            self._pending[request.id] = time.monotonic()
            await request.accept(identity=succession.identity)
        elif self.calls() >= self.most:
            await request.reject(terminate=False)
            task = asyncio.create_task(self._refuse_aloud(request.room.name))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._pending[request.id] = time.monotonic()
            await request.accept()

    async def _refuse_aloud(self, room: str) -> None:
        """Unless another worker has taken the call, have somebody say that all lines are busy."""
        await asyncio.sleep(OTHERS_SECONDS + random.uniform(0, 0.3))
        rooms = self._lifeline.rooms
        try:
            if any(person.kind == ParticipantInfo.Kind.AGENT for person in await rooms.participants(room)):
                return
            if any(known.reason == "busy" for known in await rooms.successions(room)):
                return
            await rooms.send_agent(room, self._agent_name, "busy")
        except API_ERRORS as error:
            log.warning("a caller could not be told that all lines are busy", extra={"why": type(error).__name__})
