"""Names the signs in a caller's words that a turn is over or goes on. What each is worth: `data/weights.toml`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from worker.end_of_turn import english
from worker.end_of_turn.asking import NOTHING_SAID, asked_for
from worker.end_of_turn.lexicon import Lexicon, any_answers, language_code, lexicon, lexicons_for, main_language
from worker.end_of_turn.weighing import WORD_ITSELF
from worker.end_of_turn.word_classes import CONTENT, NUMBER, all_listed_words, classes_of
from worker.end_of_turn.words import ASKING, closing_mark, words_of

_LONGEST_REPLY_WORDS = 5
_LONGEST_OPEN_IF_CLAUSE_WORDS = 9
_LONGEST_ANNOUNCEMENT_WORDS = 4
_LONGEST_SUBJECT_WORDS = 4
_BEGINS_A_SUBJECT = frozenset({"determiner", "possessive or determiner"})
_MAX_COUNTED_WORDS_SINCE = 5
_COUNTS = ((1, "1 word"), (2, "2 words"), (3, "3 words"), (4, "4 words"), (5, "5 words"), (7, "6 or 7 words"),
           (10, "8 to 10 words"), (14, "11 to 14 words"))  # fmt: skip
_VERBS = frozenset({"be", "have", "do", "modal", "negated auxiliary", "this is", "verb to", "verb of a whole clause",
                    "verb that needs its object", "verb that can end", "-ed word", "finite verb",
                    "finite verb ending"})  # fmt: skip
_SUBJECTS = frozenset({"subject pronoun", "you or it", "this is"})
_LINKS = frozenset({"preposition", "preposition never stranded", "to", "of", "particle", "postposition"})
_JOINS = frozenset({"coordinator", "subordinator", "conjunction"})
_ASKED_WITH_CASE = frozenset({"a place", "a time or date", "a name", "a choice"})
_CASE_MARKS = frozenset({"postposition", "case or participle ending"})
_OPENS = frozenset({"pronoun or open verb", "conjunction", "filler"})
_VALUES = frozenset({CONTENT, NUMBER, "number word", "noun ending", "finite verb", "plural or -s verb"})
_NEEDS_AN_OBJECT = _VERBS | {"preposition", "particle"}
_FEWEST_WORDS_WITH_A_VALUE = 3
_DETERMINERS = frozenset(
    {"determiner", "possessive or it is", "demonstrative", "quantifier", "possessive or determiner"}
)


@dataclass(frozen=True)
class Utterance:
    """What the caller has said so far in this turn, and after what."""

    words: tuple[str, ...]
    core: tuple[str, ...]  # without trailing politeness: "batao na sir" ends in "batao"
    mark: str
    language: str
    asked: tuple[str, ...]  # the agent's last words
    asked_for: str  # the kind of answer that these words ask for

    @property
    def main(self) -> Lexicon:
        return lexicon(self.language)

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The class of each word of `core`."""
        return classes_of(self.core, self.language)


def utterance(text: str, language: str | None, asked: str = "") -> Utterance:
    """Cut a transcript into what the signs look at."""
    words, agent_words = words_of(text), words_of(asked)
    main = main_language(words, language)
    if main == "en" and not english.is_sentence(words):
        main = _language_of_the_call(agent_words, language)
    core = _without_tags(words, main)
    return Utterance(words, core, closing_mark(text), main, agent_words, asked_for(asked))


def _language_of_the_call(agent_words: tuple[str, ...], tag: str | None) -> str:
    """Whose grammar a bare English phrase stands in: "east part of town" may go on in Gujarati."""
    claimed = language_code(tag)
    if claimed is not None and claimed != "en":
        return claimed
    return main_language(agent_words, tag) if agent_words else "en"


def _without_tags(words: tuple[str, ...], main: str) -> tuple[str, ...]:
    end = len(words)
    while end > 1 and any(words[end - 1] in known.tags for known in lexicons_for(words[end - 1], main)):
        end -= 1
    return words[:end]


def signs_of(said: Utterance) -> tuple[str, ...]:
    """The names of all signs that these words show, each once. `said` has a word at least."""
    return tuple(dict.fromkeys([*_ending(said), *_shape(said), *_clauses(said), *_answer(said)]))


def begins_a_clause(said: Utterance) -> bool:
    """Ends in what must be a subject: "I paid but the shop", "paise diye lekin aapki dukaan"."""
    contrasts = said.main.contrasts | lexicon("en").contrasts
    opens_at = next((place for place in range(len(said.core) - 1, 0, -1) if said.core[place] in contrasts), None)
    if (
        opens_at is None
        or "not" in said.core[:opens_at]
        or not _has_verb(said.core[:opens_at], said.classes[:opens_at])
    ):
        return False
    words, classes = said.core[opens_at + 1 :], said.classes[opens_at + 1 :]
    return (
        1 < len(words) <= _LONGEST_SUBJECT_WORDS
        and classes[0] in _BEGINS_A_SUBJECT
        and english.NOUN_PHRASE.issuperset(classes[1:])
        and not _has_verb(words, classes)
    )


def _has_verb(words: Sequence[str], classes: Sequence[str]) -> bool:
    verbs = lexicon("en").finite_verbs
    return not _VERBS.isdisjoint(classes) or any(word in verbs or word.endswith("ed") for word in words)


def _ending(said: Utterance) -> Iterator[str]:
    classes = ("nothing", *said.classes)
    second, last = classes[-2:]
    yield f"ends in {last}"
    yield f"ends in {second} + {last}"
    yield f"before the last word: {second}"
    yield f"in {said.language}, ends in {last}"
    yield from _listed_words(said.core)
    if said.core != said.words:
        yield "politeness at the end"
    if said.mark == ASKING:
        yield "question mark"
        yield f"question mark after {last}"


def is_asked(said: Utterance) -> bool:
    """Whether this is a question by its mark and by its words: "are you open on Sundays?"."""
    if said.mark != ASKING:
        return False
    return said.words[0] in lexicon("en").inversions or any(
        word in known.questions for word in said.words for known in lexicons_for(word, said.language)
    )


def _listed_words(core: tuple[str, ...]) -> Iterator[str]:
    """The last two words themselves where lists have them: "ke" and "mein" are one class, and end turns unlike."""
    listed = all_listed_words()
    if core[-1] in listed:
        yield f"{WORD_ITSELF} {core[-1]}"
    if len(core) > 1 and core[-2] in listed:
        yield f"{WORD_ITSELF} {core[-2]} before the last"


def _shape(said: Utterance) -> Iterator[str]:
    yield _length(said)
    yield f"in {said.language}"
    yield f"in {said.language}, {_length(said)}"
    opening = said.classes[len(said.core) - len(english.without_opening(said.core, said.main))]
    yield f"begins with {opening}"
    for name, group in (
        ("verb", _VERBS),
        ("preposition", _LINKS),
        ("determiner", _DETERMINERS),
        ("conjunction", _JOINS),
    ):
        yield f"{_since(said.classes, group)} since {name}"


def _length(said: Utterance) -> str:
    return next((name for most, name in _COUNTS if len(said.core) <= most), "15 words or more")


def _since(classes: tuple[str, ...], group: frozenset[str]) -> str:
    place = next((back for back, name in enumerate(reversed(classes)) if name in group), None)
    if place is None:
        return "never"
    return str(place) if place < _MAX_COUNTED_WORDS_SINCE else f"{_MAX_COUNTED_WORDS_SINCE} or more"


def _clauses(said: Utterance) -> Iterator[str]:
    verbs = sum(name in _VERBS for name in said.classes)
    yield f"{min(verbs, 3)} verbs"
    if _SUBJECTS.intersection(said.classes) and verbs:
        yield "subject and verb"
    if said.language == "en":
        if english.is_sentence(said.core):
            yield "a whole English clause"
            yield f"a whole English clause of {_length(said)}"
            yield f"a whole English clause that ends in {said.classes[-1]}"
            yield f"a whole English clause that begins with {said.classes[0]}"
        if english.breaks_off(said.core):
            yield "a phrase that must go on"
        if said.classes[-1] in _NEEDS_AN_OBJECT and english.has_its_object_before(said.core):
            yield "its object stands before it"
            yield f"its object stands before it, ends in {said.classes[-1]}"
        if english.is_reply_in_short(said.core):
            yield "a reply in short"
        if english.ends_in_closing_phrase(said.core):
            yield "a closing phrase"
    if _if_clause(said):
        yield "an if-clause without its main clause"
    if said.classes[-1] == "question word" and verbs == 0:
        yield f"a question word without its verb, {_length(said)}"
    if english.is_elliptical_request(said.classes, said.core):
        yield "an elliptical request"
    if _tells_announced(said):
        yield "announced value told"
    if announces(said):
        yield "announced value missing"
    if all(word in any_answers(word) for word in said.words) and len(said.words) <= _LONGEST_REPLY_WORDS:
        yield "short answer or closing"
        yield f"short answer or closing that ends in {said.classes[-1]}"


def _tells_announced(said: Utterance) -> bool:
    """ "my name is Das", "mera naam Joseph": the value has followed."""
    clause = english.without_opening(said.core, said.main)
    announced = said.main.announced | lexicon("en").announced
    my = said.main.my | lexicon("en").my
    if len(clause) < _FEWEST_WORDS_WITH_A_VALUE or clause[0] not in my or clause[-1] in announced:
        return False
    return any(word in announced for word in clause[1:-1]) and said.classes[-1] in _VALUES


def _if_clause(said: Utterance) -> bool:
    clause = english.without_opening(said.core, said.main)
    if not clause or len(clause) > _LONGEST_OPEN_IF_CLAUSE_WORDS or clause[0] not in said.main.if_words:
        return False
    return not said.main.then_words.intersection(clause[1:]) and sum(word in said.main.subjects for word in clause) <= 1


def announces(said: Utterance) -> bool:
    """ "my number is", "mera naam": the value is still to come, from the caller."""
    clause = english.without_opening(said.core, said.main)
    copulas, english_words = said.main.copulas | lexicon("en").copulas, lexicon("en")
    with_copula = bool(clause) and clause[-1] in copulas
    if with_copula:
        clause = clause[:-1]
    announced = said.main.announced | english_words.announced
    if not clause or len(clause) > _LONGEST_ANNOUNCEMENT_WORDS or clause[-1] not in announced:
        return False
    mine = len(clause) > 1 and clause[0] in said.main.my | english_words.my
    if clause[0] == "the" and not with_copula:  # "the address": asks for it
        return False
    return mine or (with_copula and all(word in announced for word in clause))


def _answer(said: Utterance) -> Iterator[str]:
    if said.asked_for == NOTHING_SAID:
        return
    yield f"asked for {said.asked_for}"
    yield f"asked for {said.asked_for}, {_length(said)}"
    yield f"asked for {said.asked_for}, ends in {said.classes[-1]}"
    yield f"in {said.language}, asked for {said.asked_for}, {_length(said)}"
    if len(said.core) <= _LONGEST_REPLY_WORDS:
        yield f"short reply, asked for {said.asked_for}"
        yield f"short reply, asked for {said.asked_for}, ends in {said.classes[-1]}"
        if (
            said.asked_for in _ASKED_WITH_CASE
            and said.classes[-1] in _CASE_MARKS
            and not _OPENS.intersection(said.classes)
        ):
            yield "a case phrase answers where, when or for whom"
