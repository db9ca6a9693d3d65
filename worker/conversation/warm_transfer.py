"""Brings a phone caller and a colleague together: music for the one, the matter for the other, then both in one room.

Whatever comes of it, nobody is left alone in the room: a colleague whom the caller has not waited for is told so and
hung up on, and when the two have been connected, the room ends with the first who leaves.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from livekit import api, rtc
from livekit.agents import AgentSession, AgentStateChangedEvent

from worker.bill import PHONE_LINE
from worker.conversation.consultation import Consultation, EarsAndVoice
from worker.conversation.speaker import NobodyListensError, Speaker
from worker.conversation.usage import CallUsage
from worker.phone.colleague import Colleague
from worker.phone.hold_music import HoldMusic, Samples
from worker.phone.transfer import Transfer, until_gone

APART_SECONDS = 4.0
CONSULTATION_SECONDS = 90.0
FAREWELL_SECONDS = 12.0
REASSURED_SECONDS = 8.0
SPEAKS_AGAIN_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class WarmParts:
    """Holds what warm transfers are made with; built by the server."""

    trunk: str
    """LiveKit's id of the outbound trunk that colleagues are rung through."""
    language: str
    """In which they are spoken to."""
    speech: Callable[[], EarsAndVoice]
    """Builds what one colleague is heard and spoken to with."""


class WarmTransfer:
    """Makes one warm transfer."""

    def __init__(
        self, livekit: api.LiveKitAPI, room: rtc.Room, session: AgentSession[Any], parts: WarmParts, speaker: Speaker,
        usage: CallUsage, *, caller: str, matter: Callable[[], Awaitable[str]],
        played: Callable[[float, Samples], None],
    ) -> None:  # fmt: skip
        """Prepare it.

        Args:
            livekit: The project's API.
            room: The caller's.
            session: In which the caller is spoken with.
            parts: What it is made with.
            speaker: Speaks to the caller.
            usage: Counts what it takes.
            caller: Their identity.
            matter: Sums up for the colleague, in their language, what the caller wants.
            played: Is told what music the caller hears when: their line may give it back as an echo.
        """
        self.heard: list[str] = []
        """What the caller has said meanwhile."""
        self._room = room
        self._session = session
        self._parts = parts
        self._speaker = speaker
        self._usage = usage
        self._caller = caller
        self._matter = matter
        self._colleague = Colleague(livekit, room, caller, parts.trunk)
        self._music = HoldMusic(room, played=played, softly=lambda: session.agent_state == "speaking")
        self._consultation: Consultation | None = None
        self._called_off = asyncio.Event()
        self._hurries = False
        self._over = asyncio.Event()
        self._outcome = Transfer.FAILED
        self._reassured_at = -math.inf
        self._speaks_again = asyncio.Event()
        self._playing_on: asyncio.Task[None] | None = None

    async def make(self, to: str, ringing_seconds: float) -> Transfer:
        """Ring the colleague, and connect the two if they take the call.

        Args:
            to: `tel:+91…` or `sip:…`.
            ringing_seconds: How long the colleague's phone may ring.
        """
        matter = asyncio.ensure_future(self._matter())
        try:
            await self._music.start()
            self._outcome = await self._ask(to, ringing_seconds, matter)
            if self._outcome is Transfer.DONE:
                self._outcome = await self._connect()
        finally:
            matter.cancel()
            await self._tidy_up()
            self._over.set()
        return self._outcome

    def call_off(self) -> None:
        """Give it up at once: this agent leaves, and the one that follows is to find nobody but the caller."""
        self._hurries = True
        self._called_off.set()

    def caller_says(self, text: str) -> None:
        """Take in what the caller says to the music, and tell them, now and then, that they are not forgotten."""
        if self._over.is_set() or not text.strip():
            return
        self.heard.append(text.strip())
        now = asyncio.get_running_loop().time()
        if now - self._reassured_at >= REASSURED_SECONDS:
            self._reassured_at = now
            self._tell_caller("still_trying")

    async def rest(self) -> bool:
        """See to the end of it when the session with the caller has closed; tell whether the room is to be ended.

        It is not when this agent is put out of it: then the two still talk.
        """
        self._called_off.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._over.wait()
        if self._outcome is not Transfer.DONE:
            return True
        self._colleague.stop_hearing()
        put_out = asyncio.Event()
        self._room.on("disconnected", lambda _: put_out.set())
        leaving = (until_gone(self._room, who) for who in (self._caller, self._colleague.identity))
        return await _first(put_out.wait(), *leaving) != 0 and self._room.isconnected()

    async def _ask(self, to: str, ringing_seconds: float, matter: Awaitable[str]) -> Transfer:
        """Ring and ask; a caller who hangs up meanwhile, or an agent that leaves, ends that at once."""
        asking = asyncio.ensure_future(self._consult(to, ringing_seconds, matter))
        first = await _first(asyncio.wait({asking}), until_gone(self._room, self._caller), self._called_off.wait())
        if first == 0:
            return asking.result()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        if self._consultation is not None and not self._hurries:
            await self._consultation.say_to_its_end("colleague_caller_gone")
        return Transfer.CALLER_LEFT if first == 1 else Transfer.FAILED

    async def _consult(self, to: str, ringing_seconds: float, matter: Awaitable[str]) -> Transfer:
        refused = await self._colleague.ring(to, ringing_seconds)
        if refused is not None:
            return refused
        self._usage.joined(PHONE_LINE, self._colleague.identity)
        if not await self._colleague.is_apart(APART_SECONDS):
            return Transfer.FAILED
        self._consultation = Consultation(self._room, self._colleague.identity, self._parts.speech(), self._usage)
        asking = asyncio.ensure_future(self._consultation.hold(matter))
        try:
            async with asyncio.timeout(CONSULTATION_SECONDS):
                if await _first(asyncio.wait({asking}), until_gone(self._room, self._colleague.identity)) != 0:
                    return Transfer.HUNG_UP
                return asking.result()
        except TimeoutError:
            return Transfer.NO_ANSWER
        finally:
            asking.cancel()

    async def _connect(self) -> Transfer:
        """Let the two hear each other, and say so to both."""
        assert self._consultation is not None
        await self._consultation.aclose()
        self._consultation = None
        if not await self._colleague.connect():
            return Transfer.FAILED
        await self._music.aclose()
        await self._tell_both()
        return Transfer.DONE

    async def _tell_both(self) -> None:
        with contextlib.suppress(TimeoutError, RuntimeError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await self._speaker.say("colleague_is_there", allow_interruptions=False).wait_for_playout()

    def _tell_caller(self, phrase: str) -> None:
        with contextlib.suppress(NobodyListensError):
            self._speaker.say(phrase)

    async def _tidy_up(self) -> None:
        if self._consultation is not None:
            await self._consultation.aclose()
        if self._outcome is Transfer.DONE:
            return
        await self._colleague.release()
        self._usage.left_line(PHONE_LINE, self._colleague.identity)
        self._session.on("agent_state_changed", self._agent_moved)
        self._playing_on = asyncio.create_task(self._play_on())

    def _agent_moved(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._speaks_again.set()

    async def _play_on(self) -> None:
        """Play until the agent says that it did not work: it thinks before."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SPEAKS_AGAIN_SECONDS):
                await self._speaks_again.wait()
        self._session.off("agent_state_changed", self._agent_moved)
        await self._music.aclose()


async def _first(*waits: Awaitable[object]) -> int:
    """Wait until one is done, whose place it returns; the others are cancelled."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(place for place, task in enumerate(tasks) if task.done())
    finally:
        for task in tasks:
            task.cancel()
