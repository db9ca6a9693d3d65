"""Loads the word lists of every language once, and says which of them judge a given word.

Apart from the rules because the lists grow with every call that was cut off, and a reviewer of words should not
have to read code.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from worker.lang import part_of, shared
from worker.languages import BY_SPEAKERS, WRITTEN_IN, canonical_code
from worker.languages import LANGUAGES as ALL_LANGUAGES
from worker.text.normalise import normalised
from worker.text.scripts import LATIN, indic_script_of

_CODES = {ALL_LANGUAGES[code].subtag: code for code in BY_SPEAKERS}
LANGUAGES = tuple(_CODES)
_LANGUAGES_BY_SCRIPT = {
    script: tuple(ALL_LANGUAGES[code].subtag for code in codes) for script, codes in WRITTEN_IN.items()
}


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language's lists. Words are in `normalised` form."""

    language: str
    open_words: Mapping[str, str]  # word -> why the speaker goes on after it
    open_suffixes: tuple[str, ...]
    indefinites: frozenset[str]  # "any", "anything", "whatever": whole answers
    finite: frozenset[str]
    finite_suffixes: tuple[str, ...]
    answers: frozenset[str]
    tags: frozenset[str]
    questions: frozenset[str]
    contrasts: frozenset[str]  # "but", "because": a clause of its own follows
    negations: frozenset[str]
    participle_endings: tuple[str, ...]  # behind a negation they end a sentence: "paise nahi mil rahe"
    titles: frozenset[str]
    labelled: frozenset[str]  # what has a number: "flat", "order"
    inversions: frozenset[str]
    commands: frozenset[str]
    subjects: frozenset[str]
    finite_verbs: frozenset[str]
    open_phrases: tuple[tuple[str, ...], ...]
    days: frozenset[str]
    if_words: frozenset[str]
    then_words: frozenset[str]
    announced: frozenset[str]
    copulas: frozenset[str]
    my: frozenset[str]
    digits: Mapping[str, str]
    repeats: Mapping[str, str]
    hundreds: frozenset[str]
    thousands: frozenset[str]
    lakhs: frozenset[str]  # and what is larger
    before_a_number: frozenset[tuple[str, ...]]  # "साढ़े", "half past": a number follows
    before_a_time: frozenset[tuple[str, ...]]  # "next", "अगले": who is asked when goes on after it
    about: Mapping[str, frozenset[str]]
    known: frozenset[str]  # words that mark this language, for telling romanised languages apart


def _listed(raw: Mapping[str, str], name: str) -> frozenset[str]:
    return frozenset(normalised(word) for word in raw.get(name, "").split())


def _listed_phrases(raw: Mapping[str, Any], name: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(normalised(phrase).split()) for phrase in raw.get(name, []))


def _suffixes(raw: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(sorted(_listed(raw, name), key=len, reverse=True))


def _pairs(raw: Mapping[str, str], name: str) -> Mapping[str, str]:
    pairs = (pair.rsplit("=", 1) for pair in raw.get(name, "").split())
    return MappingProxyType({normalised(word): value for word, value in pairs})


@cache
def lexicon(language: str) -> Lexicon:
    """The lists of one language; read once per process. `language` is one of LANGUAGES."""
    tables = part_of(_CODES[language], "endings")
    raw = tables["lists"]
    open_words = {word: why for why in tables["open"] for word in _listed(tables["open"], why)}
    answers, tags = _listed(raw, "answers"), _listed(raw, "tags")
    questions, finite, my = _listed(raw, "questions"), _listed(raw, "finite"), _listed(raw, "my")
    verbs = _listed(raw, "inversions") | _listed(raw, "subjects") | _listed(raw, "commands")
    return Lexicon(
        language=language,
        open_words=MappingProxyType(open_words),
        open_suffixes=_suffixes(raw, "open_suffixes"),
        indefinites=_listed(raw, "indefinites"),
        finite=finite,
        finite_suffixes=_suffixes(raw, "finite_suffixes"),
        answers=answers,
        tags=tags,
        questions=questions,
        contrasts=_listed(raw, "contrasts"),
        negations=_listed(raw, "negations"),
        participle_endings=_suffixes(raw, "participle_endings"),
        titles=_listed(raw, "titles"),
        labelled=_listed(raw, "labelled"),
        inversions=_listed(raw, "inversions"),
        commands=_listed(raw, "commands"),
        subjects=_listed(raw, "subjects"),
        finite_verbs=_listed(raw, "finite_verbs"),
        open_phrases=tuple(tuple(p.split()) for p in raw.get("open_phrases", [])),
        days=_listed(raw, "days"),
        if_words=_listed(raw, "if_words"),
        then_words=_listed(raw, "then_words"),
        announced=_listed(raw, "announced"),
        copulas=_listed(raw, "copulas"),
        my=my,
        digits=_pairs(raw, "digits"),
        repeats=_pairs(raw, "repeats"),
        hundreds=_listed(raw, "hundreds"),
        thousands=_listed(raw, "thousands"),
        lakhs=_listed(raw, "lakhs"),
        before_a_number=_listed_phrases(raw, "before_a_number"),
        before_a_time=_listed_phrases(raw, "before_a_time"),
        about=MappingProxyType({topic: _listed(tables["about"], topic) for topic in tables.get("about", {})}),
        known=frozenset(open_words) | questions | finite | my | verbs | answers | tags,
    )


def code_of(language: str) -> str:
    """`hi-IN` of `hi`, one of LANGUAGES."""
    return _CODES[language]


@cache
def letter_names() -> Mapping[str, Mapping[str, str]]:
    """Script -> how its writers spell the names of the Latin letters -> the letter. In `normalised` form."""
    names = shared("letters")["names"]
    return MappingProxyType({script: _pairs(names, script) for script in names})


@cache
def mail_words() -> Mapping[str, frozenset[str]]:
    """The words that spell e-mail addresses: `at`, `dot`, `joins`, `ends`, `hosts`, `announces`, `asking`."""
    lists = shared("mail")["mail"]
    return MappingProxyType({name: _listed(lists, name) for name in lists})


@cache
def _phrases(section: str) -> frozenset[tuple[str, ...]]:
    """The phrases of one section in all languages: `waiting`, `closing`, `judging`."""
    listed = (part_of(code, "endings")[section]["phrases"] for code in BY_SPEAKERS)
    return frozenset(tuple(normalised(phrase).split()) for phrases in listed for phrase in phrases)


def hold_on_phrases() -> frozenset[tuple[str, ...]]:
    """How callers ask for a moment, in all languages."""
    return _phrases("waiting")


def says_to_hold_on(words: tuple[str, ...]) -> bool:
    """Whether these words only ask for a moment, perhaps after a short answer: "ek minute rukiye", "yes hold on"."""
    return _says_only(words, hold_on_phrases())


def says_that_is_all(words: tuple[str, ...]) -> bool:
    """Whether these words only close, perhaps after a short answer: "bas itna hi", "no that is all"."""
    return _says_only(words, _phrases("closing"))


def says_right_or_wrong(words: tuple[str, ...]) -> bool:
    """Whether these words only say that the agent is right or wrong: "yes that's right", "இல்ல அது தப்பு"."""
    return _says_only(words, _phrases("judging"))


def _says_only(words: tuple[str, ...], phrases: frozenset[tuple[str, ...]]) -> bool:
    start = 0
    while start < len(words) and words[start] in any_answers(words[start]) and words[start:] not in phrases:
        start += 1
    return words[start:] in phrases


def load_word_lists() -> None:
    """Read all lists now. At import, because a first turn must not wait for files, and forked processes share them."""
    mail_words()
    letter_names()
    hold_on_phrases()
    _phrases("closing")
    _phrases("judging")
    for script in ("latin", *_LANGUAGES_BY_SCRIPT):
        _answers_in(script)


def language_code(tag: str | None) -> str | None:
    """`hi` of `hi-IN`; None for a language without lists, for `unknown` and for garbage."""
    code = canonical_code(tag)
    return ALL_LANGUAGES[code].subtag if code else None


def main_language(words: tuple[str, ...], tag: str | None) -> str:
    """Whose grammar ends this utterance: the script of its last Indic words, else the best-known romanised one.

    The recogniser's tag only breaks ties: it says en-IN for romanised Tamil and hi-IN for Marathi.
    """
    claimed = language_code(tag)
    for word in reversed(words):
        if (script := indic_script_of(word)) != LATIN:
            return _best(_LANGUAGES_BY_SCRIPT[script], words, claimed)
    return _best(LANGUAGES, words, claimed) if words else claimed or "en"


def _best(candidates: Iterable[str], words: tuple[str, ...], claimed: str | None) -> str:
    def score(language: str) -> tuple[int, bool, bool]:
        known = lexicon(language).known
        # The last word counts double: in code-mixed speech it is the verb, and the verb's language ends the sentence.
        points = sum(word in known for word in words) + 2 * (words[-1] in known) + (language == claimed)
        return points, language == claimed, language == "en"

    return max(candidates, key=score)


@cache
def _answers_in(script: str) -> frozenset[str]:
    languages = LANGUAGES if script == LATIN else _LANGUAGES_BY_SCRIPT[script]
    return frozenset().union(*(lexicon(language).answers | lexicon(language).tags for language in languages))


def any_answers(word: str) -> frozenset[str]:
    """Every language's short answers in this word's script: "ok", "haan" and "sari" need no grammar around them."""
    return _answers_in(indic_script_of(word))


def lexicons_for(word: str, main: str) -> tuple[Lexicon, ...]:
    """Whose lists judge this word, best first: code-mixed speech ends in either language."""
    script = indic_script_of(word)
    if script != LATIN and main not in _LANGUAGES_BY_SCRIPT[script]:
        return tuple(lexicon(language) for language in _LANGUAGES_BY_SCRIPT[script])
    return (lexicon(main),) if main == "en" or script != LATIN else (lexicon(main), lexicon("en"))


load_word_lists()
