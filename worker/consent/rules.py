"""Names what consent is about, and how it is come by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Purpose(StrEnum):
    """What a caller agrees to, each for itself."""

    WORDS = "words"
    """What is said is kept as text."""
    RECORDING = "recording"
    """What is said is kept as sound."""
    IMPROVEMENT = "improvement"
    """Either is used to improve the service."""


class Mode(StrEnum):
    """How consent is come by."""

    NONE = "none"
    """Nothing is said: the operator answers for it."""
    ANNOUNCED = "announced"
    """It is said at the beginning; whoever objects is not kept."""
    ASKED = "asked"
    """Only after a clear yes."""


@dataclass(frozen=True, slots=True)
class ConsentRules:
    """Says what one deployment asks for, and how."""

    mode: Mode = Mode.NONE
    purposes: frozenset[Purpose] = frozenset()

    @property
    def opening(self) -> frozenset[Purpose]:
        """What the notice at a call's beginning is about."""
        return frozenset() if self.mode is Mode.NONE else self.purposes - {Purpose.IMPROVEMENT}

    @property
    def asks_to_improve(self) -> bool:
        """Whether those who have said yes are asked a second time."""
        return self.mode is Mode.ASKED and Purpose.IMPROVEMENT in self.purposes

    @property
    def unasked(self) -> frozenset[Purpose]:
        """What is kept though nothing is said about it; improving never is."""
        return frozenset(Purpose) - {Purpose.IMPROVEMENT} - self.opening
