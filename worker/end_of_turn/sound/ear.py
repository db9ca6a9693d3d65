"""Hears one caller for the model: keeps their last seconds, and asks about each pause beside the call."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from typing import Final

import numpy as np

from worker.end_of_turn.sound.log_mel import RATE_HZ, Samples
from worker.end_of_turn.sound.model import HEARD_SECONDS

log = logging.getLogger("vaani.end_of_turn")

AskModel = Callable[[bytes], Awaitable[float]]
"""Returns the probability that a turn ended with these 16-bit samples of 16 kHz; may raise anything."""

ANSWER_SECONDS: Final = 0.5
"""The model answers in 0.03 s; later than this, the words have decided, or nearly."""
_FAILURES_TO_GIVE_UP: Final = 3


class Ear:
    """Keeps what a pause is judged by. One per call; at the call's own thread.

    Args:
        ask: Asks the model, which is in another process.
        told: Called when an answer is there.
        now: A monotonic clock in seconds.
    """

    def __init__(self, ask: AskModel, told: Callable[[], None], now: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._told = told
        self._now = now
        self._heard = np.zeros(HEARD_SECONDS * RATE_HZ, np.int16)
        self._end = 0  # where the next sample goes; the oldest stands there
        self._asking: asyncio.Task[None] | None = None
        self._asked_at = -math.inf
        self._probability: float | None = None
        self._failures = 0

    def hear(self, samples: Samples, sample_rate_hz: int) -> None:
        """Keep a piece of the caller's audio. A model of 16 kHz can say nothing of another rate."""
        if sample_rate_hz != RATE_HZ:
            self._give_up(f"the caller's audio comes at {sample_rate_hz} Hz, not {RATE_HZ}")
            return
        samples = samples[-len(self._heard) :]
        first = min(len(samples), len(self._heard) - self._end)
        self._heard[self._end : self._end + first] = samples[:first]
        self._heard[: len(samples) - first] = samples[first:]
        self._end = (self._end + len(samples)) % len(self._heard)

    def speech_began(self) -> None:
        """Forget the pause: it is over."""
        self._forget()

    def pause_began(self) -> None:
        """Ask about the pause that the caller is making."""
        self._forget()
        if self._failures > _FAILURES_TO_GIVE_UP:
            return
        self._asked_at = self._now()
        self._asking = asyncio.create_task(self._asked())

    def probability(self, last_voiced_at: float | None) -> float | None:
        """Return what the model said of this pause; None as long as it has not, or when there was voice since."""
        if last_voiced_at is not None and last_voiced_at > self._asked_at:
            return None
        return self._probability

    def _forget(self) -> None:
        self._probability = None
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    async def _asked(self) -> None:
        heard = np.concatenate((self._heard[self._end :], self._heard[: self._end]))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                self._probability = await self._ask(heard.tobytes())
        except Exception as error:
            self._failures += 1
            if self._failures == _FAILURES_TO_GIVE_UP:
                self._give_up(f"{type(error).__name__}: {error}")
            return
        self._failures = 0
        self._told()

    def _give_up(self, why: str) -> None:
        if self._failures <= _FAILURES_TO_GIVE_UP:
            log.warning("end of turn: going on by words alone in this call", extra={"why": why})
        self._failures = _FAILURES_TO_GIVE_UP + 1
