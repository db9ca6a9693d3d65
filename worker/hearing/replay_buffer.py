"""Keeps what the caller has said until it is understood, so that another recogniser stream can hear it again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from livekit import rtc

REPLAY_SECONDS = 30.0  # the longest wait and a long turn before it
LEAD_IN_SECONDS = 0.5


class ReplayBuffer:
    """Buffers the newest audio of one caller: a little while nobody speaks, all while something is not understood."""

    def __init__(self) -> None:
        self._frames: deque[rtc.AudioFrame] = deque()
        self._seconds = 0.0

    def __iter__(self) -> Iterator[rtc.AudioFrame]:
        return iter(tuple(self._frames))

    def keep(self, frame: rtc.AudioFrame, *, speech: bool) -> None:
        """Add a frame; what is older than the limit goes."""
        self._frames.append(frame)
        self._seconds += frame.duration
        limit = REPLAY_SECONDS if speech else LEAD_IN_SECONDS
        while self._seconds > limit and self._frames:
            self._seconds -= self._frames.popleft().duration

    def clear(self) -> None:
        """Forget everything: it has been understood."""
        self._frames.clear()
        self._seconds = 0.0
