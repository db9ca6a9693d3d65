"""Decides claims by what one worker knows: alone where there is no database, and while it is away.

While it is away this worker takes its equal share of what was left when the database last spoke, and no more: the other
workers do the same, so that together they stay within the budget.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from records.budgets import Claim, Limits, Scope, Verdict, judge

Purse = tuple[Scope, str]
"""Whose spending: everybody's of a day, a caller's of a day, a call's."""


@dataclass(frozen=True, slots=True)
class _Row:
    claim: Claim
    committed: float


class Ledger:
    """Keeps what the agents of one worker count for, and what the database has last said of the others."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._rows: dict[tuple[str, int], _Row] = {}
        self._totals: dict[Purse, float] = defaultdict(float)
        self._elsewhere: dict[Purse, float] = defaultdict(float)

    def decide(self, claim: Claim, *, is_share: bool = False) -> Verdict:
        """Decide a claim by what is known here; `keep` makes it count.

        Args:
            claim: An agent's.
            is_share: Whether others spend beside: what is asked for must fit then. If each of them were one turn over
                its share, all together would be many.
        """
        others = {purse[0]: self._elsewhere.get(purse, 0.0) + self._of_others(purse, claim) for purse in _purses(claim)}
        if is_share:
            others = {scope: rupees + (0.0 if scope is Scope.CALL else claim.ask) for scope, rupees in others.items()}
        return judge(claim, self._limits, others)

    def keep(self, claim: Claim, committed: float) -> None:
        """Count what was decided for a claim."""
        agent = (claim.call, claim.generation)
        before = self._rows.get(agent)
        if before is None:
            self._forget(claim.day - timedelta(days=2))
        elif before.claim.sequence > claim.sequence:
            return
        else:
            self._add(before.claim, -before.committed)
        self._rows[agent] = _Row(claim, committed)
        self._add(claim, committed)

    def learn(self, claim: Claim, others: Mapping[Scope, float], workers: int) -> None:
        """Take in what the database says that everybody but this claim's agent counts for.

        What other workers may still take of the rest, should the database go away now, counts as taken.
        """
        limits = dict(self._limits)
        for purse in _purses(claim):
            scope, said = purse[0], others.get(purse[0], 0.0)
            elsewhere = max(0.0, said - self._of_others(purse, claim))
            if scope in limits and scope is not Scope.CALL:  # a call is carried by one worker at a time
                elsewhere += max(0.0, limits[scope] - said - claim.spent) * (1 - 1 / workers)
            self._elsewhere[purse] = elsewhere

    def _of_others(self, purse: Purse, claim: Claim) -> float:
        """Return what the other agents of this worker count for."""
        own = self._rows.get((claim.call, claim.generation))
        return self._totals[purse] - (own.committed if own is not None and purse in _purses(own.claim) else 0.0)

    def _add(self, claim: Claim, rupees: float) -> None:
        for purse in _purses(claim):
            self._totals[purse] += rupees

    def _forget(self, before: date) -> None:
        """Drop what counts for days that are over."""
        for agent in [agent for agent, row in self._rows.items() if row.claim.day < before]:
            for purse in _purses(self._rows.pop(agent).claim):
                self._totals.pop(purse, None)
                self._elsewhere.pop(purse, None)


def _purses(claim: Claim) -> list[Purse]:
    """Return whose spending a claim counts for."""
    day = claim.day.isoformat()
    purses = [(Scope.DAY, day), (Scope.CALL, claim.call)]
    return purses if claim.caller is None else [*purses, (Scope.CALLER_DAY, f"{day} {claim.caller}")]
