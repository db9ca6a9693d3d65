"""Cuts a transcript into all its words, numbers and addresses among them, and reads the mark at its end."""

import re

from worker.text.normalise import normalised

_SEPARATORS = re.compile(r"[\s\-–—_/]+|[।॥]+")
_EDGES = re.compile(r"^[^\w@₹+]+|[^\w\u0900-\u0d7f@₹]+$")
TRAILING_OFF = "…"
ASKING = "?"


def words_of(text: str) -> tuple[str, ...]:
    """The words in order, without punctuation at their edges. `@` and dots inside a word stay: e-mail addresses."""
    pieces = _SEPARATORS.split(normalised(text))
    return tuple(word for piece in pieces if (word := _EDGES.sub("", piece)))


def closing_mark(text: str) -> str:
    """`?` for a question mark at the end, `…` for a comma, dash or ellipsis (the recogniser heard it go on)."""
    end = text.rstrip().rstrip("\"'”’)")
    if end.endswith(("?", "？", "؟")):
        return ASKING
    if end.endswith((",", "...", "…", "-", "–", "—", ":", ";")):
        return TRAILING_OFF
    return ""
