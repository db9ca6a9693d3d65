"""Keeps the agent able to hear.

A recogniser that fails is noticed, the caller is told, and what was lost is played to its next stream.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import TypeVar

from livekit import rtc

from worker.conversation.bridging import CLOSE_SECONDS, Patience
from worker.conversation.voice_level import VoiceLevel
from worker.faults import NothingHeard, describe

E = TypeVar("E")
REPLAY_SECONDS = 30.0  # the longest wait and a long turn before it
LEAD_IN_SECONDS = 0.5
SPOKEN_IN_VAIN = 3  # so often a caller speaks without being understood before the call ends
FRESH_SECONDS = 5.0
COUGH_SECONDS = 0.7
SIGNS_BEFORE_ASKING = 2
LITTLE_SECONDS = 0.05
ASKED_SECONDS = 15.0  # nobody is asked to say it again more often than this
FAILURES_THAT_END = 2  # fewer within one wait, and the recogniser is working: it was a cough, not a sentence


class Hearing:
    """The state of one call's hearing."""

    def __init__(
        self,
        patience: Patience,
        *,
        fault: Callable[[object], None],
        tell: Callable[[str], None],
        gave_up: Callable[[], None],
    ) -> None:
        self._patience = patience
        self._fault = fault
        self._tell = tell
        self._gave_up = gave_up
        self._failures = self._failures_in_wait = 0
        self._asked_pause_seconds: float | None = None
        self._missed = self._signs = 0
        self._missed_at = self._failed_at = self._failing_since = self._opened_at = -FRESH_SECONDS
        self._asked_at = -ASKED_SECONDS
        self._end_clock: asyncio.TimerHandle | None = None
        self._sign_clock: asyncio.TimerHandle | None = None
        self._again_clock: asyncio.TimerHandle | None = None
        self._unheard: deque[rtc.AudioFrame] = deque()
        self._unheard_seconds = 0.0
        self._level = VoiceLevel()
        self._speech_waiting = False
        self._events: asyncio.Queue[object] | None = None
        self._put_back: deque[object] = deque()
        self.finished = False

    @property
    def waiting(self) -> bool:
        """Whether the caller has said something that is not understood yet, and knows it."""
        return self._end_clock is not None

    @property
    def lost_speech(self) -> list[rtc.AudioFrame]:
        """What the caller has said and several streams in a row have failed to understand; else nothing."""
        lost = self._speech_waiting and self._failures_in_wait >= FAILURES_THAT_END
        return list(self._unheard) if lost else []

    # -- the recogniser's stream -----------------------------------------------------------------------------------

    async def listen(self, audio: AsyncIterable[rtc.AudioFrame]) -> AsyncIterator[rtc.AudioFrame]:
        """The caller's audio for a new recogniser stream: first what an earlier one has lost, then live."""
        if self._speech_waiting:
            for frame in list(self._unheard):
                yield frame
        async for frame in audio:
            self._keep(frame)
            yield frame
        self.finished = True

    async def events(self, stream: AsyncIterable[E]) -> AsyncIterator[E]:
        """The events of a recogniser stream, until it ends, fails, or is to be replaced.

        Raises:
            NothingHeard: Speech got no words out of it: the next stream hears it again.
        """
        if self._failures > 1 or self._asked_pause_seconds is not None:
            # The framework reopens every half second, for ever: not all calls at once, please.
            attempt = min(max(self._failures, 1), 2 if self.waiting else 5)
            await asyncio.sleep(self._patience.pause(attempt, self._asked_pause_seconds))
        self._opened_at = asyncio.get_running_loop().time()
        events: asyncio.Queue[object] = asyncio.Queue()
        while self._put_back:
            events.put_nowait(self._put_back.popleft())
        self._events = events
        pump = asyncio.create_task(_pump(stream, events))
        try:
            while (event := await events.get()) is not _END:
                if isinstance(event, Exception):
                    raise event
                yield event  # type: ignore[misc]
        finally:
            self._events = None
            pump.cancel()
            await asyncio.wait({pump}, timeout=CLOSE_SECONDS)

    def put_back(self, event: object) -> None:
        """Hear an event of the recogniser again, in this stream or, between two, in the next one."""
        if self._events is not None:
            self._events.put_nowait(event)
        else:
            self._put_back.append(event)

    def failed(self, error: BaseException) -> None:
        """The stream broke; the framework opens a new one in half a second."""
        self._failures += 1
        fault = describe("stt", error, self._failures)
        self._asked_pause_seconds = fault.retry_after_seconds
        self._fault(fault)
        if not isinstance(error, NothingHeard):
            self._failures_in_wait += 1
            self._failed_at = asyncio.get_running_loop().time()
            if self._failures_in_wait == 1:
                self._failing_since = self._failed_at
        if self._speech_waiting:
            self._start_clocks()

    # -- the caller ------------------------------------------------------------------------------------------------

    def caller_spoke(self) -> None:
        """Speech began: from here (and a little before) audio is kept until it has been understood."""
        self._speech_waiting = True
        if not self.waiting:
            self._failures_in_wait = 0

    def understood(self) -> None:
        """A transcript came: all is well."""
        if self._speech_waiting:
            self._level.learn(self._unheard)
        self._failures = self._failures_in_wait = self._missed = 0
        self._settle()

    def missed(self, speech_seconds: float) -> None:
        """Speech was heard but no words came: say so, hear it again, and end the call if it stays that way."""
        now = asyncio.get_running_loop().time()
        if now - self._missed_at < FRESH_SECONDS:
            return  # the same sentence, with a pause in it
        if not self.waiting and self._level.is_noise(self._unheard):
            self._settle()  # a street that sounds like speech to the voice detector
            return
        self._missed_at = now
        self._hear_again()
        if speech_seconds < COUGH_SECONDS and not self.waiting:
            self._ask_again()  # a room full of noises must neither end the call nor be talked to without end
            return
        self._missed += 1
        if self._missed >= SPOKEN_IN_VAIN:
            self._give_up()
            return
        self._start_clocks()
        self._keep_hearing_again()
        if self._signs == 0:
            self._tell("late")
        else:
            self._ask_again()
        self._signs += 1
        self._next_sign()

    def close(self) -> None:
        """The call is over."""
        self._stop_clocks()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _hear_again(self) -> None:
        if self._events is not None and self._age() > self._patience.late_seconds:  # a younger one is hearing it now
            self._events.put_nowait(NothingHeard())

    def _age(self) -> float:
        """Seconds since the stream was opened; none has been yet: 0."""
        return 0.0 if self._events is None else asyncio.get_running_loop().time() - self._opened_at

    def _keep_hearing_again(self) -> None:
        """As long as the caller waits, every stream that brings no words in time makes room for another.

        Sooner than the signs of life that the caller hears: a recogniser that is back shall be noticed at once.
        """
        if self._again_clock is None:
            delay = max(self._patience.late_seconds - self._age(), 0.0) + LITTLE_SECONDS
            self._again_clock = asyncio.get_running_loop().call_later(delay, self._again)

    def _again(self) -> None:
        self._again_clock = None
        if self.waiting:
            if self._failures_in_wait == 0:  # else the framework is opening one after the other by itself
                self._hear_again()
            self._keep_hearing_again()

    def _keep(self, frame: rtc.AudioFrame) -> None:
        self._unheard.append(frame)
        self._unheard_seconds += frame.duration
        limit = REPLAY_SECONDS if self._speech_waiting else LEAD_IN_SECONDS
        while self._unheard_seconds > limit and self._unheard:
            self._unheard_seconds -= self._unheard.popleft().duration

    def _settle(self) -> None:
        self._speech_waiting = False
        self._signs = 0
        self._unheard.clear()
        self._unheard_seconds = 0.0
        self._stop_clocks()

    def _start_clocks(self) -> None:
        if self._end_clock is None:
            loop = asyncio.get_running_loop()
            self._end_clock = loop.call_later(self._patience.give_up_seconds, self._wait_is_over)

    def _next_sign(self) -> None:
        if self._sign_clock is not None:
            self._sign_clock.cancel()
        # The phrase itself takes about as long as the silence that may follow it.
        delay = 2 * self._patience.sign_seconds
        self._sign_clock = asyncio.get_running_loop().call_later(delay, self._sign)

    def _sign(self) -> None:
        self._sign_clock = None
        if self._end_clock is None:
            return
        self._signs += 1
        if self._failures_in_wait == 0 and self._signs > SIGNS_BEFORE_ASKING:
            self._ask_again()  # the recogniser works and has heard it over and over: it was not speech, or too soft
            return
        self._tell("one_moment")
        self._next_sign()

    def _ask_again(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._asked_at >= ASKED_SECONDS:
            self._asked_at = now
            self._tell("say_again")

    def _stop_clocks(self) -> None:
        for clock in (self._end_clock, self._sign_clock, self._again_clock):
            if clock is not None:
                clock.cancel()
        self._end_clock = self._sign_clock = self._again_clock = None

    def _wait_is_over(self) -> None:
        self._end_clock = None
        loop = asyncio.get_running_loop()
        failing = loop.time() - self._failed_at < FRESH_SECONDS
        if not self._failures_in_wait or (self._failures_in_wait < FAILURES_THAT_END and not failing):
            self._ask_again()
            self._settle()
            return
        left = self._failing_since + self._patience.give_up_seconds - loop.time()
        if left > 0.1:  # what fails now may not have failed when the wait began
            self._end_clock = loop.call_later(left, self._wait_is_over)
        else:
            self._give_up()

    def _give_up(self) -> None:
        self._stop_clocks()
        self._gave_up()


_END: object = object()


async def _pump(stream: AsyncIterable[object], events: asyncio.Queue[object]) -> None:
    """One task runs the whole stream, so that what it opens is closed where it was opened."""
    try:
        async for event in stream:
            events.put_nowait(event)
    except Exception as error:
        events.put_nowait(error)
    else:
        events.put_nowait(_END)
