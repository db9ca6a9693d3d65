"""Reads one recogniser stream after another, each of which can be broken off from outside."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable
from typing import TypeVar

from worker.reply.retry import CLOSE_SECONDS

E = TypeVar("E")


class RecogniserStream:
    """Reads the stream that hears the caller now, if one is open."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[object] | None = None
        self._put_back: deque[object] = deque()
        self._opened_at = 0.0

    @property
    def age_seconds(self) -> float | None:
        """Return how long ago the stream was opened; None between two."""
        return None if self._events is None else asyncio.get_running_loop().time() - self._opened_at

    async def read(self, stream: AsyncIterable[E]) -> AsyncGenerator[E, None]:
        """Pass on the events of `stream` until it ends, fails, or is broken off; its errors come out as they are."""
        self._opened_at = asyncio.get_running_loop().time()
        events: asyncio.Queue[object] = asyncio.Queue()
        while self._put_back:
            events.put_nowait(self._put_back.popleft())
        self._events = events
        pump = asyncio.create_task(_pump(stream, events))
        try:
            while (event := await events.get()) is not _END:
                if isinstance(event, Exception):
                    raise event
                yield event  # type: ignore[misc]
        finally:
            self._events = None
            pump.cancel()
            await asyncio.wait({pump}, timeout=CLOSE_SECONDS)

    def break_off(self, error: Exception) -> None:
        """Let the stream that is open raise `error`."""
        if self._events is not None:
            self._events.put_nowait(error)

    def put_back(self, event: object) -> None:
        """Hear an event again, in this stream or, between two, in the next one."""
        if self._events is not None:
            self._events.put_nowait(event)
        else:
            self._put_back.append(event)


_END: object = object()


async def _pump(stream: AsyncIterable[object], events: asyncio.Queue[object]) -> None:
    """Run the whole stream in one task, so that what it opens is closed where it was opened."""
    try:
        async for event in stream:
            events.put_nowait(event)
    except Exception as error:
        events.put_nowait(error)
    else:
        events.put_nowait(_END)
