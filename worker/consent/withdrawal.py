"""Finds in a caller's words that keeping their call is to stop, or a question about it.

Pure. A mention is neither: "is my payment recorded?", "how do I record a call on my phone?", "don't stop recording".
"""

from __future__ import annotations

from enum import Enum
from functools import cache

from worker.consent.words import PhraseLists, Words, clauses_of
from worker.lang import part_of, shared
from worker.languages import SUPPORTED


class Remark(Enum):
    """What a caller says about the keeping of their call."""

    WITHDRAWS = "keep nothing, and delete what was kept"
    ASKS = "is anything kept?"


def remark_in(text: str) -> Remark | None:
    """Return what these words say about keeping the call; None for all others, and for what only mentions it."""
    asks = False
    for words in clauses_of(text):
        for lists in map(_lists, SUPPORTED):
            if lists.stands_in("asked", words):
                asks = True
            elif _withdraws(lists, words) and not lists.stands_in("mention", words):
                return Remark.WITHDRAWS
    return Remark.ASKS if asks else None


# Of every language, for callers mix them: "recording बंद करो".
_OF_ALL = ("record", "recording", "said")
# Said of what is kept, in the order of most languages of India; English has its own forms.
_WITHDRAWN = (
    "<record> <dont>", "<recording> .. <stop>", "<record> <stop>", "<recording> .. <erase>",
    "^ <line>* <record> <erase>", "<said> <erase>", "<take_back>", "<forms>",
)  # fmt: skip


def _withdraws(lists: PhraseLists, words: Words) -> bool:
    """Behind any word but those of `line` it is another thing that is recorded, or somebody else who says it."""
    ends = {end for at in range(len(words)) for end in lists.ends("line", words, at)}
    return any(lists.ends("withdrawn", words, at) for at in {0, *ends})


@cache
def _lists(code: str) -> PhraseLists:
    own = part_of(code, "consent")["keeping"] | {name: _of_all(name) for name in _OF_ALL}
    own["line"] = [*own["line"], *_openers()]
    asked = [f"^ <line>* <record> {end}" for end in own["asking"]] + own["asks"]
    return PhraseLists(own | {"withdrawn": _WITHDRAWN, "asked": asked})


@cache
def _openers() -> list[str]:
    lists = shared("consent")
    return [*lists["answers"]["polite"], *lists["answers"]["greetings"], *lists["keeping"]["openers"]]


@cache
def _of_all(name: str) -> list[str]:
    return sorted({entry for code in SUPPORTED for entry in part_of(code, "consent")["keeping"][name]})
