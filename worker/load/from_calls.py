"""Tells the worker's parent how a call's process fares, and hears whether to do with less."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from worker.load.lag import LoopLag
from worker.load.report import REPORT_SECONDS, Report

SHED, KEEP = b"shed\n", b"keep\n"
"""The parent's answers to a report."""


class ProcessMeter:
    """Measures the process it runs in, report by report."""

    def __init__(self) -> None:
        self._lag = LoopLag()
        self._cpu = time.process_time()

    def report(self) -> Report:
        """Return how it went since the last report."""
        before, self._cpu = self._cpu, time.process_time()
        return Report(tuple(self._lag.take()), self._cpu - before)

    def stop(self) -> None:
        """Measure no more."""
        self._lag.stop()


class LoadReporter:
    """Reports once a second for as long as the call lasts; a parent that does not answer changes nothing for it."""

    def __init__(self, socket_path: str, shed: Callable[[bool], None]) -> None:
        """`shed` is called when the call is to do with less, and when it no longer is."""
        self._path = socket_path
        self._shed = shed
        self._sheds = False
        self._task = asyncio.create_task(self._run())

    async def aclose(self) -> None:
        """Report no more."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        meter = ProcessMeter()
        writer = None
        try:
            reader, writer = await asyncio.open_unix_connection(self._path)
            while True:
                await asyncio.sleep(REPORT_SECONDS)
                writer.write(meter.report().line())
                await writer.drain()
                answer = await reader.readline()
                if not answer:
                    return
                self._obey(answer == SHED)
        except OSError:
            return  # the worker's parent is gone, or has no such socket: the call goes on as it is
        finally:
            meter.stop()
            if writer is not None:
                writer.close()
            self._obey(False)

    def _obey(self, sheds: bool) -> None:
        if sheds != self._sheds:
            self._sheds = sheds
            self._shed(sheds)
