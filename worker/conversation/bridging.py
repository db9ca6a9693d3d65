"""Keeps a reply coming when a provider does not: waits aloud, tries again, and says goodbye when it is no use.

Every wait of a caller passes through here: late, they hear a short ready phrase; a failed try is repeated, so the
caller's turn is answered when the provider is back; after `give_up_seconds` they hear why the call ends.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from livekit import rtc
from livekit.agents import FlushSentinel, llm

from worker.faults import EmptyAnswer, describe

T = TypeVar("T")
Piece = llm.ChatChunk | str | FlushSentinel
SPOKEN_CHARACTERS_PER_SECOND = 13  # cautious: what a voice has surely said after a second of its audio


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a caller is kept waiting, in seconds."""

    late_seconds: float
    """Nothing by then: a phrase says that it takes longer."""
    give_up_seconds: float
    """Not recovered by then: goodbye."""
    first_pause_seconds: float = 0.3
    longest_pause_seconds: float = 2.0

    def pause(self, attempt: int) -> float:
        """Wait before try `attempt + 1`, with jitter so that calls do not retry in step."""
        pause = min(self.first_pause_seconds * 2.0 ** (attempt - 1), self.longest_pause_seconds)
        return pause * float(random.uniform(0.8, 1.2))


@dataclass(frozen=True, slots=True)
class Bridge:
    """What the conversation lends to a reply that may be late."""

    patience: Patience
    phrase: Callable[[str], str]
    """The words of a phrase in the reply's language."""
    phrase_audio: Callable[[str], AsyncIterator[rtc.AudioFrame] | None]
    """Ready audio for exactly these words, or None."""
    fault: Callable[[object], None]
    """Told of every failed try."""
    bridged: Callable[[str, str], None]
    """Told (provider, phrase) when a phrase was spoken in place of an answer."""
    gave_up: Callable[[str], None]
    """Told which provider did not come back; ends the call once the goodbye has been heard."""


class _GaveUp(Exception):
    pass


class _Waiting:
    """One reply's waits: at most one `late` phrase, and one deadline over all tries."""

    def __init__(self, patience: Patience) -> None:
        self._loop = asyncio.get_running_loop()
        self._late_at = self._loop.time() + patience.late_seconds
        self._end_at = self._loop.time() + patience.give_up_seconds
        self.said_late = False

    async def until(self, work: asyncio.Future[T]) -> bool:
        """Wait for `work`; True when done, False when it has just become late. Raises _GaveUp at the deadline."""
        limit = self._end_at if self.said_late else min(self._late_at, self._end_at)
        done, _ = await asyncio.wait({work}, timeout=max(limit - self._loop.time(), 0))
        if done:
            return True
        if self._loop.time() >= self._end_at:
            raise _GaveUp
        self.said_late = True
        return False

    def came(self, late_seconds: float) -> None:
        """Something arrived: the next silence is measured from now."""
        self._late_at = self._loop.time() + late_seconds


async def steady_reply(ask: Callable[[], AsyncIterable[Piece]], bridge: Bridge) -> AsyncIterator[Piece]:
    """Stream the model's answer; bridge, repeat or end when it does not come."""

    async def aside(phrase: str) -> AsyncIterator[Piece]:
        # A segment of its own, so that it is spoken from ready audio.
        for piece in (FlushSentinel(), bridge.phrase(phrase), FlushSentinel()):
            yield piece

    async for piece in _steadily("llm", ask, bridge, aside=aside, counts=_says_something, covers=lambda _: 0.0):
        yield piece


def _says_something(piece: Piece) -> bool:
    if isinstance(piece, str):
        return bool(piece.strip())
    if isinstance(piece, llm.ChatChunk):
        return piece.delta is not None and bool((piece.delta.content or "").strip() or piece.delta.tool_calls)
    return False


async def steady_speech(
    text: AsyncIterable[str], synthesize: Callable[[AsyncIterable[str]], AsyncIterable[rtc.AudioFrame]], bridge: Bridge
) -> AsyncIterator[rtc.AudioFrame]:
    """Speak `text`; a phrase with ready audio needs no provider, anything else is tried until it is spoken."""
    script = Script(text)
    heard_seconds = 0.0
    try:
        first = await script.first()
        if first is None:
            return
        ready = bridge.phrase_audio(first)
        if ready is not None:
            async for frame in ready:
                yield frame
            await script.all()
            return

        async def aside(phrase: str) -> AsyncIterator[rtc.AudioFrame]:
            audio = bridge.phrase_audio(bridge.phrase(phrase))
            if audio is not None:
                async for frame in audio:
                    yield frame

        def covers(frame: rtc.AudioFrame) -> float:
            nonlocal heard_seconds
            heard_seconds += frame.duration
            return frame.duration

        async for frame in _steadily(
            "tts",
            lambda: synthesize(script.after(heard_seconds)),
            bridge,
            aside=aside,
            counts=lambda _: True,
            covers=covers,
        ):
            yield frame
    finally:
        await script.aclose()


async def _steadily(
    provider: str,
    attempt: Callable[[], AsyncIterable[T]],
    bridge: Bridge,
    *,
    aside: Callable[[str], AsyncIterator[T]],
    counts: Callable[[T], bool],
    covers: Callable[[T], float],
) -> AsyncIterator[T]:
    """Run `attempt` until one ends well.

    Args:
        aside: Pieces that speak a phrase in place of the answer.
        counts: Whether a piece is part of an answer at all.
        covers: How many seconds of the caller's waiting a piece fills (audio comes faster than it is heard).
    """
    patience = bridge.patience
    waiting = _Waiting(patience)
    tries = 0
    try:
        while True:
            tries += 1
            stream = aiter(attempt())
            answered = False
            try:
                while True:
                    step = asyncio.ensure_future(_next(stream))
                    async for piece in _meanwhile(step, waiting, provider, aside, bridge):
                        yield piece
                    if (item := step.result()) is _END:
                        break
                    answered = answered or counts(item)
                    waiting.came(patience.late_seconds + covers(item))
                    yield item
                if answered:
                    return
                raise EmptyAnswer(provider)
            except _GaveUp:
                raise
            except Exception as error:
                bridge.fault(describe(provider, error, tries))
            finally:
                await _close(stream)
            pause = asyncio.ensure_future(asyncio.sleep(patience.pause(tries)))
            async for piece in _meanwhile(pause, waiting, provider, aside, bridge):
                yield piece
    except _GaveUp:
        bridge.bridged(provider, "give_up")
        async for piece in aside("give_up"):
            yield piece
        bridge.gave_up(provider)


async def _meanwhile(
    work: asyncio.Future[Any],
    waiting: _Waiting,
    provider: str,
    aside: Callable[[str], AsyncIterator[T]],
    bridge: Bridge,
) -> AsyncIterator[T]:
    """Wait for `work`, speaking the `late` phrase once when it takes long; raises _GaveUp at the deadline."""
    try:
        while not await waiting.until(work):
            bridge.bridged(provider, "late")
            async for piece in aside("late"):
                yield piece
    finally:
        if not work.done():
            work.cancel()
            await asyncio.wait({work})


class Script:
    """The words of one reply, readable more than once: a failed try must not lose what it had taken."""

    def __init__(self, text: AsyncIterable[str]) -> None:
        self._parts: list[str] = []
        self._ended = False
        self._more = asyncio.Condition()
        self._reader = asyncio.create_task(self._read(text))

    async def _read(self, text: AsyncIterable[str]) -> None:
        try:
            async for part in text:
                async with self._more:
                    self._parts.append(part)
                    self._more.notify_all()
        finally:
            self._ended = True
            async with self._more:
                self._more.notify_all()

    async def first(self) -> str | None:
        """The first part, or None when there are no words."""
        async with self._more:
            await self._more.wait_for(lambda: self._parts or self._ended)
        return self._parts[0] if self._parts else None

    async def all(self) -> str:
        """All words, once the model has written them."""
        async with self._more:
            await self._more.wait_for(lambda: self._ended)
        return "".join(self._parts)

    async def after(self, heard_seconds: float) -> AsyncIterator[str]:
        """The words that so much audio cannot have covered yet, whole sentences only."""
        skip = _covered("".join(self._parts), heard_seconds)
        index = 0
        while True:
            async with self._more:
                await self._more.wait_for(lambda at=index: len(self._parts) > at or self._ended)  # type: ignore[misc]
            if index >= len(self._parts):
                return
            part = self._parts[index]
            index += 1
            dropped = min(skip, len(part))
            skip -= dropped
            if part[dropped:]:
                yield part[dropped:]

    async def aclose(self) -> None:
        """Stop reading."""
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)


def _covered(text: str, heard_seconds: float) -> int:
    """How many characters of `text` a caller has surely heard, back to the last end of a sentence."""
    within = text[: int(heard_seconds * SPOKEN_CHARACTERS_PER_SECOND)]
    return max((within.rfind(mark) + 1 for mark in ".?!।|"), default=0)


_END: object = object()


async def _next(stream: AsyncIterator[T]) -> T:
    try:
        return await anext(stream)
    except StopAsyncIteration:
        return _END  # type: ignore[return-value]


async def _close(stream: object) -> None:
    close = getattr(stream, "aclose", None)
    if close is not None:
        try:
            await close()
        except Exception:
            return
