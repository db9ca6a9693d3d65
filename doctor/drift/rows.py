"""What a comparison comes to: one row for each thing that the code names."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What has become of a thing."""

    SAME = "same"
    MOVED = "moved"
    NOT_LISTED = "not listed"
    """No provider lists it for a program: somebody has to look by hand."""
    NOT_ASKED = "not asked"
    """A key is missing, or another address than the vendor's is set."""
    FAILED = "failed"
    """It was to be asked, and no answer came."""


WRONG = (State.MOVED, State.FAILED)


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison."""

    kind: str
    """models, voices, defaults, limits or prices."""
    name: str
    state: State
    told: str
    """What was seen, and for what has moved, what to do."""
