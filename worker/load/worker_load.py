"""Hears in the worker's parent how every call's process fares, and tells them when to do with less."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path

from worker import log_events, parent_socket
from worker.load.from_calls import KEEP, SHED, ProcessMeter
from worker.load.report import LONGEST_LINE_BYTES, REPORT_SECONDS, BadReport, Report
from worker.load.strain import Reading, Strain, StrainControl
from worker.load.window import LoadWindow

log = logging.getLogger("vaani")
PARENT = "parent"


class WorkerLoad:
    """Listens on a socket that calls' processes are told of, and measures this process beside them."""

    def __init__(self, cores: float, late_seconds: float) -> None:
        self.address = str(parent_socket.new_address("load"))
        """Where calls' processes report to."""
        self._window = LoadWindow(cores)
        self._control = StrainControl(late_seconds)
        self._server: asyncio.Server | None = None
        self._measuring: asyncio.Task[None] | None = None
        self.reading = Reading(0.0, 0.0)

    @property
    def strain(self) -> Strain:
        """Return what this worker leaves out now."""
        return self._control.strain

    def is_full(self) -> bool:
        """Whether one call more would make those it has late."""
        return self.strain is not Strain.EASY

    def lag_seconds(self, share: float) -> float:
        """Return the lag that `share` of all ticks of the last half minute were at or below."""
        return self._window.lag_seconds(share)

    async def start(self) -> None:
        """Start to listen; where that cannot be, calls report nothing, and this process is measured alone."""
        self._measuring = asyncio.create_task(self._measure())
        try:
            self._server = await parent_socket.listen(Path(self.address), self._hear, limit=LONGEST_LINE_BYTES)
        except (OSError, NotImplementedError) as error:
            log.warning("calls cannot report how late they are", extra={"why": f"{type(error).__name__}: {error}"})

    async def aclose(self) -> None:
        """Stop listening."""
        if self._measuring is not None:
            self._measuring.cancel()
            await asyncio.gather(self._measuring, return_exceptions=True)
        if self._server is not None:
            self._server.close()
            parent_socket.forget(Path(self.address))

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one call's reports until its process is gone."""
        try:
            while line := await reader.readline():
                self._window.note(writer, Report.read(line))
                writer.write(SHED if self.strain is Strain.SHEDDING else KEEP)
                await writer.drain()
        except (OSError, ValueError, BadReport):  # ValueError: a line without an end
            pass
        finally:
            self._window.forget(writer)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _measure(self) -> None:
        """Take a reading once a second, this process's own report included."""
        meter = ProcessMeter()
        try:
            while True:
                await asyncio.sleep(REPORT_SECONDS)
                self._window.note(PARENT, meter.report())
                self.reading, before = self._window.reading(), self.strain
                if self._control.read(self.reading) is not before:
                    self._tell()
        finally:
            meter.stop()

    def _tell(self) -> None:
        reading = self.reading
        log.log(
            logging.INFO if self.strain is Strain.EASY else logging.WARNING,
            log_events.WORKER_STRAINED,
            extra={
                "state": self.strain.name.lower(),
                "loop_lag_ms": round(reading.lag_seconds * 1000),
                "cpu_share": round(reading.cpu_share, 2),
            },
        )
