"""Asks LiveKit's API about rooms: who is there, what the sealed state says, and to send an agent there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import aiohttp
from livekit import api, rtc
from livekit.protocol.models import ParticipantInfo

from worker.recovery.snapshot import CallState, Seal, Succession, from_metadata, into_metadata
from worker.ticket import Ticket, read_ticket

API_SECONDS = 4.0
POLL_SECONDS = 0.2
MAX_REDISPATCHES = 2
REDISPATCH_REASONS = ("crashed", "lost")
API_ERRORS = (api.TwirpError, aiohttp.ClientError, TimeoutError, OSError)
"""What a request to LiveKit's API raises when it fails."""
CALLER_KINDS = (rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD, rtc.ParticipantKind.PARTICIPANT_KIND_SIP)
"""Who in a room is a caller, not an agent or a recorder: on a page, in an app, on a phone."""
COLLEAGUE_ATTRIBUTE = "vaani.colleague"
"""What somebody on a phone has who was rung for a caller, and is none: worker.phone.colleague sets it."""


@dataclass(frozen=True, slots=True)
class RoomView:
    """Describes a room of the server, with its state if it is one of ours."""

    name: str
    sealed: str
    state: CallState | None


async def people_in(livekit: api.LiveKitAPI, room: str) -> list[ParticipantInfo]:
    """Ask who is in a room; nobody is in one that is gone."""
    try:
        reply = await livekit.room.list_participants(api.ListParticipantsRequest(room=room))
    except api.TwirpError as error:
        if error.code == api.TwirpErrorCode.NOT_FOUND:
            return []
        raise
    return list(reply.participants)


def has_agent(people: Iterable[ParticipantInfo]) -> bool:
    """Whether an agent is among them."""
    return any(person.kind == ParticipantInfo.Kind.AGENT for person in people)


def has_caller(people: Iterable[ParticipantInfo]) -> bool:
    """Whether a caller is among them."""
    return any(int(person.kind) in CALLER_KINDS and not person.attributes.get(COLLEAGUE_ATTRIBUTE) for person in people)


def colleagues_among(people: Iterable[ParticipantInfo]) -> list[str]:
    """Return the identities of those who were rung for a caller."""
    return [
        person.identity
        for person in people
        if person.kind == ParticipantInfo.Kind.SIP and person.attributes.get(COLLEAGUE_ATTRIBUTE)
    ]


class Rooms:
    """Reads and changes the rooms of one LiveKit project. Every request is bounded."""

    def __init__(self, livekit: api.LiveKitAPI, seal: Seal) -> None:
        self._livekit = livekit
        self._seal = seal

    async def view(self, names: Iterable[str] = ()) -> list[RoomView]:
        """Return the rooms that exist, or those of `names` that do."""
        async with asyncio.timeout(API_SECONDS):
            reply = await self._livekit.room.list_rooms(api.ListRoomsRequest(names=list(names)))
        return [
            RoomView(room.name, sealed, self._seal.open_state(sealed, room.name) if sealed else None)
            for room in reply.rooms
            for sealed in [from_metadata(room.metadata)]
        ]

    async def state(self, room: str) -> CallState | None:
        """Return what the room's last agent has written, or None."""
        return next((view.state for view in await self.view([room])), None)

    async def write_state(self, room: str, existing_metadata: str, state: CallState) -> None:
        """Replace the room's state."""
        metadata = into_metadata(existing_metadata, self._seal.seal(state, room))
        async with asyncio.timeout(API_SECONDS):
            await self._livekit.room.update_room_metadata(api.UpdateRoomMetadataRequest(room=room, metadata=metadata))

    async def participants(self, room: str) -> list[ParticipantInfo]:
        """Return who is there; nobody in a room that is gone."""
        async with asyncio.timeout(API_SECONDS):
            return await people_in(self._livekit, room)

    async def successions(self, room: str) -> list[Succession]:
        """Return why agents were sent to the room again so far; the server keeps them as long as the room."""
        return self._successions(await self._dispatches(room), room)

    def succession_in(self, metadata: str, room: str) -> Succession | None:
        """Return why an agent was sent to the room, as its dispatch says; None for a call's first one."""
        return self._seal.open_succession(metadata, room)

    def _successions(self, dispatches: Iterable[str], room: str) -> list[Succession]:
        opened = (self.succession_in(metadata, room) for metadata in dispatches)
        return [succession for succession in opened if succession is not None]

    async def _dispatches(self, room: str) -> list[str]:
        """Return the metadata of everything that sent an agent there."""
        async with asyncio.timeout(API_SECONDS):
            return [dispatch.metadata for dispatch in await self._livekit.agent_dispatch.list_dispatch(room)]

    async def send_agent(
        self, room: str, agent_name: str, reason: str, previous: str = "", call_id: str = ""
    ) -> Succession:
        """Ask for an agent that follows `previous`, and goes on with the record of `call_id`."""
        dispatches = await self._dispatches(room)
        earlier = self._successions(dispatches, room)
        generation = 1 + max((known.generation for known in earlier), default=0)
        call_id = call_id or next((known.call_id for known in earlier if known.call_id), "")
        ticket = next((ticket for ticket in map(read_ticket, dispatches) if ticket is not None), Ticket(0.0))
        first = next((each for each in dispatches if self.succession_in(each, room) is None), "")
        succession = Succession(
            reason, generation, previous, ticket.caller, ticket.at_seconds, call_id, ticket.traceparent, first
        )
        await self.dispatch(room, agent_name, self._seal.seal(succession, room))
        return succession

    async def dispatch(self, room: str, agent_name: str, metadata: str) -> None:
        """Ask for an agent."""
        async with asyncio.timeout(API_SECONDS):
            await self._livekit.agent_dispatch.create_dispatch(
                api.CreateAgentDispatchRequest(room=room, agent_name=agent_name, metadata=metadata)
            )

    async def remove(self, room: str, identity: str) -> None:
        """Remove a participant, dead or alive; one who has left already is fine."""
        try:
            async with asyncio.timeout(API_SECONDS):
                await self._livekit.room.remove_participant(api.RoomParticipantIdentity(room=room, identity=identity))
        except api.TwirpError as error:
            if error.code != api.TwirpErrorCode.NOT_FOUND:
                raise

    async def delete(self, room: str) -> None:
        """End the call for everybody in it; a room that is gone is fine."""
        try:
            async with asyncio.timeout(API_SECONDS):
                await self._livekit.room.delete_room(api.DeleteRoomRequest(room=room))
        except api.TwirpError as error:
            if error.code != api.TwirpErrorCode.NOT_FOUND:
                raise

    async def arrived(self, room: str, identity: str, seconds: float) -> bool:
        """Wait for `identity` in the room; False after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                while not any(person.identity == identity for person in await self.participants(room)):
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            return False
        return True
