"""Reads an answer to "may we keep this?": only a clear yes is one.

Pure, and the same for all languages: callers mix them, and a recogniser's tag for one short word proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache

from worker.consent.withdrawal import Remark, remark_in
from worker.consent.words import PhraseLists, Words, clauses_of
from worker.lang import part_of, shared
from worker.languages import SUPPORTED

YES_KEY, NO_KEY = "1", "2"


class Answer(Enum):
    """What was answered."""

    YES = "a clear yes"
    NO = "a clear no"
    LATER = "not now: as good as a no"
    UNCLEAR = "something else, which wants a reply of its own"
    NOTHING = "a greeting or a sound: the answer may still come"


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer, and whether more was said than that."""

    answer: Answer
    says_more: bool
    """Whether the words want a reply too: "no, and where is my order?"."""


def read_key(digit: str) -> Answer:
    """Read a key of a phone: 1 is yes, 2 is no, any other nothing."""
    return {YES_KEY: Answer.YES, NO_KEY: Answer.NO}.get(digit, Answer.NOTHING)


def read_answer(text: str) -> Heard:
    """Read what a caller says when the question has been put.

    A yes is clear when nothing else was said, or when it says what may be done ("yes, go ahead, and where is my
    order?"): "haan" in front of something else is how sentences begin. A no is clear wherever it begins.
    """
    if remark_in(text) is Remark.WITHDRAWS:
        return Heard(Answer.NO, says_more=False)
    lists = _lists()
    # "No problem" is not a no, and not so clear a yes.
    clauses = [clause for each in clauses_of(text) if (clause := lists.without("of_no_weight", each))]
    words = tuple(word for clause in clauses for word in clause)
    end = len(words)
    if end in lists.run(("polite", "greetings"), words, {0}):
        return Heard(Answer.NOTHING, says_more=False)
    politely = lists.run(("polite",), words, {0})
    # "no, later" and "okay, later" too: whatever else was said, it is not now.
    before_later = lists.run(("polite", "yes", "no"), words, {0})
    for answer, begun, said, beside in (
        (Answer.LATER, before_later, ("later",), ("later", "yes", "no", "polite")),
        (Answer.NO, politely, ("no",), ("no", "polite")),
        (Answer.YES, politely, ("yes", "surely"), ("yes", "surely", "polite")),
    ):
        if end in lists.run(beside, words, lists.step(said, words, begun)):
            return Heard(answer, says_more=False)
    if _begins_with_no(words):
        return Heard(Answer.NO, says_more=True)
    begins_surely = _is_sure(clauses[0]) or (len(clauses) > 1 and _is_sure(clauses[0] + clauses[1]))
    if begins_surely and not any(map(_begins_with_no, clauses)):
        return Heard(Answer.YES, says_more=True)
    return Heard(Answer.UNCLEAR, says_more=True)


def _begins_with_no(words: Words) -> bool:
    lists = _lists()
    return bool(lists.step(("no",), words, lists.run(("polite",), words, {0})))


def _is_sure(words: Words) -> bool:
    """Whether these say what may be done, and nothing else."""
    lists = _lists()
    begun = lists.run(("polite", "yes"), words, {0})
    return len(words) in lists.run(("yes", "polite"), words, lists.step(("surely",), words, begun))


@cache
def _lists() -> PhraseLists:
    answers = [part_of(code, "consent")["answers"] for code in SUPPORTED]
    return PhraseLists(
        {name: sorted({phrase for each in answers for phrase in each[name]}) for name in answers[0]}
        | shared("consent")["answers"]
    )
