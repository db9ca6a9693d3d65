"""What English needs beyond word lists: its sentences do not end in the verb."""

from collections.abc import Sequence

from worker.end_of_turn.lexicon import Lexicon, lexicon

_SHORTEST_QUESTION_WORDS = 3
_SHORTEST_REQUEST_WORDS = 4
_SHORTEST_COMMAND_WORDS = 2
_REQUESTS = frozenset(["can", "could", "will", "would", "may", "should"])
_SHORT_REPLY_OPENERS = frozenset(["yes", "no", "yeah", "yep", "nope", "ok", "okay"])
_LONGEST_SHORT_REPLY_WORDS = 5
_PARTICLES = frozenset({"prepositions", "verbs"})
_VERB_PARTICLES = frozenset({"through", "off", "around"})  # "went through", "switch it off"
_NEVER_STRANDED = frozenset({"of", "than", "during", "between", "until", "till", "since", "per"})


def without_opening(words: Sequence[str], main: Lexicon) -> tuple[str, ...]:
    """The clause without what people say before it: "yes", "okay so", "haan to"."""
    english = lexicon("en")
    start = 0
    while start < len(words) - 1 and _opens_only(words[start], main, english):
        start += 1
    return tuple(words[start:])


def _opens_only(word: str, main: Lexicon, english: Lexicon) -> bool:
    if word in main.if_words or word in main.my or word in english.subjects or word in main.questions:
        return False
    return word in main.answers or main.open_words.get(word) in ("fillers", "conjunctions") or word in english.tags


def is_sentence(words: Sequence[str]) -> bool:
    """A whole question, request, command or statement: has its verb, and something after it."""
    english = lexicon("en")
    clause = without_opening(words, english)
    if not clause:
        return False
    first, length = clause[0], len(clause)
    if first in english.questions or first in english.inversions:
        return length >= (_SHORTEST_REQUEST_WORDS if first in _REQUESTS else _SHORTEST_QUESTION_WORDS)
    if first in english.commands:
        return length > _SHORTEST_COMMAND_WORDS
    verbs = [place for place, word in enumerate(clause) if word in english.finite_verbs and place > 0]
    return bool(verbs) and verbs[0] < length - 1 and not _opens_a_clause(clause, english)


def _opens_a_clause(clause: Sequence[str], english: Lexicon) -> bool:
    # "because I ordered it" and "the phone that I bought" have a verb of their own and wait for the main one.
    return clause[0] in english.if_words or clause[-1] in english.open_words


def breaks_off(words: Sequence[str]) -> bool:
    """Ends in a phrase that must go on: "can you tell me", "what time do you"."""
    english = lexicon("en")
    if len(words) > _SHORTEST_COMMAND_WORDS and any(
        tuple(words[-len(phrase) :]) == phrase for phrase in english.open_phrases
    ):
        return True
    return len(words) > 1 and words[-1] in english.subjects - {"that", "this"} and words[-2] in english.inversions


def may_end_in_a_particle(words: Sequence[str], kind: str) -> bool:
    """Whether this English ending, open in a statement, is a fair one here.

    "Where are you from", "what my balance is", "yes I do"; but not "my number is" nor "what is the price of".
    """
    if kind not in _PARTICLES or words[-1] in _NEVER_STRANDED:
        return False
    english = lexicon("en")
    if words[-1] in _VERB_PARTICLES and len(words) > 2:
        return True
    if words[0] in _SHORT_REPLY_OPENERS and 2 < len(words) <= _LONGEST_SHORT_REPLY_WORDS:
        return words[1] in english.subjects
    asks_at = next((place for place, word in enumerate(words) if word in english.questions), None)
    return asks_at is not None and len(words) - asks_at > _SHORTEST_QUESTION_WORDS - 1 + (kind == "verbs")
