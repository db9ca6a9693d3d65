"""Arithmetic of the bench, in one place."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value that `share` of all are at or below, between neighbours in proportion; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below, above = math.floor(place), math.ceil(place)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def share_of(count: int, of: int) -> float | None:
    return count / of if of else None


def met(
    goal: dict[str, object], ours: float | None, values: dict[str, float | None], floor_name: str = "floor"
) -> bool | None:
    """Whether a goal is met: None where there is no goal; a figure that is missing has missed it."""
    kind, limit = goal["kind"], goal.get("value")
    if kind == "none" or not isinstance(limit, int | float):
        return None
    if ours is None:
        return False
    if kind == "at_most":
        return ours <= limit
    against = values.get(str(goal.get("against", floor_name)))
    if against is None:
        return False
    return ours <= against * limit if kind == "ratio_to" else ours <= against + limit
