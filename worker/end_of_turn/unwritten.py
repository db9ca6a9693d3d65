"""Keep count of the speech that a recogniser has announced and not written yet.

A recogniser announces more than it writes: a cough, a horn, a word too soft. livekit-plugins-sarvam says the end of
such a stretch 3 s late, and never when the next one begins before that. So a stretch is owed a transcript only for a
time once it must have ended; otherwise one horn would make every later turn wait for words that never come.
"""

from dataclasses import dataclass
from typing import Final

WRITTEN_WITHIN_SECONDS: Final = 0.6
"""How long after its end a stretch of speech is still owed its words: Sarvam takes 0.25 to 0.5 s."""


@dataclass(slots=True)
class _Stretch:
    written_by: float | None = None  # None: it may go on


class UnwrittenSpeech:
    """One call's stretches of announced speech. Times are the caller's monotonic seconds."""

    def __init__(self) -> None:
        self._stretches: list[_Stretch] = []
        self._written_since_start = False

    def started(self, now: float) -> None:
        """Speech is announced: whatever was announced before has ended."""
        self._all_ended(now)
        self._stretches.append(_Stretch())
        self._written_since_start = False

    def written(self, now: float) -> None:
        """A final transcript: the oldest stretch that is still owed one has it."""
        self._forget_overdue(now)
        del self._stretches[:1]
        self._written_since_start = True

    def ended(self, now: float) -> None:
        """The recogniser hears nobody any more. Without words since it began, the latest stretch had none."""
        if not self._written_since_start:
            del self._stretches[-1:]
        self._written_since_start = False
        self._all_ended(now)

    def forget(self) -> None:
        """The recogniser is reopened: a new stream never answers for the old one."""
        self._stretches.clear()

    def is_due(self, now: float) -> bool:
        """Whether there are words to come."""
        self._forget_overdue(now)
        return bool(self._stretches)

    def next_overdue_at(self) -> float | None:
        """When a stretch will have waited too long for its words, if one has ended."""
        return min((each.written_by for each in self._stretches if each.written_by is not None), default=None)

    def _all_ended(self, now: float) -> None:
        for each in self._stretches:
            if each.written_by is None:
                each.written_by = now + WRITTEN_WITHIN_SECONDS

    def _forget_overdue(self, now: float) -> None:
        self._stretches = [each for each in self._stretches if each.written_by is None or each.written_by > now]
