"""Rings a colleague from the room of a caller, and keeps the two from hearing each other until they may.

They share one room because livekit-server cannot move a telephone from one to another (docs/decisions/0032). What the
agent says, a publisher may decide who hears; for two telephones only the server can, and livekit-sip subscribes them to
each other some moments after it was told of a track: so it is undone again and again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from typing import Final

from livekit import api, rtc

from worker.phone.transfer import Transfer, why_refused
from worker.recovery.rooms import API_ERRORS, API_SECONDS, COLLEAGUE_ATTRIBUTE

log = logging.getLogger("vaani")
TRACK_NAME = "to_colleague"
"""What the agent publishes under this name is for the colleague; everything else is for the caller."""
PAUSES_SECONDS = (0.1, 0.2, 0.4, 0.8, 1.5)  # between one undoing and the next, begun again when something happens
LAST_PAUSE_SECONDS = 3.0
TRIES = 3
RELEASE_SECONDS, LOOK_SECONDS = 6.0, 0.3
# The last: what was asked for while the connection was made anew is lost with the old one.
_EVENTS: Final = ("track_published", "participant_attributes_changed", "reconnected")


class Colleague:
    """Rings one colleague, in the room of one caller."""

    def __init__(self, livekit: api.LiveKitAPI, room: rtc.Room, caller: str, trunk: str) -> None:
        """Prepare to ring.

        Args:
            livekit: The project's API.
            room: The caller's.
            caller: Their identity.
            trunk: LiveKit's id of the outbound trunk.
        """
        self.identity = f"colleague-{secrets.token_hex(4)}"
        self._livekit = livekit
        self._room = room
        self._caller = caller
        self._trunk = trunk
        self._apart = asyncio.Event()
        self._changed = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self._ringing: asyncio.Task[Transfer | None] | None = None

    async def ring(self, to: str, ringing_seconds: float) -> Transfer | None:
        """Ring until somebody picks up; return why nobody does.

        Args:
            to: `tel:+91…` or `sip:…`.
            ringing_seconds: How long it may ring.
        """
        for event in _EVENTS:
            self._room.on(event, self._something_happened)
        self._room.on("local_track_published", self._allow_each_their_own)
        self._allow_each_their_own()
        self._keeping = asyncio.create_task(self._keep_apart())
        self._ringing = asyncio.create_task(self._dial(to, ringing_seconds))
        return await asyncio.shield(self._ringing)  # what LiveKit was asked for goes on: `release` sees to its end

    async def is_apart(self, seconds: float) -> bool:
        """Wait until it is certain that the two do not hear each other; False after so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._apart.wait()
        return self._apart.is_set()

    async def connect(self) -> bool:
        """Let the two hear each other; False when LiveKit does not."""
        if self._keeping is not None:
            self._keeping.cancel()
        for _ in range(TRIES):
            try:
                await self._subscribe(True)
            except API_ERRORS as error:
                log.debug("caller and colleague cannot be connected", extra={"why": type(error).__name__})
                await asyncio.sleep(LOOK_SECONDS)
            else:
                self._stop_keeping()
                return True
        return False

    async def release(self) -> None:
        """Hang up on the colleague, who may still be ringing, or about to: nobody is left in the room."""
        loop = asyncio.get_running_loop()
        until = loop.time() + RELEASE_SECONDS
        while self._is_coming() or self.identity in self._room.remote_participants:
            with contextlib.suppress(*API_ERRORS):
                async with asyncio.timeout(API_SECONDS):
                    await self._livekit.room.remove_participant(
                        api.RoomParticipantIdentity(room=self._room.name, identity=self.identity)
                    )
            if loop.time() >= until or not self._room.isconnected():
                break
            await asyncio.sleep(LOOK_SECONDS)
        self._stop_keeping()

    def stop_hearing(self) -> None:
        """Have nothing more of the two sent to this agent: they talk with each other."""
        for publication in (*self._tracks_of(self._caller), *self._tracks_of(self.identity)):
            publication.set_subscribed(False)

    def _is_coming(self) -> bool:
        return self._ringing is not None and not self._ringing.done()

    async def _dial(self, to: str, ringing_seconds: float) -> Transfer | None:
        request = api.CreateSIPParticipantRequest(
            sip_trunk_id=self._trunk, sip_call_to=to.removeprefix("tel:"), room_name=self._room.name,
            participant_identity=self.identity, participant_name="Colleague",
            participant_attributes={COLLEAGUE_ATTRIBUTE: "true"}, wait_until_answered=True, hide_phone_number=True,
        )  # fmt: skip
        request.ringing_timeout.FromMilliseconds(int(ringing_seconds * 1000))
        try:
            await self._livekit.sip.create_sip_participant(request)
        except api.TwirpError as error:
            return why_refused(error)
        except API_ERRORS:
            return Transfer.FAILED
        return None

    # ---- who hears whom

    def _something_happened(self, *_: object) -> None:
        self._hear_colleague()
        self._changed.set()

    def _hear_colleague(self) -> None:
        """Subscribe this agent, which is sent nobody's sound unasked."""
        for publication in self._tracks_of(self.identity):
            if not publication.subscribed:
                publication.set_subscribed(True)

    def _allow_each_their_own(self, *_: object) -> None:
        """Let the caller hear all of the agent's tracks but the one that is for the colleague, who hears only that."""
        own = self._room.local_participant.track_publications
        for_colleague = [sid for sid, track in own.items() if track.name == TRACK_NAME]
        for_caller = [sid for sid in own if sid not in for_colleague]
        self._room.local_participant.set_track_subscription_permissions(
            allow_all_participants=False,
            participant_permissions=[
                rtc.ParticipantTrackPermission(participant_identity=self._caller, allowed_track_sids=for_caller),
                rtc.ParticipantTrackPermission(participant_identity=self.identity, allowed_track_sids=for_colleague),
            ],
        )

    async def _keep_apart(self) -> None:
        pauses = iter(PAUSES_SECONDS)
        while True:
            if all(self._tracks_of(who) for who in (self._caller, self.identity)):
                try:
                    await self._subscribe(False)
                    self._apart.set()
                except API_ERRORS as error:
                    log.debug("caller and colleague are not kept apart", extra={"why": type(error).__name__})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(next(pauses, LAST_PAUSE_SECONDS)):
                    await self._changed.wait()
                    self._changed.clear()
                    pauses = iter(PAUSES_SECONDS)

    async def _subscribe(self, subscribe: bool) -> None:
        for listener, speaker in ((self._caller, self.identity), (self.identity, self._caller)):
            tracks = [publication.sid for publication in self._tracks_of(speaker)]
            request = api.UpdateSubscriptionsRequest(
                room=self._room.name, identity=listener, track_sids=tracks, subscribe=subscribe
            )
            async with asyncio.timeout(API_SECONDS):
                await self._livekit.room.update_subscriptions(request)

    def _tracks_of(self, identity: str) -> list[rtc.RemoteTrackPublication]:
        person = self._room.remote_participants.get(identity)
        return list(person.track_publications.values()) if person is not None else []

    def _stop_keeping(self) -> None:
        """Let everybody hear this agent again, and be heard as the server has it."""
        if self._keeping is None:
            return
        self._keeping.cancel()
        self._keeping = None
        for event in _EVENTS:
            self._room.off(event, self._something_happened)
        self._room.off("local_track_published", self._allow_each_their_own)
        if self._room.isconnected():
            self._room.local_participant.set_track_subscription_permissions(allow_all_participants=True)
