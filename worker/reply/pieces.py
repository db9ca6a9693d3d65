"""Names what a model's answer comes in, on its way from the model to the voice."""

from __future__ import annotations

from livekit.agents import FlushSentinel, llm

Piece = llm.ChatChunk | str | FlushSentinel


def words_of(piece: Piece) -> str:
    """Return the words of a piece."""
    if isinstance(piece, str):
        return piece
    return (piece.delta.content or "") if isinstance(piece, llm.ChatChunk) and piece.delta else ""


def calls_tool(piece: Piece) -> bool:
    """Return whether a piece calls a tool."""
    return isinstance(piece, llm.ChatChunk) and piece.delta is not None and bool(piece.delta.tool_calls)
