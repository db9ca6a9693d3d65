"""Ends a reply that never ends, behind a sentence: what nobody will listen to is not read, not paid for, not spoken."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import AsyncExitStack

from worker.reply.pieces import Piece, words_of

LONG_ENOUGH_CHARACTERS = 1500  # a minute and a half of speech
WITHOUT_AN_END_CHARACTERS = 300  # this much more is read in search of a sentence's end
_SENTENCE_ENDS = re.compile(r"[.?!।॥…|\n](?=\s|$)")


async def until_long_enough(pieces: AsyncIterable[Piece]) -> AsyncIterator[Piece]:
    """Pass a model's answer on up to the first sentence that ends behind LONG_ENOUGH_CHARACTERS, then stop reading."""
    written = 0
    async with AsyncExitStack() as stack:
        if (close := getattr(pieces, "aclose", None)) is not None:
            stack.push_async_callback(close)  # ends the request: the model writes, and bills, no further
        async for piece in pieces:
            content = words_of(piece)
            written += len(content)
            if written < LONG_ENOUGH_CHARACTERS or not content:
                yield piece
                continue
            end = _SENTENCE_ENDS.search(content)
            if end is not None:
                yield content[: end.end()]
                return
            yield piece
            if written >= LONG_ENOUGH_CHARACTERS + WITHOUT_AN_END_CHARACTERS:
                return
