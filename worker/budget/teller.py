"""Answers the claims of a worker's calls, in a thread of the worker's parent process beside them.

Over all workers where there is a database of records, else for this worker alone. A database that is slow or gone holds
up nobody: a claim is then decided by what this worker knows (worker/budget/ledger.py), and told to it when it is back.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from records.budgets import Claim, Limits, Verdict
from worker import log_events, parent_socket
from worker.budget.ledger import Ledger
from worker.budget.untold import Untold
from worker.budget.wire import read_claim, verdict_line

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

log = logging.getLogger("vaani")
DATABASE_SECONDS = 3.0
"""Longer than this no claim waits for the database: it is made a turn ahead, and turns take longer."""
AWAY_SECONDS = 2.0
"""So long after a failure nobody asks it anything."""
START_SECONDS = 30.0
"""A database's drivers are seconds of imports on a busy machine."""
STOP_SECONDS = 3.0


class Book:
    """Decides claims, by the database if it answers in time."""

    def __init__(self, limits: Limits, engine: AsyncEngine | None, untold: Untold | None = None) -> None:
        self._limits, self._engine = limits, engine
        self._ledger = Ledger(limits)
        self._worker = secrets.token_hex(8)
        self._untold = Untold(None) if untold is None else untold
        self._away_since: float | None = None
        self._asked_again_at = 0.0

    async def decide(self, claim: Claim) -> Verdict:
        """Decide a claim; never raises for what a database does."""
        verdict = await self._by_database(claim)
        if verdict is None:
            verdict = self._ledger.decide(claim, is_share=self._engine is not None)
            if self._engine is not None:
                self._untold.put(claim, verdict.committed)
        self._ledger.keep(claim, verdict.committed)
        return verdict

    async def catch_up(self) -> bool:
        """Tell the database what was decided without it; False while it is away."""
        if self._engine is None or not (self._untold or self._away_since is not None):
            return True
        for claim, committed in self._untold:
            if await self._ask(claim, committed) is None:
                return False
            self._untold.told(claim)
        if self._away_since is not None:
            away_seconds = round(time.monotonic() - self._away_since, 1)
            log.warning(log_events.BUDGET_SHARED_AGAIN, extra={"away_seconds": away_seconds})
            self._away_since = None
        return True

    async def _by_database(self, claim: Claim) -> Verdict | None:
        """Return what the database makes of a claim; None where there is none, or it is away."""
        if self._engine is None or time.monotonic() < self._asked_again_at:
            return None
        if self._untold and not await self.catch_up():
            return None
        return await self._ask(claim, None)

    async def _ask(self, claim: Claim, decided: float | None) -> Verdict | None:
        from records import spending

        assert self._engine is not None
        try:
            async with asyncio.timeout(DATABASE_SECONDS):
                answer = await spending.claim(
                    self._engine, claim, self._limits, self._worker, datetime.now(UTC), decided=decided
                )
        except Exception as error:  # whatever it is, it may pass, and a call waits for no database
            self._asked_again_at = time.monotonic() + AWAY_SECONDS
            if self._away_since is None:
                self._away_since = time.monotonic()
                log.error(log_events.BUDGET_PER_WORKER, extra={"why": type(error).__name__})
            return None
        self._ledger.learn(claim, answer.others, answer.workers)
        return answer.verdict


class Teller:
    """Runs the book's thread, and the address at which calls ask it."""

    def __init__(self, address: str, limits: Limits, records_url: str, folder: Path | None = None) -> None:
        """Prepare to answer.

        Args:
            address: Where calls ask.
            limits: What may be spent.
            records_url: The database that all workers share; empty for none.
            folder: Where what it could not be told outlives this worker.
        """
        self.address, self._limits, self._url, self._folder = address, limits, records_url, folder
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._failed = False
        self._thread = threading.Thread(target=self._run, name="budget-teller", daemon=True)

    def start(self) -> bool:
        """Begin to answer; returns when calls can ask, False where they never can: the log says why."""
        self._thread.start()
        return self._ready.wait(START_SECONDS) and not self._failed

    def stop(self) -> None:
        """Stop answering; what the database has not been told by then, the next worker of this machine tells it."""
        loop, stop = self._loop, self._stop
        if loop is not None and stop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended already
                loop.call_soon_threadsafe(stop.set)
        self._thread.join(STOP_SECONDS)
        parent_socket.forget(Path(self.address))

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception:
            self._failed = True
            log.exception("the budgets' teller has ended")
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        engine = _engine_of(self._url)
        untold = Untold(self._folder if engine is not None else None)
        book = Book(self._limits, engine, untold)
        calls: set[asyncio.Task[None]] = set()

        async def call(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            calls.add(task)
            try:
                await answer_call(book, reader, writer)
            finally:
                calls.discard(task)

        server = await parent_socket.listen(Path(self.address), call)
        self._ready.set()
        catching_up = asyncio.create_task(_catch_up(book))
        try:
            await self._stop.wait()
            server.close()
            await book.catch_up()
        finally:
            for task in (*calls, catching_up):
                task.cancel()
            await asyncio.gather(*calls, catching_up, return_exceptions=True)
            untold.close()
            if engine is not None:
                await engine.dispose()


async def answer_call(book: Book, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one call's claims, in order, until it is over or its process is gone."""
    try:
        while line := await reader.readline():
            claim = read_claim(line)
            writer.write(verdict_line(claim.sequence, await book.decide(claim)))
            await writer.drain()
    except (OSError, ValueError, TypeError) as error:  # a process that was killed may leave half a line
        log.debug("a call's claims have ended", extra={"why": type(error).__name__})
    finally:
        writer.close()


async def _catch_up(book: Book) -> None:
    while True:
        await asyncio.sleep(AWAY_SECONDS)
        await book.catch_up()


def _engine_of(url: str) -> AsyncEngine | None:
    if not url:
        return None
    from records.engine import new_engine  # a database's drivers: only where there is one

    return new_engine(url)
