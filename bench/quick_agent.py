"""An agent that costs next to nothing: joins what it is sent into, and says who has picked up, as it is told to.

A hundred calls of the real worker are an hour's work for a machine that also runs everything else; what is measured
with this one is who is called, how often, and what is left of it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

import aiohttp
from livekit import api, rtc
from livekit.protocol import agent, models

from sandbox.stack.telephony import TelephoneNetwork
from worker.phone.errand import ANSWERED_BY
from worker.phone.line import ACTIVE, STATUS, is_phone

TOLD_SECONDS = 1.0  # as the worker gives whoever dials to read it, before it hangs up on a machine
FFI_SECONDS = 5.0  # a room that is deleted meanwhile leaves some of the SDK's requests without an answer
MACHINES = ("voicemail", "announcement")


class QuickAgent:
    """Takes the calls of one agent name, from entering to leaving."""

    def __init__(self, network: TelephoneNetwork, agent_name: str, hears: Callable[[str], str | None]) -> None:
        """Take them.

        Args:
            hears: Room -> what is at the phone there: human, voicemail, announcement; empty for who hangs up before
                it is known; None for a call that is not taken.
        """
        self._network = network
        self._agent_name = agent_name
        self._hears = hears
        self._tasks: set[asyncio.Task[None]] = set()
        self._leaving = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        network = self._network
        self._api = await self._leaving.enter_async_context(network.api())
        http = await self._leaving.enter_async_context(aiohttp.ClientSession())
        token = api.AccessToken(network.api_key, network.api_secret).with_grants(api.VideoGrants(agent=True)).to_jwt()
        self._socket = await http.ws_connect(
            f"{network.livekit_http_url}/agent", headers={"Authorization": f"Bearer {token}"}
        )
        await self._socket.send_bytes(self._registration().SerializeToString())
        await self._socket.receive_bytes()
        self._start(self._listen())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._socket.close()
        await self._leaving.aclose()

    def _registration(self) -> agent.WorkerMessage:
        message = agent.WorkerMessage()
        message.register.type = agent.JT_ROOM
        message.register.agent_name = self._agent_name
        message.register.version = "1"
        message.register.allowed_permissions.CopyFrom(
            models.ParticipantPermission(can_publish=True, can_subscribe=True, can_update_metadata=True, agent=True)
        )
        return message

    async def _listen(self) -> None:
        async for received in self._socket:
            message = agent.ServerMessage.FromString(received.data)
            if message.HasField("availability"):
                await self._reply(message.availability.job)
            elif message.HasField("assignment"):
                self._start(self._take(message.assignment))

    async def _reply(self, job: agent.Job) -> None:
        reply = agent.WorkerMessage()
        reply.availability.job_id = job.id
        reply.availability.available = self._hears(job.room.name) is not None
        reply.availability.participant_identity = f"agent-{job.id}"
        await self._socket.send_bytes(reply.SerializeToString())

    async def _take(self, assignment: agent.JobAssignment) -> None:
        room, answered, over = rtc.Room(), asyncio.Event(), asyncio.Event()

        def changed(_: object, person: rtc.Participant) -> None:
            if is_phone(person) and person.attributes.get(STATUS) == ACTIVE:
                answered.set()

        room.on("disconnected", lambda _: over.set())
        room.on("participant_disconnected", lambda person: over.set() if is_phone(person) else None)
        room.on("participant_attributes_changed", changed)
        room.on("participant_connected", lambda person: changed(None, person))  # who picks up at once comes so
        try:
            # Not to be given up: the SDK ends the process when a room opens that nobody waits for any more.
            await room.connect(self._network.livekit_http_url, assignment.token, rtc.RoomOptions(auto_subscribe=False))
            for person in room.remote_participants.values():
                changed(None, person)
            ending = asyncio.create_task(over.wait())
            await asyncio.wait({ending, asyncio.create_task(answered.wait())}, return_when=asyncio.FIRST_COMPLETED)
            if not over.is_set():
                await self._say(room, self._hears(room.name) or "", ending)
            await ending
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FFI_SECONDS):
                    await room.disconnect()

    async def _say(self, room: rtc.Room, answered_by: str, ending: asyncio.Task[Any]) -> None:
        if answered_by:
            async with asyncio.timeout(FFI_SECONDS):
                await room.local_participant.set_attributes({ANSWERED_BY: answered_by})
        if answered_by in MACHINES:
            await asyncio.wait({ending}, timeout=TOLD_SECONDS)
            with contextlib.suppress(api.TwirpError):  # whoever dialled may have ended it
                await self._api.room.delete_room(api.DeleteRoomRequest(room=room.name))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
