"""Tells an answer to a goodbye ("thanks, you too, bye") from something that the caller still wants."""

from __future__ import annotations

from functools import cache

from worker.end_of_turn.asking import last_sentence
from worker.hearing.acknowledgements import is_acknowledgement
from worker.hearing.silence import announced_seconds, words_of
from worker.lang import shared
from worker.text.normalise import normalised

NAMES = 1  # a word that no list has may be one: "thank you, Vaani"


def wants_more(text: str) -> bool:
    """Whether a caller who says this over the agent's goodbye is not done yet."""
    if is_acknowledgement(text):
        return False
    words = words_of(text)
    if not _listed("wanted").isdisjoint(words):
        return True
    others = sum(word not in _listed("farewells") for word in words)
    return others > NAMES or announced_seconds(text) > 0  # "wait"


def ends_with_goodbye(text: str) -> bool:
    """Whether an agent that says this has said goodbye: its last sentence is one, and nothing else."""
    last = last_sentence(text)
    return not _listed("goodbyes").isdisjoint(words_of(last)) and not wants_more(last)


def only_thanks(text: str) -> bool:
    """Whether a caller who says this thanks or agrees, and says nothing else."""
    return is_acknowledgement(text) or _listed("farewells").issuperset(words_of(text))


@cache
def _listed(section: str) -> frozenset[str]:
    return frozenset(normalised(shared("farewells")[section]["every"]).split())
