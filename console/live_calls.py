"""Watches the calls that are going on: one look at the database a second, however many people look at the page."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from console.database import Records
from console.errors import Refusal
from console.reading.live import calls_going_on

LOOK_SECONDS = 1.0
QUIET_SECONDS = 15.0
"""A proxy ends a connection on which nothing passes."""


class LiveCalls:
    """Tells everybody who listens what is going on; looks only while somebody listens."""

    def __init__(self, records: Records, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._records, self._look_seconds = records, look_seconds
        self._news = asyncio.Condition()
        self._state: dict[str, Any] = {}
        self._version = 0
        self._listeners = 0
        self._looking: asyncio.Task[None] | None = None

    async def states(self) -> AsyncIterator[dict[str, Any] | None]:
        """The state of all calls, again whenever it changes; None when nothing has changed for a while."""
        self._listeners += 1
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        seen = -1
        try:
            while True:
                try:
                    async with asyncio.timeout(QUIET_SECONDS), self._news:
                        while self._version in (0, seen):
                            await self._news.wait()
                except TimeoutError:
                    yield None
                    continue
                seen = self._version
                yield self._state
        finally:
            self._listeners -= 1

    async def aclose(self) -> None:
        """Stop looking."""
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking

    async def _look(self) -> None:
        while self._listeners:
            state = await current_state(self._records)
            if _told(state) != _told(self._state) or not self._version:
                async with self._news:
                    self._state, self._version = state, self._version + 1
                    self._news.notify_all()
            await asyncio.sleep(self._look_seconds)


async def current_state(records: Records) -> dict[str, Any]:
    """What is going on now; a database that is gone is a state too."""
    at = datetime.now(UTC).isoformat()
    try:
        async with records.reading() as connection:
            return {"at": at, "calls": await calls_going_on(connection)}
    except Refusal as refusal:
        return {"at": at, "calls": [], "problem": refusal.text}


def _told(state: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in state.items() if name != "at"})
