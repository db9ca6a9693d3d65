"""Judges which calls a supervisor should hear first, and why: from the record alone, by a rule to be read here."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from records.search_words import spellings_of, words_of

SLOW_MEDIAN_SECONDS = 2.0
SLOWEST_SECONDS = 4.0
INTERRUPTED_OFTEN = 3
REPEATED_WORDS_MIN = 3
"""Shorter questions ("yes", "what?") are asked again in the best of calls."""
ALIKE = 0.75
TURNED_AWAY = frozenset({"busy", "used", "expired", "too_many_calls", "day_is_spent"})
"""Ends of calls that the worker took to say no (worker/conversation/opening.py)."""
BUDGET = "budget"
"""End of a call that nothing was left for: before its first turn, the same."""
NOBODY_THERE = frozenset({"nobody_came", "not_answered"})
"""Ends of calls that the other side never took part in: nobody was left without an answer."""

WEIGHTS = {
    "turned_away": 100,
    "unanswered": 90,
    "failed": 80,
    "promise_without_tool": 70,
    "repeated": 40,
    "rescued": 25,
    "interrupted": 25,
    "apologies": 20,
    "slow": 20,
}
"""What each reason counts. The list is in the order of their sum; repeated questions count for each."""
REPEATED_MAX = 3


@dataclass(frozen=True, slots=True)
class JudgedTurn:
    """One turn, as far as it is judged."""

    heard: str | None
    answered: bool
    interrupted: bool
    latency_seconds: float | None


@dataclass(frozen=True, slots=True)
class JudgedCall:
    """One call that is over, as far as it is judged."""

    answered: bool
    end_reason: str | None
    failed: bool
    rescues: int
    apologies: int
    """Phrases that were said in place of an answer."""
    promise_without_tool: bool
    turns: Sequence[JudgedTurn] = field(default=())


@dataclass(frozen=True, slots=True)
class Judgement:
    """How urgent a call is, and why."""

    attention: int
    reasons: list[str]
    latency_seconds: float | None
    """The median of its turns."""
    slowest_seconds: float | None


def judged(call: JudgedCall) -> Judgement:
    """Judge a call; one that went well has no reasons and an attention of 0."""
    latencies = [turn.latency_seconds for turn in call.turns if turn.latency_seconds is not None]
    median = statistics.median(latencies) if latencies else None
    slowest = max(latencies, default=None)
    reasons = list(_reasons(call, median, slowest))
    attention = sum(WEIGHTS[reason] for reason in reasons)
    if "repeated" in reasons:
        attention += WEIGHTS["repeated"] * (min(repeated_questions(call.turns), REPEATED_MAX) - 1)
    return Judgement(attention, reasons, median, slowest)


def _reasons(call: JudgedCall, median: float | None, slowest: float | None) -> Iterator[str]:
    if call.end_reason in TURNED_AWAY or (call.end_reason == BUDGET and not call.turns):
        yield "turned_away"
    elif call.end_reason not in NOBODY_THERE and (not call.answered or _left_waiting(call.turns)):
        yield "unanswered"
    if call.failed:
        yield "failed"
    if call.promise_without_tool:
        yield "promise_without_tool"
    if repeated_questions(call.turns):
        yield "repeated"
    if call.rescues:
        yield "rescued"
    if sum(turn.interrupted for turn in call.turns) >= INTERRUPTED_OFTEN:
        yield "interrupted"
    if call.apologies:
        yield "apologies"
    if (median or 0) > SLOW_MEDIAN_SECONDS or (slowest or 0) > SLOWEST_SECONDS:
        yield "slow"


def _left_waiting(turns: Sequence[JudgedTurn]) -> bool:
    """Whether the last thing that was said wanted an answer and got none; a "thanks" before hanging up wants none."""
    last = turns[-1] if turns else None
    if last is None or last.answered:
        return False
    return last.heard is None or len(words_of(last.heard)) >= REPEATED_WORDS_MIN


def repeated_questions(turns: Sequence[JudgedTurn]) -> int:
    """How often the caller said again what they had said before, in whatever letters it was written."""
    said = [frozenset(spellings_of(word)[-1] for word in words_of(turn.heard or "")) for turn in turns]
    asked = [words for words in said if len(words) >= REPEATED_WORDS_MIN]
    return sum(any(_alike(words, earlier) for earlier in asked[:index]) for index, words in enumerate(asked))


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= ALIKE * len(one | other)
