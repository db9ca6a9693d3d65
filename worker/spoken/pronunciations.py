"""Says names as their owner wants them said: the last thing done to a text before it is spoken."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import AsyncIterable, AsyncIterator, Mapping


class Pronunciations:
    """Names and how each is said; found as whole words, in any case."""

    def __init__(self, said: Mapping[str, str]) -> None:
        self._said = {_key(name): how for name, how in said.items()}
        longest_first = sorted(self._said, key=len, reverse=True)
        names = "|".join(r"\s+".join(map(re.escape, name.split())) for name in longest_first)
        self._names = re.compile(rf"(?<![^\W_])(?:{names})(?![^\W_])", re.IGNORECASE) if names else None
        self._beginnings = {
            " ".join(words[:count]) for words in map(str.split, self._said) for count in range(1, len(words))
        }

    def __bool__(self) -> bool:
        return self._names is not None

    def say(self, text: str) -> str:
        """`text` with each name replaced by how it is said."""
        return self._names.sub(self._say, text) if self._names else text

    def _say(self, found: re.Match[str]) -> str:
        behind = found.string[found.end() : found.end() + 1]
        if behind and unicodedata.category(behind)[0] == "M":  # a vowel sign makes it another word
            return found[0]
        return self._said[_key(found[0])]

    def begun_at(self, text: str) -> int:
        """Where a name of several words may have begun that `text` does not hold whole; its length where none has."""
        if not self._beginnings:
            return len(text)
        for space in re.finditer(r"\s*\S+", text):
            if _key(text[space.start() :]) in self._beginnings:
                return space.start()
        return len(text)


async def pronounced_stream(words: AsyncIterable[str], pronunciations: Pronunciations) -> AsyncIterator[str]:
    """The same for text that comes in whole words; only what may be the beginning of a name waits for the next ones."""
    held = ""
    async for piece in words:
        held += piece
        ready = pronunciations.begun_at(held)
        if ready:
            yield pronunciations.say(held[:ready])
        held = held[ready:]
    if held:
        yield pronunciations.say(held)


def _key(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
