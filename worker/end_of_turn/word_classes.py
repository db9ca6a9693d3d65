"""Tells the class of a word: what a grammar would call it, as far as a short list and its ending say.

Apart from the word lists because the signs are weighed by class: a word that is put into a list needs no new weight.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType

from worker.end_of_turn.lexicon import LANGUAGES, Lexicon, lexicon, lexicons_for
from worker.lang import shared
from worker.text.normalise import normalised
from worker.text.scripts import LATIN, indic_script_of

CONTENT = "noun or name"
NUMBER = "number"
_VERBS_THAT_ARE_NOUNS_TOO = frozenset({"verb that needs its object", "verb that can end", "verb to"})
_BEFORE_A_NOUN = frozenset({"determiner", "possessive or it is", "demonstrative", "quantifier", "ordinal", "adjective",
                            "of", "possessive or determiner", "adjective ending"})  # fmt: skip
_FARTHEST_NEGATION_WORDS = 3
_SHORTEST_STEM_LETTERS = 3
_LATIN_STEM_LETTERS = 2
_INDIC_CLASSES = {  # the `open` lists of the lexicons, in the singular
    "postpositions": "postposition",
    "conjunctions": "conjunction",
    "fillers": "filler",
    "determiners": "possessive or determiner",
    "verbs": "pronoun or open verb",
    "emphatics": "emphatic",
}


@cache
def _english() -> tuple[Mapping[str, str], tuple[tuple[str, str], ...]]:
    """Class of each listed word, and (ending, class), longest ending first."""
    tables = shared("english_classes")
    classes: dict[str, str] = {}
    for name, words in tables["classes"].items():
        for word in words.split():
            classes.setdefault(normalised(word), name)
    endings = [(ending, name) for name, listed in tables["endings"].items() for ending in listed.split()]
    return MappingProxyType(classes), tuple(sorted(endings, key=lambda pair: -len(pair[0])))


@cache
def all_listed_words() -> frozenset[str]:
    """The words that some list has, in any language: those of grammar and of service calls, no names."""
    return frozenset(_english()[0]).union(*(lexicon(language).known for language in LANGUAGES))


_english()  # at import: a first turn must not wait for files
all_listed_words()


def classes_of(words: Sequence[str], language: str) -> tuple[str, ...]:
    """The class of each word; what could be a verb or a noun is a noun behind a determiner ("my order")."""
    classes: list[str] = []
    for place, word in enumerate(words):
        name = class_of(word, language)
        if _is_negated_participle(word, words[max(0, place - _FARTHEST_NEGATION_WORDS) : place], language):
            name = "finite verb"
        if name in _VERBS_THAT_ARE_NOUNS_TOO and classes and classes[-1] in _BEFORE_A_NOUN:
            name = CONTENT
        classes.append(name)
    return tuple(classes)


def _is_negated_participle(word: str, before: Sequence[str], language: str) -> bool:
    """Hindi, Punjabi and Gujarati need no auxiliary behind a negation: "paise nahi mil rahe"."""
    known = lexicon(language)
    return word.endswith(known.participle_endings) and not known.negations.isdisjoint(before)


def class_of(word: str, language: str) -> str:
    """The class of a word in an utterance whose grammar is `language`'s (`hi`, `en`)."""
    if any(letter.isdigit() for letter in word):
        return NUMBER
    if language != "en":
        for known in lexicons_for(word, language):
            if known.language != "en" and (found := _indic_class(word, known)) is not None:
                return found
    if indic_script_of(word) != LATIN:
        return CONTENT
    return _english_class(word)


def _indic_class(word: str, known: Lexicon) -> str | None:
    if word in known.indefinites:
        return "any"
    if word in known.questions:
        return "question word"
    if word in known.open_words:
        return _INDIC_CLASSES[known.open_words[word]]
    if word in known.finite:
        return "finite verb"
    if word in known.digits:
        return NUMBER
    return _indic_ending(word, known)


def _indic_ending(word: str, known: Lexicon) -> str | None:
    stem = _LATIN_STEM_LETTERS if indic_script_of(word) == LATIN else 1
    goes_on = next((s for s in known.open_suffixes if word.endswith(s) and len(word) >= len(s) + stem), "")
    closes = next((s for s in known.finite_suffixes if word.endswith(s) and len(word) >= len(s) + stem), "")
    if not goes_on and not closes:
        return None
    return "case or participle ending" if len(goes_on) > len(closes) else "finite verb ending"


def _english_class(word: str) -> str:
    classes, endings = _english()
    if word in classes:
        return classes[word]
    if word in lexicon("en").digits:
        return NUMBER
    for ending, name in endings:
        if word.endswith("ss"):  # address, process, access: nouns
            break
        if word.endswith(ending) and len(word) >= len(ending) + _SHORTEST_STEM_LETTERS:
            return name
    return CONTENT
