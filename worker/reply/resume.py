"""Remembers the words of one reply, so that a second try resumes where the first one broke off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator

from worker.reply.pieces import Piece, calls_tool, words_of

SPOKEN_CHARACTERS_PER_SECOND = 13  # cautious: what a voice has surely said after a second of its audio


class ResumableText:
    """Buffers words to be spoken, readable more than once: a failed try must not lose what it had taken."""

    def __init__(self, text: AsyncIterable[str]) -> None:
        self._parts: list[str] = []
        self._ended_at: float | None = None
        self._more = asyncio.Condition()
        self._reader = asyncio.create_task(self._read(text))

    async def _read(self, text: AsyncIterable[str]) -> None:
        try:
            async for part in text:
                async with self._more:
                    self._parts.append(part)
                    self._more.notify_all()
        finally:
            self._ended_at = asyncio.get_running_loop().time()
            async with self._more:
                self._more.notify_all()

    async def first(self) -> str | None:
        """Return the first part, or None when there are no words."""
        async with self._more:
            await self._more.wait_for(lambda: self._parts or self._ended_at is not None)
        return self._parts[0] if self._parts else None

    async def all(self) -> str:
        """Return all words, once the model has written them."""
        async with self._more:
            await self._more.wait_for(lambda: self._ended_at is not None)
        return "".join(self._parts)

    def complete_since(self) -> float:
        """Return when the last word came; now, while more may come: a silent voice may then be the model's fault."""
        return asyncio.get_running_loop().time() if self._ended_at is None else self._ended_at

    def spoken_after(self, heard_seconds: float) -> bool:
        """Return whether nothing is left to say after that much audio."""
        text = "".join(self._parts)
        rest = text[_covered(text, heard_seconds) :]
        return self._ended_at is not None and not any(character.isalnum() for character in rest)

    async def after(self, heard_seconds: float) -> AsyncIterator[str]:
        """Return the words that this much audio cannot have covered yet, whole sentences only."""
        skip = _covered("".join(self._parts), heard_seconds)
        index = 0
        while True:
            async with self._more:
                await self._more.wait_for(lambda at=index: len(self._parts) > at or self._ended_at is not None)  # type: ignore[misc]
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
    """Count how many characters of `text` a caller has surely heard, back to the last end of a sentence."""
    within = text[: int(heard_seconds * SPOKEN_CHARACTERS_PER_SECOND)]
    return max((within.rfind(mark) + 1 for mark in ".?!।|"), default=0)


class ResumableAnswer:
    """Joins a model's answer over several tries: what was passed on already is not said again."""

    def __init__(self) -> None:
        self.said = ""
        """All that was passed on, over all tries."""
        self.written = ""
        """The words of the newest try, passed on or not."""
        self.called_a_tool = False

    async def continue_with(self, pieces: AsyncIterable[Piece]) -> AsyncIterator[Piece]:
        """Pass a try's pieces on, without a beginning that equals all that earlier tries have said.

        A model that words it differently is passed on whole: the caller hears the sentence begin again.
        """
        before, self.written = self.said, ""
        async for piece in pieces:
            content = words_of(piece)
            if calls_tool(piece):
                self.called_a_tool = True
            self.written += content
            if not content or before is None:
                self.said += content
                yield piece
                continue
            written = self.written
            if before.startswith(written) and written != before:
                continue  # so far the same: wait for more
            rest = written[len(before) :] if written.startswith(before) else written
            before = None  # type: ignore[assignment]
            self.said += rest
            if rest:
                yield piece if rest == content else rest
        # It broke off, or ended, inside what had been said before: nothing of it is new.
