"""Makes one call's claims, without ever waiting for what becomes of them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import date

from records.budgets import Claim, Limits, Verdict, judge
from worker.budget.wire import claim_line, read_verdict

log = logging.getLogger("vaani")


class Claims:
    """Sends claims to the worker's teller and hands on its verdicts; alone, it decides by its own spending."""

    def __init__(self, address: str, limits: Limits, call: str, generation: int, day: date) -> None:
        """Prepare to claim.

        Args:
            address: Where the teller listens; empty in a process that has none.
            limits: What may be spent.
            call: The id under which the call is kept, whoever carries it.
            generation: Counts the agents of the call.
            day: The one that it began on.
        """
        self._address, self._limits = address, limits
        self._call, self._generation, self._day = call, generation, day
        self._sequence = 0
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self.decided: Callable[[Verdict], None] = lambda _: None
        """Takes each verdict, in order."""

    async def open(self) -> None:
        """Reach the teller; without one this call is held to its own limit alone."""
        if not self._address:
            return
        try:
            reader, self._writer = await asyncio.open_unix_connection(self._address)
        except OSError as error:
            log.warning("the budgets' teller is not there", extra={"why": type(error).__name__})
            return
        self._reading = asyncio.create_task(self._read(reader))

    def make(self, caller: str | None, spent: float, ask: float) -> None:
        """Make a claim; what becomes of it is told to `decided`."""
        self._sequence += 1
        claim = Claim(self._call, self._generation, self._sequence, self._day, caller, round(spent, 4), round(ask, 4))
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(claim_line(claim))
        else:
            alone = Limits(call=self._limits.call)
            asyncio.get_running_loop().call_soon(self.decided, judge(claim, alone, {}))

    async def aclose(self) -> None:
        """Hand over what was claimed, and leave."""
        if self._writer is not None:
            with contextlib.suppress(OSError):
                self._writer.write_eof()
                await self._writer.drain()
        if self._reading is not None:
            await asyncio.wait({self._reading}, timeout=1)
            self._reading.cancel()
        if self._writer is not None:
            self._writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                sequence, verdict = read_verdict(line)
                if sequence == self._sequence:  # what an older claim came to is of no use any more
                    self.decided(verdict)
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("the budgets' teller is gone", extra={"why": type(error).__name__})
        if self._writer is not None:
            self._writer.close()
