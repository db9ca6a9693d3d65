"""Tells when sound was heard that comes in frames, one behind the other, however late and bunched they come."""

from __future__ import annotations

LATE_SECONDS = 0.1
PATIENCE_SECONDS = 0.3


class FrameClock:
    """Counts the samples of a stream on the wall clock.

    A frame cannot come before it was heard, so what comes early moves the count back. What comes late was held up by a
    busy process, and the frames behind it catch up; when they do not, the stream itself has paused.
    """

    def __init__(self, began_at: float, rate_hz: int) -> None:
        self.end = 0
        """Samples from the beginning until the end of the newest frame."""
        self._began_at, self._rate_hz = began_at, rate_hz
        self._late_since: float | None = None

    def samples(self, at: float) -> float:
        """Return how many samples there are from the beginning until the epoch second `at`."""
        return (at - self._began_at) * self._rate_hz

    def count(self, length: int, now: float) -> int:
        """Put a frame that comes at `now` behind the others; returns by how much the newest sample has moved on."""
        before, arrived = self.end, round(self.samples(now))
        self.end += length
        late = arrived - self.end
        if late <= LATE_SECONDS * self._rate_hz:
            self._late_since = None
            self.end = min(self.end, arrived)
        elif self._late_since is None:
            self._late_since = now
        elif now - self._late_since >= PATIENCE_SECONDS:
            self.end, self._late_since = arrived, None
        self.end = max(self.end, before)  # a clock that was set back
        return self.end - before
