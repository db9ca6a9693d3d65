"""Tells what kind of answer the agent has just asked for: a word that ends like half a sentence may be all of it."""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType

from worker.end_of_turn.lexicon import LANGUAGES, lexicon
from worker.end_of_turn.words import closing_mark, words_of
from worker.lang import shared
from worker.text.normalise import normalised

NOTHING_SAID = "nothing said"
STATEMENT = "nothing"
YES_OR_NO = "a yes or no"
OPEN = "an open question"
SPELLING = "spelling"
NUMBER = "a number"
TIME = "a time or date"
PLACE = "a place"
_NAMED_BY_NOUNS = frozenset({NUMBER, "a name", PLACE})
_ASKS_WHETHER = frozenset({"is", "are", "was", "were", "does", "did", "has", "kya", "क्या"})
_SENTENCE = re.compile(r"(?<=[?!।॥])\s+|(?<=[.])\s+(?=\S)")
_LAST_SENTENCES = 2
_LONGEST_PHRASE_WORDS = 4  # held by a test


@cache
def _kinds() -> Mapping[str, frozenset[tuple[str, ...]]]:
    """Phrases that ask for one kind of value, most telling kind first."""
    kinds = shared("asking")["asks for"]
    return MappingProxyType(
        {kind: frozenset(tuple(normalised(phrase).split()) for phrase in phrases) for kind, phrases in kinds.items()}
    )


@lru_cache(maxsize=64)
def asked_for(agent_said: str) -> str:
    """The kind of answer that is due: a key of shared/asking.toml, YES_OR_NO, OPEN, STATEMENT or NOTHING_SAID."""
    sentences = [sentence for sentence in _SENTENCE.split(agent_said.strip()) if words_of(sentence)]
    if not sentences:
        return NOTHING_SAID
    for sentence in reversed(sentences[-_LAST_SENTENCES:]):
        if (kind := _kind_of(sentence)) is not None:
            return kind
    return STATEMENT


def last_sentence(agent_said: str) -> str:
    """The sentence that a caller hears last."""
    sentences = [sentence for sentence in _SENTENCE.split(agent_said.strip()) if words_of(sentence)]
    return sentences[-1] if sentences else ""


def _kind_of(sentence: str) -> str | None:
    words = words_of(sentence)
    asks = closing_mark(sentence) == "?" or not _tells(words)
    said = _runs_of(words) if asks else frozenset()
    kind = next((kind for kind, phrases in _kinds().items() if not phrases.isdisjoint(said)), None)
    if kind in _NAMED_BY_NOUNS and closing_mark(sentence) == "?" and _asks_yes_or_no(words):
        return YES_OR_NO
    if kind is not None:
        return kind
    if closing_mark(sentence) != "?":
        return None
    return YES_OR_NO if words[0] in lexicon("en").inversions or not _has_question_word(words) else OPEN


def _asks_yes_or_no(words: tuple[str, ...]) -> bool:
    """ "Is this your mobile number?" names a number and does not ask for it."""
    return words[0] in _ASKS_WHETHER and not _has_question_word(words[1:])


def _tells(words: tuple[str, ...]) -> bool:
    """Without a question mark only a request asks ("please tell me your name"); everything else tells."""
    requests = _kinds_requests()
    return not requests.intersection(words)


@cache
def _kinds_requests() -> frozenset[str]:
    listed = shared("asking")["requests"]
    return frozenset(normalised(word) for word in listed["words"].split())


def _has_question_word(words: tuple[str, ...]) -> bool:
    return any(word in lexicon(language).questions for word in words for language in LANGUAGES)


def _runs_of(words: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    """All runs of words as long as a phrase may be: looking each up is quicker than looking for each phrase."""
    starts = range(len(words))
    return frozenset(words[start : start + size] for start in starts for size in range(1, _LONGEST_PHRASE_WORDS + 1))


_kinds()  # at import: a first turn must not wait for files
_kinds_requests()
