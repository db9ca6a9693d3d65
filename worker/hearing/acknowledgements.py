"""Tells listening ("haan ji", "go on", "சரி சரி சொல்லுங்க") from something that wants an answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from worker.lang import part_of, shared
from worker.languages import SUPPORTED
from worker.text.normalise import normalised

_WORDS = re.compile(r"[^\s.,!?।॥…:;\-–—\"“”‘]+")
_LONG_LETTER = re.compile(r"([a-z])\1+")  # "haaan", "hmmm", "okkk"; and "theek", which others write "thek"

Phrase = tuple[str, ...]


def is_acknowledgement(text: str) -> bool:
    """Whether `text` is a run of phrases that people say to show that they listen, however many.

    Languages are not kept apart: callers mix them, and the recogniser's tag for one short word proves nothing.
    """
    words = _words_of(text)
    listening, beside = _phrases()
    # For every place in the text that a run of phrases can reach: whether one of them shows listening.
    reached: dict[int, bool] = {0: False}
    for place in range(len(words)):
        if place not in reached:
            continue
        for phrase in listening.get(words[place], ()):
            if words[place : place + len(phrase)] == phrase:
                reached[place + len(phrase)] = True
        for phrase in beside.get(words[place], ()):
            if words[place : place + len(phrase)] == phrase:
                end = place + len(phrase)
                reached[end] = reached.get(end, False) or reached[place]
    return reached.get(len(words), False)


@cache
def _phrases() -> tuple[dict[str, list[Phrase]], dict[str, list[Phrase]]]:
    """The phrases that show listening, and those that only stand beside them, by their first word."""
    lists = [part_of(code, "endings")["listening"] for code in SUPPORTED]
    listening = [phrase for each in lists for phrase in (*each["of_any_language"], *each["phrases"])]
    return _by_first_word(listening), _by_first_word(shared("listening")["beside"]["phrases"])


def _by_first_word(phrases: Iterable[str]) -> dict[str, list[Phrase]]:
    found: dict[str, list[Phrase]] = {}
    for phrase in sorted(map(_words_of, phrases)):
        found.setdefault(phrase[0], []).append(phrase)
    return found


def _words_of(text: str) -> Phrase:
    return tuple(_LONG_LETTER.sub(r"\1", word) for word in _WORDS.findall(normalised(text)))
