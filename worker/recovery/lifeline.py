"""The parent process's own line to LiveKit: the seal, and the API once the event loop runs."""

from __future__ import annotations

from functools import cached_property

from livekit import api

from worker.recovery.rooms import Rooms
from worker.recovery.sealed_state import Seal
from worker.settings import LiveKitSettings


class Lifeline:
    """What the front desk and the rescue share."""

    def __init__(self, settings: LiveKitSettings) -> None:
        self._settings = settings
        self._livekit: api.LiveKitAPI | None = None
        self.seal = Seal(settings.api_secret.get_secret_value())

    @cached_property
    def rooms(self) -> Rooms:
        """LiveKit's rooms; made at first use, because its client needs a running loop."""
        secret = self._settings.api_secret.get_secret_value()
        self._livekit = api.LiveKitAPI(self._settings.url, self._settings.api_key, secret)
        return Rooms(self._livekit, self.seal)

    async def aclose(self) -> None:
        """Hang up."""
        if self._livekit is not None:
            await self._livekit.aclose()
