"""Decides from how late and how busy a worker is whether it takes calls, and whether its calls do with less."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

VERY_LATE = 2.5  # times WORKER_LATE_SECONDS
BUSY_SHARE = 0.92
AGAIN_SHARE = 0.82
AGAIN = 0.6  # of a limit of lateness: what has to be reached before it no longer counts as exceeded
READINGS_UP = 2  # a process that starts, or a machine that hiccups, is over in a second
READINGS_DOWN = 5


class Strain(Enum):
    """Names what a worker leaves out."""

    EASY = "nothing"
    FULL = "new calls: those it has are about to be late"
    SHEDDING = "new calls, and in its calls whatever a caller can do without"


@dataclass(frozen=True, slots=True)
class Reading:
    """Says how a worker fares.

    Args:
        lag_seconds: How late its processes' event loops are: of each the 95th percentile, of those the median.
        cpu_share: How much of its cores it uses, 0 to 1.
    """

    lag_seconds: float
    cpu_share: float


class StrainControl:
    """Follows one worker's readings, which come once a second.

    ========  =======================================================  ========
    in        when                                                     goes to
    ========  =======================================================  ========
    EASY      it is late or busy, two readings in a row                FULL
    FULL      it is very late, two readings in a row                   SHEDDING
    SHEDDING  it is clearly no longer very late, five in a row         FULL
    FULL      it is clearly neither late nor busy, five in a row       EASY
    ========  =======================================================  ========

    Up quickly and down slowly, one step at a time: a worker that took calls again at once would be late again at once.
    """

    def __init__(self, late_seconds: float) -> None:
        """`late_seconds` is what counts as late; with 0 nothing ever does."""
        self._late_seconds = late_seconds
        self.strain = Strain.EASY
        self._up = self._down = 0

    def read(self, reading: Reading) -> Strain:
        """Take one reading; returns the state from now on."""
        worse, better = self._direction(reading)
        self._up = self._up + 1 if worse else 0
        self._down = self._down + 1 if better else 0
        if self._up == READINGS_UP:
            self._go(Strain.FULL if self.strain is Strain.EASY else Strain.SHEDDING)
        elif self._down == READINGS_DOWN:
            self._go(Strain.EASY if self.strain is Strain.FULL else Strain.FULL)
        return self.strain

    def _go(self, strain: Strain) -> None:
        self.strain = strain
        self._up = self._down = 0

    def _direction(self, reading: Reading) -> tuple[bool, bool]:
        if not self._late_seconds:
            return False, False
        late, busy = reading.lag_seconds / self._late_seconds, reading.cpu_share
        if self.strain is Strain.EASY:
            return late >= 1 or busy >= BUSY_SHARE, False
        if self.strain is Strain.FULL:
            return late >= VERY_LATE, late < AGAIN and busy < AGAIN_SHARE
        return False, late < AGAIN * VERY_LATE
