"""Shows a page what is kept of its call, and lets it take that back by a button: docs/room-protocol.md.

Both are attributes, which LiveKit lets nobody set but their own participant. A caller's can only take back: nothing
that a client says of itself is a yes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from livekit import api, rtc
from livekit.agents import JobContext

from worker.phone.line import is_phone
from worker.recovery.rooms import API_ERRORS, API_SECONDS

log = logging.getLogger("vaani")
CONSENT_ATTRIBUTE, WITHDRAWN = "vaani.consent", "withdrawn"


class ConsentOnPage:
    """Follows the button of one caller's page."""

    def __init__(self, ctx: JobContext, withdraw: Callable[[], None]) -> None:
        """Follow it; `withdraw` is called each time that the button is pressed."""
        self._ctx = ctx
        self._withdraw = withdraw
        self._caller = ""
        self._offering: asyncio.Task[None] | None = None

    def met(self, caller: rtc.RemoteParticipant) -> None:
        """Let this caller's page press the button; a phone has none."""
        if is_phone(caller) or self._caller:
            return
        self._caller = caller.identity
        self._ctx.room.on("participant_attributes_changed", self._changed)
        self._offering = asyncio.create_task(self._offer())

    def look_again(self) -> None:
        """Take a press into account that another agent of this call may not have lived to follow."""
        caller = self._ctx.room.remote_participants.get(self._caller)
        if caller is not None and caller.attributes.get(CONSENT_ATTRIBUTE) == WITHDRAWN:
            self._withdraw()

    def _changed(self, changed: dict[str, str], participant: rtc.Participant) -> None:
        if participant.identity == self._caller and changed.get(CONSENT_ATTRIBUTE) == WITHDRAWN:
            self._withdraw()

    async def _offer(self) -> None:
        """Let the caller set attributes of their own: a token from the function lets nobody, and needs not.

        The rest of what they may do is asked for first: LiveKit replaces all of it.
        """
        rooms, name = self._ctx.api.room, self._ctx.room.name
        try:
            async with asyncio.timeout(API_SECONDS):
                now = await rooms.get_participant(api.RoomParticipantIdentity(room=name, identity=self._caller))
                if now.permission.can_update_metadata:
                    return
                permission = api.ParticipantPermission()
                permission.CopyFrom(now.permission)
                permission.can_update_metadata = True
                await rooms.update_participant(
                    api.UpdateParticipantRequest(room=name, identity=self._caller, permission=permission)
                )
        except API_ERRORS as error:  # the caller can still say it
            log.warning("the page's button to withdraw could not be offered", extra={"why": type(error).__name__})
