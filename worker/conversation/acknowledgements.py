"""Tells a mere acknowledgement ("haan", "ok", "சரி") from something that wants an answer."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data" / "acknowledgements.json"
LONGEST_WORDS = 4
_WORDS = re.compile(r"[^\s.,!?।…\-\"'“”‘’]+")


@cache
def _lists() -> dict[str, frozenset[str]]:
    content = json.loads(DATA.read_text(encoding="utf-8"))
    return {code: frozenset(words) for code, words in content.items() if not code.startswith("_")}


@cache
def _every_word() -> frozenset[str]:
    return frozenset().union(*_lists().values())


def is_acknowledgement(text: str) -> bool:
    """Whether `text` is nothing but words like "haan" or "ok", said to show that one listens.

    Languages are not kept apart: callers mix them, and the recogniser's tag for one short word proves nothing.
    """
    words = [word.casefold() for word in _WORDS.findall(text)]
    return 0 < len(words) <= LONGEST_WORDS and all(word in _every_word() for word in words)
