"""Supervises the recogniser: notices that it fails, tells the caller, and plays what was lost to its next stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import aclosing
from enum import Enum
from typing import TypeVar

from livekit import rtc

from worker.faults import NothingHeard, describe
from worker.hearing.recogniser_stream import RecogniserStream
from worker.hearing.replay_buffer import ReplayBuffer
from worker.hearing.timers import Timers
from worker.hearing.voice_level import VoiceLevel
from worker.reply.retry import RetryPolicy

E = TypeVar("E")
MISSES_THAT_END = 3  # a caller who was not understood this many times is said goodbye to
FAILURES_THAT_END = 2  # fewer within one wait, and the recogniser is working: it was a cough, not a sentence
FRESH_SECONDS = 5.0  # what is older than this has passed
COUGH_SECONDS = 0.7
SIGNS_BEFORE_ASKING = 2
ASK_AGAIN_INTERVAL_SECONDS = 15.0  # nobody is asked to say it again more often than this
REPLAY_PATIENCE_GROWTH, MAX_REPLAY_PATIENCE = 1.3, 1.6  # times the usual lateness
REOPEN_MARGIN_SECONDS = 0.05
GIVE_UP_MARGIN_SECONDS = 0.1


class State(Enum):
    """Names what the caller has said that is not understood yet, and why it is not."""

    IDLE = "nothing"
    SPEAKING = "something; its words may still come"
    UNANSWERED = "something; the recogniser works, but no words come, and the caller waits"
    FAILING = "something; the recogniser's streams break, and the caller waits"


class SttSupervisor:
    """Supervises the recogniser of one call.

    ============  ====================================  ==========  ===================================================
    in            what happens                          goes to     and
    ============  ====================================  ==========  ===================================================
    IDLE          the caller speaks                     SPEAKING    from here, and a little before, audio is kept
    SPEAKING      a stream breaks                       FAILING     the next stream hears it again; the wait begins
    any           no words come                         UNANSWERED  "one moment", or "say it again"; heard again
    any           no words come, three times            IDLE        the call gives up
    any           no words come of a cough              as it was   "say it again", now and then
    SPEAKING      no words come of mere noise           IDLE
    UNANSWERED    a stream breaks                       FAILING
    any           words come                            IDLE        what was kept is forgotten
    UNANSWERED    the wait is over                      IDLE        "say it again"
    FAILING       the wait is over, streams fail still  IDLE        the call gives up
    FAILING       the wait is over, they work again     IDLE        "say it again"
    ============  ====================================  ==========  ===================================================
    """

    def __init__(
        self,
        retry_policy: RetryPolicy,
        *,
        fault: Callable[[object], None],
        tell: Callable[[str], None],
        gave_up: Callable[[], None],
    ) -> None:
        self.state = State.IDLE
        self.finished = False
        self._policy = retry_policy
        self._fault = fault
        self._gave_up = gave_up
        self._signs = _SignsOfLife(tell)
        self._stream = RecogniserStream()
        self._unheard = ReplayBuffer()
        self.voice_level = VoiceLevel()
        self._timers = Timers()
        self._failures = _Failures()
        self._misses = self._replays = 0
        self._missed_at = -FRESH_SECONDS

    @property
    def waiting(self) -> bool:
        """Return whether the caller has said something that is not understood yet, and knows it."""
        return self.state in {State.UNANSWERED, State.FAILING}

    @property
    def lost_speech(self) -> list[rtc.AudioFrame]:
        """Return what the caller has said and several streams in a row have failed to understand; else nothing."""
        lost = self.state is not State.IDLE and self._failures.in_wait >= FAILURES_THAT_END
        return list(self._unheard) if lost else []

    async def listen(self, audio: AsyncIterable[rtc.AudioFrame]) -> AsyncIterator[rtc.AudioFrame]:
        """Pass on the caller's audio to a new recogniser stream: first what an earlier one has lost, then live."""
        if self.state is not State.IDLE:
            for frame in self._unheard:
                yield frame
        async for frame in audio:
            self._unheard.keep(frame, speech=self.state is not State.IDLE)
            yield frame
        self.finished = True

    async def events(self, stream: AsyncIterable[E]) -> AsyncIterator[E]:
        """Pass on the events of a recogniser stream, until it ends, fails, or is to be replaced.

        Raises:
            NothingHeard: Speech got no words out of it: the next stream hears it again.
        """
        if self._failures.in_a_row > 1 or self._failures.asked_pause_seconds is not None:
            # The framework reopens every half second, for ever: not all calls at once, please.
            attempt = min(max(self._failures.in_a_row, 1), 2 if self.waiting else 5)
            await asyncio.sleep(self._policy.pause(attempt, self._failures.asked_pause_seconds))
        async with aclosing(self._stream.read(stream)) as events:
            async for event in events:
                yield event

    def put_back(self, event: object) -> None:
        """Hear an event of the recogniser again, in this stream or, between two, in the next one."""
        self._stream.put_back(event)

    def failed(self, error: BaseException) -> None:
        """Note that the stream broke; the framework opens a new one in half a second."""
        self._failures.in_a_row += 1
        fault = describe("stt", error, self._failures.in_a_row)
        self._failures.asked_pause_seconds = fault.retry_after_seconds
        self._fault(fault)
        if not isinstance(error, NothingHeard):
            self._failures.note(_now())
            if self.state is not State.IDLE:
                self._wait(State.FAILING)
        elif self.state is State.SPEAKING:
            self._wait(State.UNANSWERED)

    def caller_spoke(self) -> None:
        """Note that the caller's speech began."""
        if not self.waiting:
            self.state = State.SPEAKING
            self._failures.in_wait = 0

    def understood(self) -> None:
        """Note that a transcript came: all is well."""
        if self.state is not State.IDLE:
            self.voice_level.learn(self._unheard)
        self._misses = 0
        self._failures = _Failures()
        self._settle()

    def missed(self, speech_seconds: float) -> None:
        """Note speech without words: say so, replay it, and end the call if it stays that way."""
        now = _now()
        if now - self._missed_at < FRESH_SECONDS:
            return  # the same sentence, with a pause in it
        if not self.waiting and self.voice_level.is_noise(self._unheard):
            self._settle()  # a street that sounds like speech to the voice detector
            return
        self._missed_at = now
        self._hear_again()
        if speech_seconds < COUGH_SECONDS and not self.waiting:
            self._signs.ask_again()  # a room full of noises must neither end the call nor be talked to without end
            return
        self._misses += 1
        if self._misses >= MISSES_THAT_END:
            self._give_up()
            return
        self._wait(self.state if self.waiting else State.UNANSWERED)
        self._keep_hearing_again()
        self._signs.first()
        self._plan_next_sign()

    def ask_again(self) -> None:
        """Ask the caller to say it again, but not time after time."""
        self._signs.ask_again()

    def close(self) -> None:
        """Stop all timers: the call is over."""
        self._timers.stop()

    def _wait(self, state: State) -> None:
        """Let the caller wait from now on, or wait on for another reason."""
        self.state = state
        self._timers.start(self._policy.give_up_seconds, self._wait_is_over)

    def _wait_is_over(self) -> None:
        now = _now()
        if not self._failures.end_a_call(now):
            self._signs.ask_again()
            self._settle()
            return
        # What fails now may not have failed when the wait began.
        left = self._failures.since + self._policy.give_up_seconds - now
        if left > GIVE_UP_MARGIN_SECONDS:
            self._timers.start(left, self._wait_is_over)
        else:
            self._give_up()

    def _give_up(self) -> None:
        self._settle()
        self._gave_up()

    def _settle(self) -> None:
        self.state = State.IDLE
        self._replays = 0
        self._signs.over()
        self._unheard.clear()
        self._timers.stop()

    def _hear_again(self) -> None:
        age_seconds = self._stream.age_seconds
        if age_seconds is not None and age_seconds > self._stream_seconds():  # a younger one is hearing it now
            self._replays += 1
            self._stream.break_off(NothingHeard())

    def _stream_seconds(self) -> float:
        """Return how long a stream may take: each a little longer, or a slow recogniser would never come to its end."""
        return self._policy.late_seconds * min(REPLAY_PATIENCE_GROWTH**self._replays, MAX_REPLAY_PATIENCE)

    def _keep_hearing_again(self) -> None:
        """Replace every stream that brings no words in time, as long as the caller waits.

        Sooner than the signs of life that the caller hears: a recogniser that is back shall be noticed at once.
        """
        left = max(self._stream_seconds() - (self._stream.age_seconds or 0.0), 0.0)
        self._timers.start(left + REOPEN_MARGIN_SECONDS, self._again)

    def _again(self) -> None:
        if self.state is State.UNANSWERED:  # else the framework is opening one after the other by itself
            self._hear_again()
        self._keep_hearing_again()

    def _plan_next_sign(self) -> None:
        # The phrase itself takes about as long as the silence that may follow it.
        self._timers.restart(2 * self._policy.sign_seconds, self._sign)

    def _sign(self) -> None:
        if self._signs.next(recogniser_works=self.state is State.UNANSWERED):
            self._plan_next_sign()


class _Failures:
    """Counts how often streams have broken, in a row and within one wait of the caller."""

    def __init__(self) -> None:
        self.in_a_row = self.in_wait = 0
        self.since = self.last_at = -FRESH_SECONDS
        self.asked_pause_seconds: float | None = None

    def note(self, now: float) -> None:
        self.in_wait += 1
        self.last_at = now
        if self.in_wait == 1:
            self.since = now

    def end_a_call(self, now: float) -> bool:
        """Return whether it is the recogniser that keeps the caller waiting: it has failed, often or just now."""
        return self.in_wait >= FAILURES_THAT_END or (self.in_wait > 0 and now - self.last_at < FRESH_SECONDS)


class _SignsOfLife:
    """Tells a caller who waits first that it takes a moment, later to say it again."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told = 0
        self._asked_at = -ASK_AGAIN_INTERVAL_SECONDS

    def first(self) -> None:
        """Tell the caller that it takes a moment."""
        if self._told == 0:
            self._tell("late")
        else:
            self.ask_again()
        self._told += 1

    def next(self, *, recogniser_works: bool) -> bool:
        """Give another sign to a caller who still waits; False when that was the last."""
        self._told += 1
        if recogniser_works and self._told > SIGNS_BEFORE_ASKING:
            self.ask_again()  # it has heard it over and over: it was not speech, or too soft
            return False
        self._tell("one_moment")
        return True

    def ask_again(self) -> None:
        """Ask the caller to say it again, unless they were asked just now."""
        if _now() - self._asked_at >= ASK_AGAIN_INTERVAL_SECONDS:
            self._asked_at = _now()
            self._tell("say_again")

    def over(self) -> None:
        """Begin anew: the wait is over."""
        self._told = 0


def _now() -> float:
    return asyncio.get_running_loop().time()
