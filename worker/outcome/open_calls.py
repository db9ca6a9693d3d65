"""Makes the outcomes of calls whose agent was killed before it could, from the words that their records keep."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from records.engine import writing
from records.outcomes import OpenCall, claim_open_call, write_outcome
from records.writing import add_usage
from worker.bill import Price
from worker.outcome.conversation import Conversation, Line, ToolRun
from worker.outcome.making import NO_WORDS, NOTHING_SAID, Outcome, OutcomeMaker
from worker.outcome.noting import note

log = logging.getLogger("vaani")
LOOK_SECONDS = 2.0
AT_ONCE = 4
"""A machine that dies leaves many calls, and the model takes seconds for each."""


class OpenCalls:
    """Looks for such calls beside everything else, for as long as it runs; any worker may, each call is one's."""

    def __init__(self, engine: AsyncEngine, maker: OutcomeMaker, price: Price, *, tells: bool) -> None:
        self._engine, self._maker, self._price, self._tells = engine, maker, price, tells

    async def run(self) -> None:
        """Make what is to be made, a few at once, until cancelled."""
        places = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as making:
            while True:
                await places.acquire()
                if (call := await self._next()) is None:
                    places.release()
                    await asyncio.sleep(LOOK_SECONDS)
                else:
                    making.create_task(self._try(call)).add_done_callback(lambda _: places.release())

    async def make_one(self, now: datetime) -> bool:
        """Make the outcome of the oldest call without one; False where there is none."""
        call = await claim_open_call(self._engine, now)
        if call is not None:
            await self._make(call)
        return call is not None

    async def _next(self) -> OpenCall | None:
        try:
            return await claim_open_call(self._engine, datetime.now(UTC))
        except Exception as error:  # the database is away: the shipper says so
            log.debug("no call could be looked for", extra={"why": type(error).__name__})
            return None

    async def _try(self, call: OpenCall) -> None:
        try:
            await self._make(call)
        except Exception as error:  # it is asked about again when this try's time is over
            log.debug("no outcome could be made", extra={"why": type(error).__name__})

    async def _make(self, call: OpenCall) -> None:
        outcome = await self._made(call)
        note(outcome)
        bill = self._price(outcome.usage)
        async with writing(self._engine) as connection:
            await add_usage(connection, call.id, outcome.usage, bill.rupees, bill.unpriced)
        if outcome.is_answered or call.is_last_try:
            async with writing(self._engine) as connection:
                await write_outcome(connection, call.id, outcome.as_event(), datetime.now(UTC), tell=self._tells)

    async def _made(self, call: OpenCall) -> Outcome:
        if not call.words_kept:
            return Outcome(NO_WORDS if call.said else NOTHING_SAID)
        lines = [
            line for heard, reply in call.said for line in (Line("caller", heard or ""), Line("assistant", reply or ""))
        ]
        tools = [ToolRun(name, ok) for name, ok in call.tools]
        names = sorted({tool.name for tool in tools})
        return await self._maker.make(Conversation(lines, tools), names, keeps_words=True)
