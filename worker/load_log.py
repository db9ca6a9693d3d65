"""Logs how full this worker is, once a minute: it tells on-call that lines are running out before a caller is told."""

from __future__ import annotations

import asyncio
import logging

from worker import log_events
from worker.admission import Admission

log = logging.getLogger("vaani")
EVERY_SECONDS = 60.0


async def log_load(admission: Admission, registered: asyncio.Event) -> None:
    """Log it until cancelled, from when there is a LiveKit to take calls from."""
    await registered.wait()
    while True:
        calls, most = admission.calls(), admission.most
        fields = {"calls": calls, "most_calls": most, "load_percent": round(100 * calls / most, 1)}
        log.info(log_events.WORKER_LOAD, extra=fields)
        await asyncio.sleep(EVERY_SECONDS)
