"""Judges English beyond word lists: its sentences do not end in the verb."""

from collections.abc import Sequence

from worker.end_of_turn.lexicon import Lexicon, lexicon

_SHORTEST_QUESTION_WORDS = 3
_SHORTEST_REQUEST_WORDS = 4
_SHORTEST_COMMAND_WORDS = 2
_REQUESTS = frozenset(["can", "could", "will", "would", "may", "should"])
_SHORT_REPLY_WORDS = 2
_REPLYING_SUBJECTS = frozenset({"i", "we", "you", "he", "she", "it", "they", "that", "this", "there"})
_RELATIVE_WORDS = frozenset({"that", "which", "one", "ones", "who", "what", "where", "how"})
_CLOSING_PHRASES = (
    ("or", "not"), ("or", "no"), ("as", "well"), ("you", "can"), ("as", "possible"), ("or", "what"), ("and", "all"),
    ("or", "something"), ("do", "it"), ("go", "ahead"), ("thats", "it"), ("thats", "all"), ("is", "it"),
)  # fmt: skip
_NEVER_STRANDED = frozenset({"of", "than", "during", "between", "until", "till", "since", "per"})

_LABELS = frozenset({"number", "no", "num"})
_NAMES_FOLLOW = frozenset({"is", "its", "im", "am", "this", "name", "thats", "hai", "naam", "peru", "per", "hesaru"})
_PLACES_FOLLOW = frozenset({"near", "in", "at", "from", "to", "address", "pata", "behind", "opposite"})
_OPENS_A_REQUEST = frozenset({"and", "also", "ok", "okay", "plus", "then"})
NOUN_PHRASE = frozenset({"determiner", "possessive or it is", "adjective", "direction", "noun or name", "noun ending",
                         "ordinal", "plural or -s verb", "-ing word", "quantifier", "demonstrative"})  # fmt: skip
_NAMES_THINGS = frozenset({"noun or name", "noun ending", "plural or -s verb"})
_SHORTEST_LABEL_WORDS = 3
_SHORTEST_NOUN_PHRASE_WORDS = 2
_BEGINS_A_NOUN_PHRASE = frozenset({"determiner", "possessive or it is"})


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


def has_its_object_before(words: Sequence[str]) -> bool:
    """Ends in a verb or preposition whose object stands before: "the bag that I never got", "where are you from".

    Not "my number is", which has none, nor "what is the price of".
    """
    if words[-1] in _NEVER_STRANDED:
        return False
    english = lexicon("en")
    openers = english.questions | _RELATIVE_WORDS
    opens_at = next((place for place, word in enumerate(words[:-2]) if word in openers), None)
    if opens_at is None:
        return False
    return any(word in english.subjects or word in english.inversions for word in words[opens_at + 1 : -1])


def is_reply_in_short(words: Sequence[str]) -> bool:
    """An auxiliary stands for the whole clause: "yes I am", "no it hasn't", "I did"."""
    english = lexicon("en")
    clause = without_opening(words, english)
    if len(clause) == _SHORT_REPLY_WORDS + 1 and clause[-1] == "not":
        clause = clause[:-1]
    return len(clause) == _SHORT_REPLY_WORDS and clause[0] in _REPLYING_SUBJECTS and clause[1] in english.inversions


def ends_in_closing_phrase(words: Sequence[str]) -> bool:
    """Ends in words that only close: "or not", "as well", "as soon as you can"."""
    return any(len(words) > len(phrase) and tuple(words[-len(phrase) :]) == phrase for phrase in _CLOSING_PHRASES)


def names_without_its_value(words: Sequence[str]) -> bool:
    """Ends in a title or a label whose name or number is still to come: "it is doctor", "my address is flat number"."""
    english = lexicon("en")
    if len(words) < _SHORTEST_LABEL_WORDS or words[0] in english.questions or words[0] in english.inversions:
        return False
    if words[-1] in english.titles:
        return words[-2] in _NAMES_FOLLOW
    if words[-1] not in _LABELS:
        return False
    after_its_copula = words[-2] in _NAMES_FOLLOW and words[-1] == "number"  # "the answer is no"
    return after_its_copula or (words[-2] in english.labelled and words[-3] in _NAMES_FOLLOW | _PLACES_FOLLOW)


def is_elliptical_request(classes: Sequence[str], words: Sequence[str]) -> bool:
    """Asks for one more thing by its name alone: "and the landline", "okay my address"."""
    begins_at = next((place for place, word in enumerate(words) if word not in _OPENS_A_REQUEST), 0)
    asked_for = classes[begins_at:]
    if begins_at == 0 or len(asked_for) < _SHORTEST_NOUN_PHRASE_WORDS:
        return False
    return (
        asked_for[0] in _BEGINS_A_NOUN_PHRASE
        and NOUN_PHRASE.issuperset(asked_for[1:])
        and asked_for[-1] in _NAMES_THINGS
    )
