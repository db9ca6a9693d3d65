"""Places one call: an agent is there before anybody is rung, and nobody is left in the room afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from livekit import api
from livekit.protocol.models import ParticipantInfo

from phone.config import Outbound, PhoneConfig, Purpose
from phone.do_not_call import DoNotCall, ListUnavailable
from phone.errors import LiveKitRefused
from phone.outcomes import Outcome, answered_by, outcome_of
from phone.rules import Callee, Refusal, refusal
from worker.phone.errand import ANSWERED_BY, Errand
from worker.phone.line import ACTIVE, STATUS
from worker.recovery.rooms import API_ERRORS, has_agent, people_in
from worker.text.phone_numbers import fingerprint

log = logging.getLogger("vaani.phone")
ROOM_PREFIX = "out-"
AGENT_SECONDS = 10.0
POLL_SECONDS = 0.3
ENDED_SECONDS = 4.0
"""Within which a room is deleted whose phone was not picked up."""
LONGEST_CALL_SECONDS = 3600.0
JOINING_SECONDS = 2.0
"""Within which a phone is in the room for which LiveKit was asked to ring it, when whoever asked was ended."""
UNSEEN_SECONDS = 30.0
"""How long a call is waited for of which LiveKit tells nothing."""


@dataclass(frozen=True, slots=True)
class Result:
    """Tells what came of one try."""

    outcome: Outcome | Refusal
    seconds: float = 0.0
    """How long the call took, once it was answered."""


class OneAtATime(Protocol):
    """Declares how a number is kept from being called twice at once."""

    def __call__(self, name: str, /) -> contextlib.AbstractContextManager[bool]: ...


class Dialler:
    """Places calls of one LiveKit project."""

    def __init__(
        self, livekit: api.LiveKitAPI, config: PhoneConfig, outbound: Outbound, trunk_id: str, *,
        forbidden: DoNotCall, one_at_a_time: OneAtATime, key: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        """Place calls through one trunk.

        Args:
            one_at_a_time: Holds a name while it is used; False where somebody else holds it.
            key: Ties fingerprints to numbers.
        """
        self._livekit = livekit
        self._config = config
        self._outbound = outbound
        self._trunk_id = trunk_id
        self._forbidden = forbidden
        self._one_at_a_time = one_at_a_time
        self._key = key
        self._now = now

    def name_of(self, callee: Callee) -> str:
        """Return what stands for somebody in names of rooms, journals and logs: their number's fingerprint."""
        return fingerprint(callee.number, self._key)

    async def call(self, callee: Callee, purpose: Purpose) -> Result:
        """Call somebody, if they may be called, and wait for the call's end."""
        name = self.name_of(callee)
        with self._one_at_a_time(name) as mine:
            result = await self._call(callee, purpose, name) if mine else Result(Refusal.ALREADY_CALLED)
        self._log(callee, purpose, result)
        return result

    async def follow(self, callee: Callee, purpose: Purpose) -> Result:
        """Wait for the end of a call that a process which was ended has begun; `unknown` where none is left."""
        try:
            room = await self.room_of(self.name_of(callee))
        except API_ERRORS as error:
            raise _refused("what is going on cannot be seen", error) from None
        result = Result(Outcome.UNKNOWN)
        if room is not None:
            result = await self._until_over(room, Outcome.UNKNOWN)
            await self._end(room)
        self._log(callee, purpose, result)
        return result

    def _log(self, callee: Callee, purpose: Purpose, result: Result) -> None:
        log.info(
            "phone.call_placed",
            extra={"callee": self.name_of(callee), "purpose": purpose.name, "consent": callee.consent,
                   "outcome": result.outcome.value, "seconds": round(result.seconds, 1)},
        )  # fmt: skip

    async def _call(self, callee: Callee, purpose: Purpose, name: str) -> Result:
        refused = refusal(callee, self._now()) or await self._listed(callee)
        if refused is not None:
            return Result(refused)
        try:
            if await self.room_of(name) is not None:
                return Result(Refusal.ALREADY_CALLED)
            # A room of its own for each try: an agent that tidies up after the one before must not end this one.
            room = f"{ROOM_PREFIX}{name}-{secrets.token_hex(4)}"
            async with self._room_with_agent(room, callee, purpose) as agent:
                if not agent:
                    return Result(Outcome.NO_AGENT)
                return await self._dial(callee, purpose, room)
        except API_ERRORS as error:  # nobody has been rung: `_dial` tells of its own
            raise _refused("the call could not be placed", error) from None

    async def room_of(self, name: str) -> str | None:
        """Return the room in which somebody is being called now."""
        reply = await self._livekit.room.list_rooms(api.ListRoomsRequest())
        prefix = f"{ROOM_PREFIX}{name}-"
        return next((each.name for each in reply.rooms if each.name.startswith(prefix)), None)

    async def _until_over(self, room: str, outcome: Outcome) -> Result:
        """Wait for the end of a call.

        Args:
            outcome: What it is until more is known: `unknown` where it is not known either whether anybody picked up.
        """
        loop = asyncio.get_running_loop()
        begun_at = seen_at = loop.time()
        rang = outcome is not Outcome.UNKNOWN
        while loop.time() - begun_at < LONGEST_CALL_SECONDS and loop.time() - seen_at < UNSEEN_SECONDS:
            try:
                people = await people_in(self._livekit, room)
            except API_ERRORS:  # somebody is in that call: they are not called again because LiveKit is slow to tell
                await asyncio.sleep(POLL_SECONDS)
                continue
            seen_at = loop.time()
            outcome = _heard_of(people, outcome)
            if any(each.kind == ParticipantInfo.Kind.SIP for each in people):
                rang = True
            elif rang or seen_at - begun_at >= JOINING_SECONDS:
                break
            await asyncio.sleep(POLL_SECONDS)
        return Result(outcome, loop.time() - begun_at)

    async def _listed(self, callee: Callee) -> Refusal | None:
        try:
            return Refusal.DO_NOT_CALL if await self._forbidden.forbids(callee.number) else None
        except ListUnavailable:
            return Refusal.LIST_UNAVAILABLE

    @contextlib.asynccontextmanager
    async def _room_with_agent(self, room: str, callee: Callee, purpose: Purpose) -> AsyncIterator[bool]:
        """Make the room and have an agent come; False when none does. The room does not outlive the call."""
        errand = Errand(self._config.company, purpose.about, callee.language, purpose.voicemail)
        dispatch = api.RoomAgentDispatch(agent_name=self._config.agent_name, metadata=errand.metadata())
        await self._livekit.room.create_room(api.CreateRoomRequest(name=room, agents=[dispatch]))
        try:
            yield await self._agent_comes(room)
        finally:
            await self._end(room)

    async def _end(self, room: str) -> None:
        with contextlib.suppress(*API_ERRORS):  # it may be gone already
            async with asyncio.timeout(ENDED_SECONDS):
                await self._livekit.room.delete_room(api.DeleteRoomRequest(room=room))

    async def _agent_comes(self, room: str) -> bool:
        """Wait until an agent can speak: nobody is rung into a silent room.

        One that is still connecting would outlive the room of a phone that is busy at once: its SDK tries again for
        half a minute, and opens the room anew.
        """
        try:
            async with asyncio.timeout(AGENT_SECONDS):
                while not _has_connected_agent(await people_in(self._livekit, room)):
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            return False
        return True

    async def _dial(self, callee: Callee, purpose: Purpose, room: str) -> Result:
        request = api.CreateSIPParticipantRequest(
            sip_trunk_id=self._trunk_id, sip_call_to=callee.number, sip_number=purpose.caller_id, room_name=room,
            participant_identity=f"phone-{room.removeprefix(ROOM_PREFIX)}", participant_name="Phone",
            wait_until_answered=True, hide_phone_number=False,
        )  # fmt: skip
        request.ringing_timeout.FromSeconds(self._outbound.ringing_seconds)
        try:
            await self._livekit.sip.create_sip_participant(request)
        except api.TwirpError as error:
            return Result(outcome_of(error))
        except API_ERRORS:  # LiveKit was asked and does not say what came of it: the phone may have been picked up
            return Result(Outcome.UNKNOWN)
        return await self._until_over(room, Outcome.ANSWERED)


def _has_connected_agent(people: Sequence[ParticipantInfo]) -> bool:
    return has_agent(each for each in people if each.state == ParticipantInfo.State.ACTIVE)


def _heard_of(people: Sequence[ParticipantInfo], outcome: Outcome) -> Outcome:
    """Return what is known of a call by who is in its room, and what they say of themselves."""
    said = [each.attributes[ANSWERED_BY] for each in people if each.attributes.get(ANSWERED_BY)]
    if said:
        return answered_by(said[-1])
    if outcome is Outcome.UNKNOWN and any(each.attributes.get(STATUS) == ACTIVE for each in people):
        return Outcome.ANSWERED
    return outcome


def _refused(what: str, error: Exception) -> LiveKitRefused:
    if isinstance(error, api.TwirpError):
        return LiveKitRefused(what, why=error.message, do="Check the key")
    return LiveKitRefused(what, why=type(error).__name__, do="Check LIVEKIT_URL")
