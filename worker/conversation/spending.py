"""Holds one call to its budgets: a warning when little is left, and a spoken end when nothing is.

Before each turn it is claimed what the turn may cost, and behind it what it has cost; no turn waits for the answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from livekit import rtc
from livekit.agents import AgentSession, AgentStateChangedEvent

from records.budgets import Limits, Scope, Verdict
from worker import log_events
from worker.budget.claims import Claims
from worker.conversation.ending import Ending
from worker.conversation.reports import CallReports
from worker.conversation.speaker import NobodyListensError, Speaker
from worker.phone.line import number_of
from worker.text.phone_numbers import fingerprint

END_REASON = "budget"
PHRASES = {Scope.CALL: "budget_up", Scope.CALLER_DAY: "day_is_up", Scope.DAY: "day_is_up"}
WARNING_SHARE = 0.2
"""Of a call's own budget. Of a day's, which is many calls', a call has no share to speak of."""
TURNS_WARNED_AHEAD = 2
LOOK_SECONDS = 5.0
FIRST_VERDICT_SECONDS = 0.3
"""How long a greeting waits to know whether there is anything left; longer, and it is said."""
SETTLING_SECONDS = 2.0
CLAIMED_ANEW_SHARE = 0.5
"""Of what was granted: a turn that has used so much claims again, and does not wait for its end."""


@dataclass(frozen=True, slots=True)
class BudgetParts:
    """What holding a call to its budgets needs; built by the server."""

    limits: Limits
    address: str
    """The teller's (worker/budget/teller.py)."""
    call: str
    """The id under which the call is kept."""
    generation: int
    caller: str
    """The fingerprint that the dispatch brings; empty where it brings none."""
    key: str
    """Ties fingerprints to the phone numbers that they stand for."""
    time_zone: str
    """Where a day is a day."""
    dearest_turn: float
    usual_turn: float
    afterwards: float = 0.0
    """What is done about a call when it is over: the outcome."""
    is_outbound: bool = False
    """Who was called is not asked to call again tomorrow."""


class Spending:
    """Claims for one agent of a call, and tells its caller what comes of it; without parts it does nothing."""

    def __init__(
        self, session: AgentSession[object], parts: BudgetParts | None, speaker: Speaker, ending: Ending,
        reports: CallReports,
    ) -> None:  # fmt: skip
        self._session, self._parts = session, parts
        self._speaker, self._ending, self._reports = speaker, ending, reports
        self._caller = parts.caller if parts is not None else ""
        self._claims: Claims | None = None
        self._first: asyncio.Future[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._granted = self._settled = 0.0
        self._dearest = parts.usual_turn if parts is not None else 0.0
        self._has_spoken = self._warned = self._claimed_once_more = False
        session.on("agent_state_changed", self._agent_moved)
        session.on("close", lambda _: self._closed())

    def met(self, caller: rtc.RemoteParticipant) -> None:
        """Note who calls; the number of a phone stands for its owner."""
        if self._parts is not None and not self._caller and (number := number_of(caller)):
            self._caller = fingerprint(number, self._parts.key)

    async def begin(self, started_at: float) -> None:
        """Claim the first turn; with nothing left, the end is being said when this returns.

        Args:
            started_at: When the call began, in seconds since the epoch; maybe with another agent.
        """
        if (parts := self._parts) is None:
            return
        day = datetime.fromtimestamp(started_at, ZoneInfo(parts.time_zone)).date()
        self._claims = Claims(parts.address, parts.limits, parts.call, parts.generation, day)
        self._claims.decided = self._decided
        self._first = asyncio.get_running_loop().create_future()
        await self._claims.open()
        self._claim(parts.dearest_turn)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_VERDICT_SECONDS):
                await self._first
        self._looking = asyncio.create_task(self._look())

    async def aclose(self) -> None:
        """Settle what the call has cost, when everything is done that costs something."""
        if self._claims is not None:
            self._claims.decided = lambda _: None
            self._claim(0.0)
            await self._claims.aclose()

    def _agent_moved(self, event: AgentStateChangedEvent) -> None:
        """Settle a turn when its answer has been said, and claim the next."""
        if event.old_state == "speaking" and self._claims is not None and self._parts is not None:
            spent, self._has_spoken = self._spent(), True
            self._dearest, self._settled = max(self._dearest, spent - self._settled), spent
            self._claim_if_open(self._parts.dearest_turn)

    async def _look(self) -> None:
        """Claim again in a turn that becomes dear: sound costs as long as the line is open."""
        assert self._parts is not None
        ask = self._parts.dearest_turn
        while not self._ending.begun:
            await asyncio.sleep(LOOK_SECONDS)
            if self._granted - self._spent() < CLAIMED_ANEW_SHARE * ask:
                self._claim_if_open(ask)

    def _claim(self, ask: float) -> None:
        assert self._claims is not None
        self._claims.make(self._caller or None, self._spent(), ask)

    def _spent(self) -> float:
        return self._reports.cost().bill.rupees or 0.0

    def _decided(self, verdict: Verdict) -> None:
        if self._first is not None and not self._first.done():
            self._first.set_result(None)
        self._granted = verdict.committed
        if self._ending.begun or (verdict.used_up is not None and self._claims_once_more()):
            return
        try:
            if verdict.used_up is not None:
                self._end(verdict.used_up)
            elif not self._warned and (scope := self._nearly_used_up(verdict)) is not None:
                self._warn(scope)
        except NobodyListensError:
            return  # the caller leaves: the call ends as it would have

    def _claims_once_more(self) -> bool:
        """Claim again in a moment where another agent has just handed the call over: it may not have settled yet."""
        if self._parts is None or self._parts.generation == 0 or self._claimed_once_more:
            return False
        self._claimed_once_more = True
        asyncio.get_running_loop().call_later(SETTLING_SECONDS, self._claim_if_open, self._parts.dearest_turn)
        return True

    def _claim_if_open(self, ask: float) -> None:
        if not self._ending.begun:
            self._claim(ask)

    def _nearly_used_up(self, verdict: Verdict) -> Scope | None:
        """Return which budget is nearly used up; None for none, before the greeting and while an answer is due."""
        if not self._has_spoken or self._session.agent_state in ("speaking", "thinking"):
            return None
        for scope, left in verdict.left.items():
            share = WARNING_SHARE * (self._limits.call or 0.0) if scope is Scope.CALL else 0.0
            if left <= max(share, TURNS_WARNED_AHEAD * self._dearest):
                return scope
        return None

    @property
    def _limits(self) -> Limits:
        return self._parts.limits if self._parts is not None else Limits()

    def _warn(self, scope: Scope) -> None:
        self._warned = True
        self._reports.event(log_events.BUDGET_NEARLY_USED_UP, budget=scope.value)
        self._speaker.told("budget_warning", "budget_warning")
        self._speaker.say("budget_warning")

    def _end(self, scope: Scope) -> None:
        outbound = self._parts is not None and self._parts.is_outbound
        phrase = PHRASES[Scope.CALL if outbound else scope]
        self._reports.event(log_events.BUDGET_USED_UP, budget=scope.value, turns=self._reports.turns)
        if not self._has_spoken:
            self._reports.event(log_events.CALL_REFUSED, reason=f"budget_{scope.value}", spoken=True)
        self._speaker.told(f"budget_{scope.value}", phrase)
        self._ending.end(END_REASON, phrase)

    def _closed(self) -> None:
        """Give back at once what no turn will use: an agent that goes on with the call may be waiting for it."""
        if self._looking is not None:
            self._looking.cancel()
        if self._claims is not None and self._parts is not None:
            self._claim(self._parts.afterwards)
