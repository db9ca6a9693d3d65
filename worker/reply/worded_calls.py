"""Remembers which tools a model has called beside words of its own: `end_call` then adds no second goodbye."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import AsyncExitStack

from livekit.agents import llm

from worker.reply.pieces import Piece, words_of


class WordedCalls:
    """Remembers the tool calls of one conversation that came with words, or behind a goodbye."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._behind_goodbye: set[str] = set()
        self._turn = -1
        self._said_before = ""

    def __contains__(self, tool_call_id: str) -> bool:
        return tool_call_id in self._ids

    def is_behind_goodbye(self, tool_call_id: str) -> bool:
        """Return whether the goodbye was said in an earlier answer of the same turn, beside another tool."""
        return tool_call_id in self._behind_goodbye

    async def follow(
        self,
        pieces: AsyncIterable[Piece],
        audible: Callable[[str], bool],
        *,
        turn: int = 0,
        is_goodbye: Callable[[str], bool] = lambda words: False,
    ) -> AsyncIterator[Piece]:
        """Pass one answer of the model on; it writes its words before its calls.

        Args:
            pieces: The answer.
            audible: Whether a text says anything aloud.
            turn: Whose answer it is: behind a tool's result comes another of the same turn.
            is_goodbye: Whether words that came before in this turn were the goodbye.
        """
        if turn != self._turn:
            self._turn, self._said_before = turn, ""
        words = ""
        async with AsyncExitStack() as stack:
            if (close := getattr(pieces, "aclose", None)) is not None:
                stack.push_async_callback(close)
            async for piece in pieces:
                words += words_of(piece)
                if isinstance(piece, llm.ChatChunk) and piece.delta and piece.delta.tool_calls:
                    called = {call.call_id for call in piece.delta.tool_calls}
                    self._ids |= called if audible(words) else set()
                    self._behind_goodbye |= called if is_goodbye(self._said_before) else set()
                yield piece
        self._said_before = f"{self._said_before} {words}"
