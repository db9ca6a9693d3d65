"""Decides who may begin a call: a token admits one, a caller has a few at once and a limit of seconds a day.

Kept in the memory of one worker's parent process, for all of its calls: other workers of the same project know nothing
of it. There a token can be used once per worker until it is too old, and a caller's limits count per worker.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass

from worker.settings import CapacitySettings
from worker.ticket import Ticket

DAY_SECONDS = 86_400.0
USED, EXPIRED, TOO_MANY_CALLS, DAY_IS_SPENT = "used", "expired", "too_many_calls", "day_is_spent"


@dataclass(frozen=True, slots=True)
class _Carried:
    room: str
    ticket: Ticket | None
    began_at: float

    @property
    def caller(self) -> str:
        return self.ticket.caller if self.ticket is not None else ""


@dataclass(frozen=True, slots=True)
class _Ended:
    at: float
    ticket_at_seconds: float


class AdmissionRules:
    """Remembers which rooms were ended, which were lost, and what each caller has had."""

    def __init__(
        self, settings: CapacitySettings, *, wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._token_seconds = settings.token_seconds
        self._most_calls = settings.max_calls_per_caller
        self._day_seconds = settings.caller_seconds_per_day
        self._wall = wall
        self._clock = clock
        self._carried: dict[str, _Carried] = {}
        self._ended: dict[str, _Ended] = {}
        self._lost: dict[str, float] = {}
        self._spent: dict[str, deque[tuple[float, float]]] = defaultdict(deque)

    def refusal(self, room: str, ticket: Ticket | None) -> str | None:
        """Return why this ticket begins no call in this room, or None."""
        self._forget()
        if ticket is None:
            return None
        ended = self._ended.get(room)
        if ended is not None and ticket.at_seconds <= ended.ticket_at_seconds:
            return USED  # a backend that names its rooms may make a newer token for the same one
        if room in self._lost or self.carries(room):
            return None  # a call that goes on, after LiveKit itself was away: not a beginning
        if self._wall() - ticket.at_seconds > self._token_seconds:
            return EXPIRED
        if not ticket.caller:
            return None
        if self._most_calls and self._calls_of(ticket.caller) >= self._most_calls:
            return TOO_MANY_CALLS
        if self._day_seconds and self._seconds_of(ticket.caller) >= self._day_seconds:
            return DAY_IS_SPENT
        return None

    def carries(self, room: str) -> bool:
        """Whether a call in this room is one of this worker's."""
        return any(call.room == room for call in self._carried.values())

    def began(self, job: str, room: str, ticket: Ticket | None) -> None:
        """Record that a call was taken."""
        self._carried[job] = _Carried(room, ticket, self._clock())

    def keep(self, jobs: Collection[str]) -> None:
        """Forget all calls but these jobs': LiveKit has given the others to another worker."""
        for job in [job for job in self._carried if job not in jobs]:
            del self._carried[job]

    def over(self, job: str, *, ended: bool, used: bool) -> None:
        """Record that a call's process is gone.

        Args:
            job: Its job; one that was never counted is fine.
            ended: It had taken leave of its caller. One that had not is carried on by another agent.
            used: There had been a caller; the token of one who never came is still good.
        """
        call = self._carried.pop(job, None)
        if call is None:
            return
        now = self._clock()
        if call.caller and used:
            self._spent[call.caller].append((now, now - call.began_at))
        if not ended:
            self._lost[call.room] = now
        elif used and not self.carries(call.room):
            self._lost.pop(call.room, None)
            if call.ticket is not None:
                self._ended[call.room] = _Ended(now, call.ticket.at_seconds)

    def _calls_of(self, caller: str) -> int:
        return sum(call.caller == caller for call in self._carried.values())

    def _seconds_of(self, caller: str) -> float:
        now = self._clock()
        running = sum(now - call.began_at for call in self._carried.values() if call.caller == caller)
        return running + sum(seconds for _, seconds in self._spent.get(caller, ()))

    def _forget(self) -> None:
        """Drop what can no longer matter: a room's name only as long as its token could still be shown."""
        now = self._clock()
        for room in [room for room, ended in self._ended.items() if now - ended.at > self._token_seconds]:
            del self._ended[room]
        for room in [room for room, at in self._lost.items() if now - at > self._token_seconds]:
            del self._lost[room]
        for caller in list(self._spent):
            calls = self._spent[caller]
            while calls and now - calls[0][0] > DAY_SECONDS:
                calls.popleft()
            if not calls:
                del self._spent[caller]
