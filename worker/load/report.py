"""Describes how one process fared in the last second, and writes that as a line for the worker's parent."""

from __future__ import annotations

import json
from dataclasses import dataclass

from worker.load.lag import TICK_SECONDS

REPORT_SECONDS = 1.0
LONGEST_LINE_BYTES = 16_384
MOST_LAGS = int(60 / TICK_SECONDS)  # a process that stood still for a minute has been ended by then


class BadReport(ValueError):
    """Raised for a line that is no report."""


@dataclass(frozen=True, slots=True)
class Report:
    """Says how late a process's event loop was, tick by tick, and how much CPU time it has used."""

    lags_seconds: tuple[float, ...]
    cpu_seconds: float

    def line(self) -> bytes:
        """Return it as it is sent; milliseconds, because digits cost time to write and to read."""
        lags = [round(each * 1000) for each in self.lags_seconds[-MOST_LAGS:]]
        return json.dumps([lags, round(self.cpu_seconds, 4)], separators=(",", ":")).encode() + b"\n"

    @staticmethod
    def read(line: bytes) -> Report:
        """Read a line. Raises BadReport."""
        try:
            lags, cpu_seconds = json.loads(line)
            report = Report(tuple(each / 1000 for each in lags), float(cpu_seconds))
        except (ValueError, TypeError) as error:
            raise BadReport(f"no report: {line[:40]!r}") from error
        if not all(0 <= number < 1e6 for number in (*report.lags_seconds, report.cpu_seconds)):
            raise BadReport(f"no report: {line[:40]!r}")
        return report
