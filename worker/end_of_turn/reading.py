"""Read from the words alone whether the caller has said something whole.

A list of small rules, most certain first; the first that has an opinion decides. None of them knows about time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from worker.end_of_turn import english, numbers
from worker.end_of_turn.emails import is_partial_email, is_whole_email
from worker.end_of_turn.lexicon import Lexicon, any_answers, lexicon, lexicons_for, main_language
from worker.end_of_turn.words import ASKING, TRAILING_OFF, closing_mark, script_of, words_of

_LONGEST_SHORT_ANSWER_WORDS = 5
_LONGEST_OPEN_IF_CLAUSE_WORDS = 9
_LONGEST_ANNOUNCEMENT_WORDS = 4
_LONGEST_BARE_PHRASE_WORDS = 3
_LATIN_STEM_LETTERS = 2
_NEEDS_MORE_EVEN_IN_A_QUESTION = frozenset({"conjunctions", "determiners", "fillers"})


class Completeness(Enum):
    """What the words say. UNCLEAR is an honest answer: a lone noun can be a whole turn or the start of one."""

    FINISHED = "finished"
    UNCLEAR = "unclear"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Reading:
    """The verdict and the rule that gave it, in words fit for a log: never the transcript itself."""

    completeness: Completeness
    reason: str


@dataclass(frozen=True, slots=True)
class Utterance:
    """What the rules look at."""

    words: tuple[str, ...]
    core: tuple[str, ...]  # without trailing politeness: "batao na sir" ends in "batao"
    mark: str
    language: str
    asked: tuple[str, ...]  # the agent's last words, which say what kind of answer is due

    @property
    def main(self) -> Lexicon:
        return lexicon(self.language)


def read_words(text: str, language: str | None, asked: str = "") -> Reading:
    """Judge what was said so far in this turn.

    Args:
        language: The recogniser's tag (`hi-IN`); may be wrong, missing or garbage.
        asked: The agent's last sentence, if any.
    """
    words = words_of(text)
    main = main_language(words, language)
    utterance = Utterance(words, _without_tags(words, main), closing_mark(text), main, words_of(asked))
    for rule in _RULES:
        if (reading := rule(utterance)) is not None:
            return reading
    return Reading(Completeness.UNCLEAR, "no rule knows this ending")


def _finished(reason: str) -> Reading:
    return Reading(Completeness.FINISHED, reason)


def _unfinished(reason: str) -> Reading:
    return Reading(Completeness.UNFINISHED, reason)


def _without_tags(words: tuple[str, ...], main: str) -> tuple[str, ...]:
    end = len(words)
    while end > 1 and any(words[end - 1] in known.tags for known in lexicons_for(words[end - 1], main)):
        end -= 1
    return words[:end]


def _no_words(said: Utterance) -> Reading | None:
    return Reading(Completeness.UNCLEAR, "no words") if not said.words else None


def _email(said: Utterance) -> Reading | None:
    topic_words = numbers.about("email", said.language)
    if is_whole_email(said.words):
        return _finished("whole e-mail address")
    if is_partial_email(said.words, topic_words, asked=bool(topic_words.intersection(said.asked))):
        return _unfinished("partial e-mail address")
    return None


def _number(said: Utterance) -> Reading | None:
    number = numbers.trailing_number(said.core, said.language)
    if number is None:
        return None
    before = said.core[: len(said.core) - number.words_used]
    topic = numbers.topic_of(before, said.language) or numbers.topic_of(said.asked, said.language)
    if topic in ("birth", "email"):
        return None
    due = numbers.digits_due(number, topic)
    if due == "more":
        return _unfinished(f"{len(number.digits)} digits of a longer number")
    if due == "perhaps":
        return Reading(Completeness.UNCLEAR, f"{len(number.digits)} digits may be all")
    if due == "all":
        return _finished(f"all {len(number.digits)} digits")
    if number.spoken_singly or topic == numbers.OTHER_NUMBER:
        return Reading(Completeness.UNCLEAR, "a number of unknown length")
    return None


def _date(said: Utterance) -> Reading | None:
    birth = numbers.about("birth", said.language)
    if not birth.intersection(said.words) and not birth.intersection(said.asked):
        return None
    number = numbers.trailing_number(said.core, said.language)
    if number is not None and len(number.digits) >= 4:
        return _finished("date with its year")
    last = said.core[-1]
    if number is not None or last in numbers.about("months", said.language) or last in lexicon("en").days:
        return _unfinished("date without its year")
    return None


def _short_answer(said: Utterance) -> Reading | None:
    if len(said.words) > _LONGEST_SHORT_ANSWER_WORDS:
        return None
    if not all(word in any_answers(word) for word in said.words):
        return None
    last = said.core[-1]
    goes_on = any(last in known.open_words for known in lexicons_for(last, said.language))
    if goes_on and last not in said.main.answers:
        return None
    return _finished("short answer or closing")


def _question_mark(said: Utterance) -> Reading | None:
    if said.mark != ASKING:
        return None
    ending = _ending(said)
    if ending is not None and ending.reason in _NEEDS_MORE_EVEN_IN_A_QUESTION:
        return None
    return _finished("question mark")


def _trailing_off(said: Utterance) -> Reading | None:
    return _unfinished("the recogniser heard it go on") if said.mark == TRAILING_OFF else None


def _if_clause(said: Utterance) -> Reading | None:
    clause = english.without_opening(said.core, said.main)
    if not clause or len(clause) > _LONGEST_OPEN_IF_CLAUSE_WORDS or clause[0] not in said.main.if_words:
        return None
    if said.main.then_words.intersection(clause[1:]) or sum(word in said.main.subjects for word in clause) > 1:
        return None
    return _unfinished("an if-clause without its main clause")


def _announcement(said: Utterance) -> Reading | None:
    clause = english.without_opening(said.core, said.main)
    if clause and clause[-1] in said.main.copulas | lexicon("en").copulas:
        clause = clause[:-1]
    announced = said.main.announced | lexicon("en").announced
    if not clause or len(clause) > _LONGEST_ANNOUNCEMENT_WORDS or clause[-1] not in announced:
        return None
    mine = len(clause) > 1 and clause[0] in said.main.my | lexicon("en").my
    bare_with_copula = len(clause) < len(said.core) and all(word in announced for word in clause)
    return _unfinished("announced value missing") if mine or bare_with_copula else None


def _ending(said: Utterance) -> Reading | None:
    """What the last word says; `reason` is the list it stands in."""
    last = said.core[-1]
    for known in lexicons_for(last, said.language):
        if last in known.open_words:
            return _unfinished(known.open_words[last])
        if last in known.finite:
            return _finished("finite")
        if (by_suffix := _by_suffix(last, known)) is not None:
            return by_suffix
    return None


def _by_suffix(word: str, known: Lexicon) -> Reading | None:
    stem = _LATIN_STEM_LETTERS if script_of(word) == "latin" else 1
    goes_on = next((s for s in known.open_suffixes if word.endswith(s) and len(word) >= len(s) + stem), "")
    closes = next((s for s in known.finite_suffixes if word.endswith(s) and len(word) >= len(s) + stem), "")
    if not goes_on and not closes:
        return None
    return _unfinished("case or participle") if len(goes_on) > len(closes) else _finished("finite")


def _last_word(said: Utterance) -> Reading | None:
    if said.language == "en":
        return None
    ending = _ending(said)
    if ending is None:
        return _no_verb_yet(said)
    if ending.completeness is Completeness.UNFINISHED:
        return _unfinished(f"ends in {ending.reason}")
    if said.core[-1] in said.main.questions and not _finite_before_the_last(said):
        return Reading(Completeness.UNCLEAR, "a question word may be the end or not")
    return _finished("ends in a finite verb")


def _finite_before_the_last(said: Utterance) -> bool:
    return len(said.core) > 1 and any(
        said.core[-2] in known.finite for known in lexicons_for(said.core[-2], said.language)
    )


def _no_verb_yet(said: Utterance) -> Reading | None:
    # "mera card", "kya mera payment": a short phrase under a possessive or subject, where the verb comes last.
    clause = english.without_opening(said.core, said.main)
    if len(clause) > 1 and clause[0] in said.main.questions:
        clause = clause[1:]
    opens = said.main.open_words.get(clause[0]) in ("determiners", "verbs")
    heavy = sum(said.main.open_words.get(word) != "postpositions" for word in clause)
    if not opens or not 1 < heavy <= _LONGEST_BARE_PHRASE_WORDS or _tells_a_value(clause, said):
        return None
    return _unfinished("no verb yet")


def _tells_a_value(clause: tuple[str, ...], said: Utterance) -> bool:
    announced = said.main.announced | lexicon("en").announced
    return any(word in announced for word in clause[1:-1])


def _english(said: Utterance) -> Reading | None:
    if said.language != "en":
        return None
    if english.breaks_off(said.core):
        return _unfinished("a phrase that must go on")
    ending = _ending(said)
    if ending is not None and ending.completeness is Completeness.UNFINISHED:
        return _open_english(said, ending.reason)
    if said.core[-1] in lexicon("en").hanging:
        return Reading(Completeness.UNCLEAR, "a word that often has more after it")
    return _finished("whole English sentence") if english.is_sentence(said.core) else None


def _open_english(said: Utterance, kind: str) -> Reading:
    if kind == "demonstratives":
        whole = said.core != said.words and english.is_sentence(said.core)
        return (
            _finished("whole English sentence") if whole else Reading(Completeness.UNCLEAR, "ends in a pointing word")
        )
    if english.may_end_in_a_particle(said.core, kind):
        return Reading(Completeness.UNCLEAR, "a question may end in a preposition or verb")
    return _unfinished(f"ends in {kind}")


_RULES: tuple[Callable[[Utterance], Reading | None], ...] = (
    _no_words,
    _email,
    _number,
    _date,
    _trailing_off,
    _short_answer,
    _question_mark,
    _announcement,
    _if_clause,
    _last_word,
    _english,
)
