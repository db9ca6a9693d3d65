"""Sends the first clause of a reply to the voice on its own, so that sound starts before the sentence is written."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator

from livekit.agents import FlushSentinel

from worker.reply.pieces import Piece, words_of

MIN_CHARACTERS = 12
_ENDS = frozenset(",.;:!?।،…—")


async def flush_after_first_clause(pieces: AsyncIterable[Piece]) -> AsyncIterator[Piece]:
    """Pass `pieces` on, with one flush after the first clause of at least MIN_CHARACTERS."""
    written = ""
    flushed = False
    async for piece in pieces:
        if isinstance(piece, FlushSentinel):
            written = ""
            yield piece
            continue
        text = words_of(piece)
        if not flushed and text[:1].isspace() and _is_clause(written):
            flushed = True
            yield FlushSentinel()
        written += text
        yield piece
        if not flushed and text[-1:].isspace() and _is_clause(written):
            flushed = True
            yield FlushSentinel()


def _is_clause(written: str) -> bool:
    clause = written.strip()
    return len(clause) >= MIN_CHARACTERS and clause[-1] in _ENDS
