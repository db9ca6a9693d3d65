"""Keeps the agent able to hear.

A recogniser that fails is noticed, the caller is told, and what was lost is played to its next stream.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable

from livekit import rtc

from worker.conversation.bridging import Patience
from worker.faults import describe

REPLAY_SECONDS = 15.0
LEAD_IN_SECONDS = 0.5


class Hearing:
    """The state of one call's hearing."""

    def __init__(
        self,
        patience: Patience,
        *,
        fault: Callable[[object], None],
        tell: Callable[[str], None],
        gave_up: Callable[[str], None],
    ) -> None:
        self._patience = patience
        self._fault = fault
        self._tell = tell
        self._gave_up = gave_up
        self._failures = 0
        self._misses = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._unheard: deque[rtc.AudioFrame] = deque()
        self._unheard_seconds = 0.0
        self._speech_waiting = False

    @property
    def down(self) -> bool:
        """Whether the last thing the recogniser did was to fail."""
        return self._failures > 0

    async def listen(self, audio: AsyncIterable[rtc.AudioFrame]) -> AsyncIterator[rtc.AudioFrame]:
        """The caller's audio for a new recogniser stream: first what an earlier one has lost, then live."""
        if self._speech_waiting:
            for frame in list(self._unheard):
                yield frame
        async for frame in audio:
            self._keep(frame)
            yield frame

    def caller_spoke(self) -> None:
        """Speech began: from here (and a little before) audio is kept until it has been understood."""
        self._speech_waiting = True

    def understood(self) -> None:
        """A transcript came: all is well."""
        self._failures = self._misses = 0
        self._speech_waiting = False
        self._unheard.clear()
        self._unheard_seconds = 0.0
        self._stop_clock()

    def failed(self, error: BaseException) -> None:
        """The stream broke; the framework opens a new one in half a second."""
        self._failures += 1
        self._fault(describe("stt", error, self._failures))
        if self._speech_waiting:
            self._start_clock()

    def missed(self) -> None:
        """Speech was heard but no words came: say so, and end the call if it stays that way."""
        self._misses += 1
        self._start_clock()
        if self._misses <= 2:
            self._tell("late" if self.down else "say_again")

    def close(self) -> None:
        """The call is over."""
        self._stop_clock()

    def _keep(self, frame: rtc.AudioFrame) -> None:
        self._unheard.append(frame)
        self._unheard_seconds += frame.duration
        limit = REPLAY_SECONDS if self._speech_waiting else LEAD_IN_SECONDS
        while self._unheard_seconds > limit and self._unheard:
            self._unheard_seconds -= self._unheard.popleft().duration

    def _start_clock(self) -> None:
        if self._deadline is None:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(self._patience.give_up_seconds, self._give_up)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self.down or self._misses > 2:
            self._tell("give_up")
            self._gave_up("stt")
