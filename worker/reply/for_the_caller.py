"""Leaves out of a model's answer what is not for the caller: thoughts, tool calls written as text, stage directions.

Before the answer is cut into clauses, for a block may have many: so the voice, the transcript and the history agree.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from contextlib import AsyncExitStack

from livekit.agents import llm

from worker.recovery.snapshot import without_half_characters
from worker.reply.pieces import Piece, calls_tool, words_of
from worker.spoken import Blocks


class ForTheCaller:
    """Filters one answer of a model."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._last_character = ""
        self.is_empty = True
        """Whether the model has brought nothing at all: neither words, for whomever, nor a tool call."""

    async def of(self, pieces: AsyncIterable[Piece]) -> AsyncIterator[Piece]:
        """Pass the answer on: its words as text, its chunks for what else they carry."""
        async with AsyncExitStack() as stack:
            if (close := getattr(pieces, "aclose", None)) is not None:
                stack.push_async_callback(close)
            async for piece in pieces:
                words = without_half_characters(words_of(piece))  # of an emoji in two chunks; no request could hold one
                self.is_empty = self.is_empty and not words.strip() and not calls_tool(piece)
                if shown := self._shown(self._blocks.push(words)):
                    yield shown
                if not isinstance(piece, str) and (not words or _carries_more(piece)):
                    yield _without_words(piece)
            if shown := self._shown(self._blocks.flush()):
                yield shown

    def _shown(self, words: str) -> str:
        """Return the words, with one space where a block stood between two."""
        if not self._last_character:
            words = words.lstrip()
        elif self._last_character.isspace():
            words = words.lstrip(" ")
        self._last_character = words[-1:] or self._last_character
        return words


def _carries_more(piece: Piece) -> bool:
    return isinstance(piece, llm.ChatChunk) and (
        piece.usage is not None or (piece.delta is not None and bool(piece.delta.tool_calls or piece.delta.extra))
    )


def _without_words(piece: Piece) -> Piece:
    if not isinstance(piece, llm.ChatChunk) or piece.delta is None:
        return piece
    return piece.model_copy(update={"delta": piece.delta.model_copy(update={"content": None})})
