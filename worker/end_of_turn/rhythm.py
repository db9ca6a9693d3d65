"""Remembers how long one caller pauses inside a turn: who pauses long is not hurried by the sound of a short one."""

from collections import deque
from typing import Final

SHORTEST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 2.5  # longer is no pause of theirs: the agent spoke, or nobody did
_REMEMBERED: Final = 5


class Rhythm:
    """The caller's last pauses, each told when they went on after it."""

    def __init__(self) -> None:
        self._pauses: deque[float] = deque(maxlen=_REMEMBERED)

    def went_on_after(self, seconds: float) -> None:
        """Note a silence inside a turn."""
        if SHORTEST_PAUSE_SECONDS <= seconds <= LONGEST_PAUSE_SECONDS:
            self._pauses.append(seconds)

    @property
    def longest_pause_seconds(self) -> float:
        """The longest of the last few; 0 before there was one."""
        return max(self._pauses, default=0.0)
