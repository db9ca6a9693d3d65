"""Holds the parent process's own client of LiveKit's API, and the seal of its rooms."""

from __future__ import annotations

from functools import cached_property

from livekit import api

from worker.recovery.rooms import Rooms
from worker.recovery.snapshot import Seal
from worker.settings import LiveKitSettings


class LiveKitClient:
    """Opens LiveKit's API once, for admission and redispatch."""

    def __init__(self, settings: LiveKitSettings) -> None:
        self._settings = settings
        self._livekit: api.LiveKitAPI | None = None
        self.seal = Seal(settings.api_secret.get_secret_value())

    @cached_property
    def rooms(self) -> Rooms:
        """Return LiveKit's rooms; made at first use, because its client needs a running loop."""
        secret = self._settings.api_secret.get_secret_value()
        self._livekit = api.LiveKitAPI(self._settings.url, self._settings.api_key, secret)
        return Rooms(self._livekit, self.seal)

    async def aclose(self) -> None:
        """Close the API client."""
        if self._livekit is not None:
            await self._livekit.aclose()
