"""Keeps count of the speech that a recogniser has announced and not written yet.

A recogniser announces more than it writes: a cough, a horn, a word too soft. livekit-plugins-sarvam says the end of
such a stretch 3 s late, and never when the next one begins before that. So a stretch is owed a transcript only for a
time once it must have ended; otherwise one horn would make every later turn wait for words that never come.
"""

import math
from typing import Final

WRITTEN_WITHIN_SECONDS: Final = 0.6
"""How long after its end a stretch of speech is still owed its words: Sarvam takes 0.25 to 0.5 s."""


class UnwrittenSpeech:
    """Counts one call's stretches of announced speech. Times are the caller's monotonic seconds."""

    def __init__(self) -> None:
        self._written_by: list[float] = []  # oldest first; infinite while a stretch may go on
        self._written_since_start = False

    def started(self, now: float) -> None:
        """Note announced speech: whatever was announced before has ended."""
        self._all_ended(now)
        self._written_by.append(math.inf)
        self._written_since_start = False

    def written(self, now: float) -> None:
        """Note a final transcript: it belongs to the oldest stretch that is still owed one."""
        self._forget_overdue(now)
        del self._written_by[:1]
        self._written_since_start = True

    def ended(self, now: float) -> None:
        """Note that the recogniser hears nobody any more. Without words since it began, the latest stretch had none."""
        if not self._written_since_start:
            del self._written_by[-1:]
        self._written_since_start = False
        self._all_ended(now)

    def forget(self) -> None:
        """Forget all stretches: the recogniser is reopened, and a new stream never answers for the old one."""
        self._written_by.clear()

    def is_due(self, now: float) -> bool:
        """Whether there are words to come."""
        self._forget_overdue(now)
        return bool(self._written_by)

    def next_overdue_at(self) -> float:
        """When a stretch will have waited too long for its words; infinite when none has ended."""
        return min(self._written_by, default=math.inf)

    def _all_ended(self, now: float) -> None:
        self._written_by = [min(written_by, now + WRITTEN_WITHIN_SECONDS) for written_by in self._written_by]

    def _forget_overdue(self, now: float) -> None:
        self._written_by = [written_by for written_by in self._written_by if written_by > now]
