"""A clock for sound: one beat every so many seconds, without drift."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

LATEST_SECONDS = 0.1  # after a longer stop of the whole machine, beats are skipped: what is late has been missed


async def beats(seconds: float) -> AsyncIterator[None]:
    """Yield in real time until nobody asks any more."""
    due = time.monotonic()
    while True:
        now = time.monotonic()
        if due < now - LATEST_SECONDS:
            due = now
        await asyncio.sleep(max(0.0, due - now))
        yield
        due += seconds
