"""Records one call while it may be recorded: caller left, agent right, silent while a secret is being said."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any

from livekit.agents import AgentSession

from worker.recording.channel import RATE_HZ, AgentTap, CallerTap, Channel, Samples
from worker.recording.parts import Parts
from worker.recording.shelf import Shelf

TICK_SECONDS = 1.0
LAG_SECONDS = 1.2  # what is played and heard is known for sure by then, also to a process that was busy
LAST_SECONDS = 3.0


class Recorder:
    """Records one call for one shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self._secrets: list[tuple[float, float]] = []
        """From when to when a secret may have been said; the last one perhaps without an end."""
        self._shelf = shelf
        self._caller, self._agent = Channel(), Channel()
        self._parts = Parts()
        self._caller_tap: CallerTap | None = None
        self._agent_tap: AgentTap | None = None
        self._began_at = 0.0
        self._written = 0
        self._runs: asyncio.Task[None] | None = None

    def tap(self, session: AgentSession[Any]) -> None:
        """Listen to both sides of a session; nothing is kept before `start`."""
        if session.input.audio is not None:
            self._caller_tap = session.input.audio = CallerTap(
                session.input.audio, lambda at, samples: self._put(self._caller, at, samples), lambda: self.records
            )
        if session.output.audio is not None:
            self._agent_tap = AgentTap(session.output.audio, lambda at, samples: self._put(self._agent, at, samples))
            session.output.audio = self._agent_tap

    @property
    def records(self) -> bool:
        """Return whether sound is being kept."""
        return self._runs is not None

    def start(self) -> None:
        """Keep sound from now on."""
        if self._runs is None:
            self._began_at, self._written = time.time(), 0
            self._runs = asyncio.create_task(self._run())

    def leave_out(self) -> None:
        """Keep silence from now on: a secret is going to be said."""
        if not self._is_leaving_out:
            self._secrets.append((time.time(), math.inf))

    def leave_in(self) -> float:
        """Keep sound again; returns how many seconds were left out, 0 where none were."""
        if not self._is_leaving_out:
            return 0.0
        began, _ = self._secrets.pop()
        self._secrets.append((began, time.time()))
        return time.time() - began

    @property
    def _is_leaving_out(self) -> bool:
        return bool(self._secrets) and self._secrets[-1][1] == math.inf

    def erase(self) -> None:
        """Keep nothing more, and remove what was kept."""
        if self._runs is not None:
            self._runs.cancel()
            self._runs = None
        if self._caller_tap is not None:
            self._caller_tap.forget()
        self._caller, self._agent, self._parts = Channel(), Channel(), Parts()
        self._shelf.erase()

    async def aclose(self) -> None:
        """Store the end of the recording, for a moment at most."""
        if self._runs is not None:
            self._runs.cancel()
            self._write(time.time())
            self._runs = None
            self._keep(self._parts.close())
        await asyncio.to_thread(self._shelf.close, LAST_SECONDS)

    def _put(self, channel: Channel, at: float, samples: Samples) -> None:
        if self._runs is not None:
            channel.put(round((at - self._began_at) * RATE_HZ), samples)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._write(time.time() - LAG_SECONDS)

    def _write(self, until: float) -> None:
        """Encode what is settled: 4 ms for a second of sound."""
        if self._caller_tap is not None:
            self._caller_tap.settle()
        if self._agent_tap is not None:
            self._agent_tap.settle(until)
        end = round((until - self._began_at) * RATE_HZ)
        if end <= self._written:
            return
        caller, agent = (channel.take(self._written, end) for channel in (self._caller, self._agent))
        for secret in self._secrets:
            low, high = (self._place_of(moment, end) - self._written for moment in secret)
            caller[low:high] = agent[low:high] = 0
        self._written = end
        self._keep(self._parts.add(caller, agent))

    def _place_of(self, moment: float, end: int) -> int:
        """Return the sample of a moment, between what is written and what is about to be."""
        if moment == math.inf:
            return end
        return min(max(round((moment - self._began_at) * RATE_HZ), self._written), end)

    def _keep(self, parts: list[tuple[bytes, float]]) -> None:
        for part, begins_seconds in parts:
            self._shelf.put(part, self._began_at + begins_seconds)
