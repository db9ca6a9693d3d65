"""Defines what a budget is held against, and the one rule by which all ledgers decide.

An agent claims before each of its turns: what it has spent so far, and what the next turn may cost at most. What is
granted counts as spent until the next claim says what it really was, so that an agent that is killed has spent it.
Something is granted as long as something is left, and so no budget is overrun by more than one turn, however many
agents spend at once. Every claim is a total: told twice, late or after a lost answer it changes nothing.

Only the standard library: a call's process makes claims, and has nothing of a database in its memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

RUPEE_DIGITS = 4


class Scope(StrEnum):
    """Whose spending a budget bounds."""

    DAY = "day"
    """Everybody's of one day."""
    CALLER_DAY = "caller_day"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many rupees may be spent; None is no limit."""

    call: float | None = None
    caller_day: float | None = None
    day: float | None = None

    def __iter__(self) -> Iterator[tuple[Scope, float]]:
        """The limits that are set, the widest first."""
        for scope, rupees in ((Scope.DAY, self.day), (Scope.CALLER_DAY, self.caller_day), (Scope.CALL, self.call)):
            if rupees is not None:
                yield scope, rupees

    @property
    def are_set(self) -> bool:
        """Whether there is any."""
        return any(True for _ in self)


@dataclass(frozen=True, slots=True)
class Claim:
    """What one agent of a call has spent, and asks for."""

    call: str
    generation: int
    """Counts the agents of the call, as in its record."""
    sequence: int
    """Counts this agent's claims; an older one is told nothing new by a newer."""
    day: date
    """The one that the call began on: all of it counts for that."""
    caller: str | None
    """The fingerprint; None for nobody in particular, who has no budget of their own."""
    spent: float
    """So far, by this agent alone."""
    ask: float
    """For the next turn; 0 for an agent that is leaving."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a claim."""

    granted: bool
    committed: float
    """What the agent counts for from now on."""
    left: Mapping[Scope, float] = field(default_factory=dict)
    """Of each limit before the next turn; below zero where a turn has cost more than was left."""
    used_up: Scope | None = None
    """The widest budget with nothing left."""


def judge(claim: Claim, limits: Limits, others: Mapping[Scope, float]) -> Verdict:
    """Decide a claim.

    Args:
        claim: One agent's.
        limits: What may be spent.
        others: What everybody else counts for, by scope.
    """
    left = {scope: round(limit - others.get(scope, 0.0) - claim.spent, RUPEE_DIGITS) for scope, limit in limits}
    if claim.caller is None:
        left.pop(Scope.CALLER_DAY, None)
    used_up = next((scope for scope, rupees in left.items() if rupees <= 0), None)
    committed = claim.spent if used_up is not None else claim.spent + claim.ask
    return Verdict(used_up is None, round(committed, RUPEE_DIGITS), left, used_up)
