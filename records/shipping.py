"""Ships what waits in the spool into the database, beside the calls: in a thread of the worker's parent process.

A database that is slow, full, gone or read-only holds up nothing but this thread; everything stays in the spool, and
is written when it is back, or by the next worker that starts.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError
from sqlalchemy.ext.asyncio import AsyncEngine

from records.engine import explained, new_engine, upgrade
from records.errors import RecordsError
from records.events import CallEvent, read_line
from records.log_events import RECORDS_DROPPED, RECORDS_WAITING, RECORDS_WRITTEN_AGAIN
from records.purging import purge
from records.retention import Retention
from records.spool import Spool, SpoolFile
from records.writing import agents_gone, close_abandoned, write_events

log = logging.getLogger("vaani")
LOOK_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
SWEEP_SECONDS = 15.0
FORGET_SECONDS = 1.0
PURGE_SECONDS = 3600.0
CHUNK_BYTES = 256 * 1024
BATCH_BYTES = 1024 * 1024
# PostgreSQL's classes of SQLSTATE for values that it cannot take: data exceptions, broken constraints.
_WRONG_STATES = ("22", "23")
_WRONG_VALUES = (ValueError, KeyError, TypeError, AttributeError, OverflowError)


class Shipper:
    """Empties one spool into one database. Every pass reads what is new, writes it, and only then forgets it."""

    def __init__(self, engine: AsyncEngine, folder: Path, retention: Retention | None = None) -> None:
        self._engine = engine
        self._retention = retention
        self._spool = Spool(folder)
        self._swept_at = self._forgot_at = self._purged_at = float("-inf")
        self.is_last = False
        """Whether there will be no other pass: whatever is done now and then is done now."""
        self.written = 0
        """Events, since the start."""

    async def ship(self) -> int:
        """Write what is new; returns how many events that was.

        Raises:
            SQLAlchemyError, OSError: The database or the spool cannot be used now. Nothing is lost.
        """
        if not self._spool.take():
            return 0  # another worker of this machine reads it
        shipped = 0
        while True:
            read = [(file, *file.new_lines(CHUNK_BYTES)) for file in self._of_one_batch()]
            told = [event for _, lines, _ in read for line in lines if (event := _read(line)) is not None]
            if told:
                await self._write(told)
            for file, _, offset in read:
                file.offset = offset
            shipped += len(told)
            if not told:
                break
        await self.forget_finished()
        self.written += shipped
        return shipped

    def _of_one_batch(self) -> list[SpoolFile]:
        """Return the files with news, as many as fit into one transaction."""
        chosen, left = [], BATCH_BYTES
        for file in self._spool.files():
            try:
                size = file.path.stat().st_size
            except FileNotFoundError:
                continue
            if size != file.offset:
                chosen.append(file)
                left -= min(abs(size - file.offset), CHUNK_BYTES)
            if left <= 0:
                break
        return chosen

    async def _write(self, told: list[CallEvent]) -> None:
        """Write events; one that the database will never take is dropped, and said so, not tried for ever."""
        try:
            await write_events(self._engine, told)
        except Exception as error:
            if not is_wrong_event(error):
                raise
            if len(told) > 1:
                middle = len(told) // 2
                await self._write(told[:middle])
                await self._write(told[middle:])
                return
            why = f"the database does not take it: {type(getattr(error, 'orig', None) or error).__name__}"
            log.error(RECORDS_DROPPED, extra={"events": 1, "kind": told[0].kind, "why": why})

    async def forget_finished(self) -> None:
        """Now and then, remove files that were read to their end and are finished: their agents have left the call."""
        if (now := time.monotonic()) - self._forgot_at < FORGET_SECONDS and not self.is_last:
            return
        self._forgot_at = now
        # Read last: until it is finished, its writer may add the very line that says what became of the call.
        finished = [file for file in self._spool.files() if file.is_finished() and file.is_read()]
        if finished:
            await agents_gone(self._engine, {(file.call, file.generation) for file in finished}, datetime.now(UTC))
        for file in finished:
            file.remove_if_read()

    async def sweep(self) -> None:
        """Now and then, end the calls that nobody has ended, and remove what has been kept long enough."""
        if (now := time.monotonic()) - self._swept_at >= SWEEP_SECONDS:
            self._swept_at = now
            await close_abandoned(self._engine, datetime.now(UTC))
        if self._retention is not None and now - self._purged_at >= PURGE_SECONDS:
            self._purged_at = now
            await purge(self._engine, self._retention, datetime.now(UTC))

    def close(self) -> None:
        """Let another worker of this machine read the spool."""
        self._spool.release()


def _read(line: bytes) -> CallEvent | None:
    event = read_line(line)
    if event is None:
        log.error(RECORDS_DROPPED, extra={"events": 1, "why": "a line of the spool cannot be read"})
    return event


def is_wrong_event(error: Exception) -> bool:
    """Return whether the database is well, and what it was given is wrong: no other try mends that."""
    if isinstance(error, (*_WRONG_VALUES, DataError, IntegrityError)):
        return True
    if not isinstance(error, StatementError):
        return False
    if not isinstance(error, DBAPIError):
        return isinstance(error.orig, _WRONG_VALUES)
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return state.startswith(_WRONG_STATES) or isinstance(getattr(error.orig, "__cause__", None), _WRONG_VALUES)


class ShipperThread:
    """Runs a shipper in a thread with an event loop of its own, until it is stopped."""

    def __init__(
        self, url: str, folder: Path, retention: Retention | None = None,
        beside: Callable[[AsyncEngine], Awaitable[None]] | None = None, reader: str = "",
    ) -> None:  # fmt: skip
        """Prepare to ship what waits in `folder` to `url`.

        Args:
            url: The database.
            folder: The spool.
            retention: How long what is kept there; None removes nothing.
            beside: Runs on the shipper's loop from when the database is ready until the end.
            reader: A role of PostgreSQL that can read the records.
        """
        self._url, self._folder, self._retention, self._beside = url, folder, retention, beside
        self._reader = reader
        self._stop = threading.Event()
        self._wake: Callable[[], object] = lambda: None
        self._thread = threading.Thread(target=self._run, name="records shipper", daemon=True)

    def start(self) -> None:
        """Begin to ship."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Ship what is there, for so long at most, and stop; what is left waits for the next worker."""
        self._stop.set()
        self._wake()
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            asyncio.run(self._ship_on())
        except Exception:
            log.exception("the records' shipper has ended")

    async def _ship_on(self) -> None:
        woken, loop = asyncio.Event(), asyncio.get_running_loop()
        self._wake = lambda: loop.call_soon_threadsafe(woken.set)
        engine = new_engine(self._url)
        shipper, pauses = Shipper(engine, self._folder, self._retention), _Pauses()
        beside: asyncio.Future[None] | None = None
        ready = False
        try:
            while True:
                last = shipper.is_last = self._stop.is_set()
                try:
                    if not ready:
                        await upgrade(engine, reader=self._reader)
                        ready = True
                        if self._beside is not None:
                            beside = asyncio.ensure_future(_kept_running(self._beside, engine))
                    await shipper.ship()
                    await shipper.sweep()
                    pauses.well(shipper.written)
                except Exception as error:  # whatever it is, it may pass: the spool keeps everything
                    pauses.failed(error if isinstance(error, RecordsError) else explained(engine, error))
                if last:
                    return
                if not self._stop.is_set():
                    await _until(woken, pauses.seconds)
        finally:
            if beside is not None:
                beside.cancel()
                await asyncio.gather(beside, return_exceptions=True)
            shipper.close()
            await engine.dispose()


async def _kept_running(work: Callable[[AsyncEngine], Awaitable[None]], engine: AsyncEngine) -> None:
    """Begin anew what has broken: messages and outcomes would wait for a worker's next start, and nobody would know."""
    while True:
        try:
            return await work(engine)
        except Exception:
            log.exception("what runs beside the records' shipper has broken, and begins again")
            await asyncio.sleep(LONGEST_PAUSE_SECONDS)


async def _until(woken: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await woken.wait()
    except TimeoutError:
        return
    woken.clear()


class _Pauses:
    """Waits longer the longer a database is away, and says once that it is, and once that it is back."""

    def __init__(self) -> None:
        self.seconds = LOOK_SECONDS
        self._away_since: float | None = None
        self._written = 0

    def failed(self, error: RecordsError) -> None:
        if self._away_since is None:
            self._away_since = time.monotonic()
            log.error(RECORDS_WAITING, extra={"why": error.why, "do": error.do})
        self.seconds = min(2 * self.seconds, LONGEST_PAUSE_SECONDS)

    def well(self, written: int) -> None:
        if self._away_since is not None:
            seconds = round(time.monotonic() - self._away_since, 1)
            log.warning(RECORDS_WRITTEN_AGAIN, extra={"away_seconds": seconds, "events": written - self._written})
        self.seconds, self._away_since, self._written = LOOK_SECONDS, None, written
