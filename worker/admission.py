"""Admits calls: to an agent here, to another worker, or to a sentence that says why not."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable
from typing import Any

from livekit.agents import AgentServer, AssignmentTimeoutError, JobRequest

from worker import log_events
from worker.admission_rules import AdmissionRules
from worker.livekit_internals import EndedProcess, on_call_process_closed, waits_for_assignment
from worker.recovery.exit_codes import UNUSED, ended_on_purpose
from worker.recovery.livekit_client import LiveKitClient
from worker.recovery.rooms import API_ERRORS, has_agent
from worker.ticket import Ticket, read_ticket

log = logging.getLogger("vaani")
BUSY_ATTRIBUTE = "vaani.busy"
REFUSED_ATTRIBUTE = "vaani.refused"
REFUSER_IDENTITY = "vaani-refused"
PENDING_SECONDS = 5.0
# LiveKit's server stops offering calls to workers at load 0.7 (agents.target_load), and those callers would hear
# nothing, for ever. Ours stays below, and refuses aloud.
FULL_LOAD = 0.65
# LiveKit answers within some milliseconds that an accepted call is ours. A server that has waited 3 s for this worker
# has forgotten the call, says nothing, and offers it to nobody else (livekit#4541).
ASSIGNED_SECONDS = 2.0
# How long the other workers have to take a call that this one has no room for, before it is told so.
OTHERS_SECONDS = 0.8
# To tell a caller that lines are busy takes a process, half a second of a core and four of a line. Those for whom there
# is no line call again, and again: told all at once, they would cost the callers who have one.
CALLS_PER_REFUSAL = 4
FEWEST_REFUSALS = 2
REFUSED_AFTER_SECONDS = 4.0
# How long a caller whom nobody can speak to is left in the room: somebody else may still come.
UNHEARD_SECONDS = 5.0
# A call's process needs a moment to end after it has ended the room, and only its end says how the call ended.
ENDING_SECONDS = 2.0
POLL_SECONDS = 0.05


class Admission:
    """Counts this worker's calls, and keeps the callers beyond them from waiting in silence."""

    def __init__(
        self, server: AgentServer, most: int, agent_name: str, client: LiveKitClient, rules: AdmissionRules,
        is_late: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self._server = server
        self.most = most
        self._agent_name = agent_name
        self._client = client
        self._rules = rules
        self._is_late = is_late
        self._pending: dict[str, float] = {}
        self._refusals: set[str] = set()
        self._one_by_one = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, server: AgentServer) -> None:
        """Notice how calls end."""
        on_call_process_closed(server, self._process_closed)

    def _process_closed(self, ended: EndedProcess) -> None:
        code = ended.exit_code
        self._rules.over(ended.job_id, ended=ended_on_purpose(code), used=code != UNUSED)

    def calls(self) -> int:
        """Count the calls running, and those taken a moment ago that have no process yet; not those being refused."""
        running = {job.job.id for job in self._server.active_jobs}
        now = time.monotonic()
        self._pending = {
            job: at for job, at in self._pending.items() if job not in running and now - at < PENDING_SECONDS
        }
        self._refusals &= running | set(self._pending)
        self._rules.keep(running | set(self._pending))
        return len((running | set(self._pending)) - self._refusals)

    def load(self) -> float:
        """Return the load told to LiveKit: calls, not CPU, because a busy CPU would make it stop offering calls."""
        calls = self.calls()
        return FULL_LOAD if self._has_no_room_beside(calls) else FULL_LOAD * calls / self.most

    def _has_no_room_beside(self, calls: int) -> bool:
        """Whether a call more is one too many. A worker that is late without any call has room for one: silence is
        worse than a late answer, and its calls are not what makes it late."""
        return calls >= self.most or (calls > 0 and self._is_late())

    async def take(self, request: JobRequest) -> None:
        """Accept a call; without room for it leave it to another worker, and if there is none, have it told so."""
        room = request.room.name
        succession = self._client.seal.open_succession(request.job.metadata, room)
        if succession is not None and succession.reason == "busy":
            await self._refuse(request, "busy", succession.identity, {BUSY_ATTRIBUTE: "true"})
        elif succession is not None:  # a caller in mid-call is not told that all lines are busy
            self._take(request, succession.ticket)
            await self._accept(request, identity=succession.identity)
        else:
            await self._take_first(request)

    async def _take_first(self, request: JobRequest) -> None:
        """Accept the beginning of a call, if its ticket is good and there is room."""
        room, ticket = request.room.name, read_ticket(request.job.metadata)
        if ticket is not None:
            await self._until_ended(room)
        calls = self.calls()
        reason = self._rules.refusal(room, ticket)
        if reason is not None:
            await self._refuse(request, reason, REFUSER_IDENTITY, {REFUSED_ATTRIBUTE: reason})
        elif self._has_no_room_beside(calls):
            await request.reject(terminate=False)
            self._start(self._refuse_aloud(room))
        else:
            self._take(request, ticket)
            await self._accept(request)

    def _take(self, request: JobRequest, ticket: Ticket | None) -> None:
        self._pending[request.id] = time.monotonic()
        self._rules.began(request.id, request.room.name, ticket)

    async def _accept(self, request: JobRequest, **answer: Any) -> None:
        """Accept a call, and have it offered again if LiveKit had no patience left for our answer."""
        self._start(self._offer_again_unless_assigned(request))
        with contextlib.suppress(AssignmentTimeoutError):  # seen to long before
            await request.accept(**answer)

    async def _offer_again_unless_assigned(self, request: JobRequest) -> None:
        await asyncio.sleep(ASSIGNED_SECONDS)
        if not waits_for_assignment(self._server, request.id):
            return
        self._pending.pop(request.id, None)
        self._refusals.discard(request.id)
        self._rules.over(request.id, ended=False, used=False)
        log.warning("LiveKit did not wait for this worker: the call is offered again", extra={"job_id": request.id})
        rooms, room = self._client.rooms, request.room.name
        try:
            if has_agent(await rooms.participants(room)):
                return
            await rooms.dispatch(room, self._agent_name, request.job.metadata)
        except API_ERRORS as error:
            log.warning("a forgotten call could not be offered again", extra={"why": type(error).__name__})

    async def _until_ended(self, room: str) -> None:
        """Wait for the end of an earlier call in this room: it is about to be over, or the room would not be new."""
        until = time.monotonic() + ENDING_SECONDS
        while self._rules.carries(room) and time.monotonic() < until:
            await asyncio.sleep(POLL_SECONDS)

    async def _refuse(self, request: JobRequest, reason: str, identity: str, attributes: dict[str, str]) -> None:
        """Have somebody tell the caller why; with too many of those at once, end the call instead."""
        spoken = len(self._refusals) < max(4, self.most)
        if reason != "busy":  # that is said by whoever says it to the caller
            log.warning(log_events.CALL_REFUSED, extra={"reason": reason, "spoken": spoken, "job_id": request.job.id})
        if spoken:
            self._pending[request.id] = time.monotonic()
            self._refusals.add(request.id)
            await self._accept(request, identity=identity, attributes=attributes)
            return
        await request.reject(terminate=reason != "busy")  # another worker may have a voice left, but no other answer
        self._start(self._end_unheard(request.room.name))

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _end_unheard(self, room: str) -> None:
        """End a call that nobody speaks in: silence would be the only answer."""
        await asyncio.sleep(UNHEARD_SECONDS)
        rooms = self._client.rooms
        try:
            if has_agent(await rooms.participants(room)):
                return
            await rooms.delete(room)
        except API_ERRORS as error:
            log.warning("a refused call could not be ended", extra={"why": type(error).__name__})

    async def _until_few_are_refused(self, until: float) -> None:
        """Wait until some of those who are being told so have heard it; not for long: whoever waits hears nothing."""
        most = max(FEWEST_REFUSALS, self.most // CALLS_PER_REFUSAL)
        while time.monotonic() < until:
            self.calls()  # forgets those who have heard it
            if len(self._refusals) < most:
                return
            await asyncio.sleep(POLL_SECONDS)

    async def _refuse_aloud(self, room: str) -> None:
        """Have somebody say that all lines are busy, unless another worker has taken the call."""
        await asyncio.sleep(OTHERS_SECONDS + random.uniform(0, 0.3))
        until = time.monotonic() + REFUSED_AFTER_SECONDS
        async with self._one_by_one:
            await self._until_few_are_refused(until)
            await self._send_refusal(room)

    async def _send_refusal(self, room: str) -> None:
        rooms = self._client.rooms
        try:
            if has_agent(await rooms.participants(room)):
                return
            if any(known.reason == "busy" for known in await rooms.successions(room)):
                return
            await rooms.send_agent(room, self._agent_name, "busy")
        except API_ERRORS as error:
            log.warning("a caller could not be told that all lines are busy", extra={"why": type(error).__name__})
