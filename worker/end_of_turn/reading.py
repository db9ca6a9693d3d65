"""Reads from the words alone whether the caller has said something whole. Knows nothing of time.

A number, a code or an e-mail address is counted: how much of it is due is a fact, and the first of these rules that has
an opinion decides. All other signs are weighed together.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from worker.end_of_turn import codes, counting, numbers
from worker.end_of_turn.asking import NUMBER, PLACE, SPELLING, TIME, YES_OR_NO
from worker.end_of_turn.emails import is_partial_email, is_whole_email
from worker.end_of_turn.english import is_reply_in_short, names_without_its_value
from worker.end_of_turn.lexicon import any_answers, lexicon, says_right_or_wrong, says_that_is_all, says_to_hold_on
from worker.end_of_turn.signs import Utterance, announces, begins_a_clause, is_asked, signs_of, utterance
from worker.end_of_turn.weighing import weigh, weights_for
from worker.end_of_turn.word_classes import CONTENT
from worker.end_of_turn.words import TRAILING_OFF

_LONGEST_SHORT_ANSWER_WORDS = 5
_LONGEST_DOOR_WORDS = 6
_DOORS = frozenset({"apartment", "block", "door", "flat", "house", "plot", "shop"})
_EVEN = 0.5  # a recogniser's question mark is worth what the sets for the fit, which have none, cannot say
_REPLY_CLASSES = frozenset({"sentence word", "finite verb", CONTENT})  # and no pronoun, article or conjunction


class Completeness(Enum):
    """What the words say. UNCLEAR is an honest answer: a lone noun can be a whole turn or the start of one."""

    FINISHED = "finished"
    UNCLEAR = "unclear"
    UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Reading:
    """The verdict and what gave it, in words fit for a log: never the transcript itself."""

    completeness: Completeness
    reason: str
    in_pieces: bool = False  # a value of unknown length is being spelled: another piece is likely


def read_words(text: str, language: str | None, asked: str = "") -> Reading:
    """Judge what was said so far in this turn.

    Args:
        language: The recogniser's tag (`hi-IN`); may be wrong, missing or garbage.
        asked: The agent's last sentences, if any.
    """
    said = utterance(text, language, asked)
    return certain_reading(said) or _weighed(said)


def certain_reading(said: Utterance) -> Reading | None:
    """The verdict where it needs no weighing: what is counted, and what is said in few known ways."""
    return next((reading for rule in _CERTAIN if (reading := rule(said)) is not None), None)


def _weighed(said: Utterance) -> Reading:
    weights = weights_for(said.language)
    weighed = weigh(signs_of(said), weights)
    if weighed.probability >= weights.finished_from_in.get(said.language, weights.finished_from):
        return _finished(weighed.reason)
    if weighed.probability >= _EVEN and is_asked(said):
        return _finished(f"a question by its mark; {weighed.reason}")
    if weighed.probability <= weights.unfinished_to and not _tells_how_many(said):
        return _unfinished(weighed.reason)
    return _unclear(weighed.reason)


def _finished(reason: str) -> Reading:
    return Reading(Completeness.FINISHED, reason)


def _unclear(reason: str) -> Reading:
    return Reading(Completeness.UNCLEAR, reason)


def _unfinished(reason: str) -> Reading:
    return Reading(Completeness.UNFINISHED, reason)


def _no_words(said: Utterance) -> Reading | None:
    return _unclear("no words") if not said.words else None


def _email(said: Utterance) -> Reading | None:
    topic_words = numbers.about("email", said.language)
    if is_whole_email(said.words):
        return _finished("whole e-mail address")
    if is_partial_email(said.words, topic_words, asked=bool(topic_words.intersection(said.asked))):
        return _unfinished("partial e-mail address")
    return None


def _code(said: Utterance) -> Reading | None:
    due = codes.characters_due(said.core, said.asked, said.language)
    if due is None:
        return None
    if due.said < due.of:
        return _unfinished(f"{due.said} characters of {due.of}")
    return _finished(f"all {due.of} characters") if due.said == due.of else None


def _plate(said: Utterance) -> Reading | None:
    plate = codes.plate_so_far(said.core, said.asked, said.language)
    if plate is None:
        return None
    return _finished("a whole vehicle number") if plate else _unfinished("part of a vehicle number")


def _spelling(said: Utterance) -> Reading | None:
    first_of_a_number = said.asked_for == NUMBER and len(said.core) == 1  # "K", of a passport's
    if said.asked_for != SPELLING and not first_of_a_number and not codes.is_spelled(said.core):
        return None
    if not codes.ends_in_a_spelled_letter(said.core):
        return None
    return Reading(Completeness.UNCLEAR, "a word is being spelled", in_pieces=True)


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
        return _unclear(f"{len(number.digits)} digits may be all")
    if due == "all":
        return _finished(f"all {len(number.digits)} digits")
    if number.spoken_singly or topic == numbers.OTHER_NUMBER:
        return Reading(Completeness.UNCLEAR, "a number of unknown length", in_pieces=number.spoken_singly)
    return None


def _address_begun(said: Utterance) -> Reading | None:
    """Asked where: behind "flat number twelve" come the street and the town."""
    if said.asked_for != PLACE or len(said.core) > _LONGEST_DOOR_WORDS:
        return None
    ends_in_number = counting.ends_in_count(said.core, said.language) or codes.ends_in_a_spelled_letter(said.core)
    is_door = ends_in_number and not _DOORS.isdisjoint(said.core[:-1])
    return _unfinished("a door without its street") if is_door else None


def _date(said: Utterance) -> Reading | None:
    birth = numbers.about("birth", said.language)
    if not birth.intersection(said.words) and not birth.intersection(said.asked):
        return None
    number = numbers.trailing_number(said.core, said.language)
    has_year = counting.year_so_far(said.core, said.language)
    if has_year or (number is not None and len(number.digits) >= 4):
        return _finished("date with its year")
    if has_year is False:
        return _unfinished("date with half its year")
    last = said.core[-1]
    if number is not None or last in numbers.about("months", said.language) or last in lexicon("en").days:
        return _unfinished("date without its year")
    return None


def _is_asked_how_many(said: Utterance) -> bool:
    """Not for a number that is counted digit by digit, like a telephone's."""
    return said.asked_for == NUMBER and numbers.topic_of(said.asked, said.language) in (None, "amount")


def _tells_how_many(said: Utterance) -> bool:
    """ "Three" and "three people" may be all that was asked for."""
    if not _is_asked_how_many(said):
        return False
    counted = said.core[:-1] if said.classes[-1] == CONTENT else said.core
    return counting.ends_in_count(counted, said.language) or counting.ends_in_count(said.core, said.language)


def _amount(said: Utterance) -> Reading | None:
    """Asked how much: "two thousand five hundred" is whole, "two thousand five" perhaps not yet."""
    if not _is_asked_how_many(said):
        return None
    currency = numbers.about("amount", said.language)
    core = said.core[:-1] if said.core[-1] in currency else said.core
    amount = counting.amount_so_far(core, said.language)
    if amount is None:
        return None
    is_whole = amount is counting.Ending.WHOLE or core != said.core
    return _finished("a whole amount") if is_whole else _unclear("an amount that may go on")


def _number_to_come(said: Utterance) -> Reading | None:
    """ "साढ़े" and "half past" wait for their number; asked when, "next" waits for its day."""
    if _ends_in(said, said.main.before_a_number | lexicon("en").before_a_number):
        return _unfinished("the number to come")
    if said.asked_for == TIME and _ends_in(said, said.main.before_a_time | lexicon("en").before_a_time):
        return _unfinished("the day to come")
    return None


def _ends_in(said: Utterance, phrases: frozenset[tuple[str, ...]]) -> bool:
    return any(said.core[-len(phrase) :] == phrase for phrase in phrases)


def _reply_in_short(said: Utterance) -> Reading | None:
    """ "Is this your number?" "It is.": the auxiliary stands for the whole answer."""
    is_reply = said.asked_for == YES_OR_NO and is_reply_in_short(said.core)
    return _finished("a reply in short") if is_reply else None


def _short_answer(said: Utterance) -> Reading | None:
    """Nothing but "yes", "haan ji", "no thank you": whole whatever was asked."""
    if len(said.words) > _LONGEST_SHORT_ANSWER_WORDS or not all(word in any_answers(word) for word in said.words):
        return None
    only_replies = set(said.classes) <= _REPLY_CLASSES
    return _finished("short answer or closing") if only_replies else None


def _trailing_off(said: Utterance) -> Reading | None:
    return _unfinished("the recogniser heard it go on") if said.mark == TRAILING_OFF else None


def _hold_on(said: Utterance) -> Reading | None:
    return _unfinished("the caller asks for a moment") if says_to_hold_on(said.core) else None


def _value_or_verb_to_come(said: Utterance) -> Reading | None:
    if names_without_its_value(said.core):
        return _unfinished("a title or label without its name")
    if begins_a_clause(said):
        return _unfinished("a clause without its verb")
    stops_at_its_verb = said.core[-1] in lexicon("en").copulas and announces(said)  # "my number is", in any call
    return _unfinished("announced value missing") if stops_at_its_verb else None


def _that_is_all(said: Utterance) -> Reading | None:
    closes = says_that_is_all(said.words) or says_right_or_wrong(said.words)
    return _finished("short answer or closing") if closes else None


_CERTAIN: tuple[Callable[[Utterance], Reading | None], ...] = (
    _no_words,
    _email,
    _code,
    _plate,
    _address_begun,
    _number,
    _number_to_come,
    _date,
    _amount,
    _trailing_off,
    _hold_on,
    _that_is_all,
    _value_or_verb_to_come,
    _short_answer,
    _reply_in_short,
    _spelling,
)
