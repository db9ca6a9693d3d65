"""Declares what a call's counters cost, in our words; apart from the ports, which load the framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

PHONE_LINE, LIVEKIT_LINE = "line:phone", "line:livekit"
"""The rows of a call's counters that are no model's: seconds on the telephone, and in the room."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a call's counters cost."""

    rupees: float | None
    """None where a model in use has no known price, or nothing has been used yet."""
    unpriced: tuple[str, ...] = ()
    """What is not in the sum because nobody knows its price: `tts bulbul:v4-flash`, `phone minutes`."""


Price = Callable[[Mapping[str, Mapping[str, float]]], Bill]
"""Turns a call's counters, a row a model, into a bill."""
