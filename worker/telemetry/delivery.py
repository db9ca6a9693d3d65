"""Delivers spans in a thread of its own: in order, a batch at a time, with a limit to what may wait."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import Final

from worker import log_events
from worker.telemetry.otlp import Endpoint, NotDelivered

log = logging.getLogger("vaani")
WAITING_BYTES_MAX: Final = 8_000_000
BATCH_BYTES_MAX: Final = 512_000
BATCH_SECONDS: Final = 1.0
"""So long spans are collected before they are sent."""
FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 30.0


class Outage:
    """Says once that an endpoint does not take what it is sent, and once that it does again."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._lasts = False
        self.dropped = 0

    def failed(self, why: str) -> None:
        """Note a delivery that failed."""
        if not self._lasts:
            self._lasts = True
            log.warning(
                log_events.TELEMETRY_WAITING,
                extra={
                    "what": self._what,
                    "why": why,
                    "do": "Look at OTEL_EXPORTER_OTLP_ENDPOINT; no call is disturbed",
                },
            )

    def worked(self) -> None:
        """Note a delivery that was taken."""
        if self._lasts:
            log.info(log_events.TELEMETRY_DELIVERED_AGAIN, extra={"what": self._what, "dropped": self.dropped})
            self._lasts, self.dropped = False, 0


class Delivery:
    """Takes encoded spans in and never waits; drops the oldest when too much waits."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._stopping = False
        self._outage = Outage("traces")
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, request: bytes) -> None:
        """Take one ExportTraceServiceRequest. Several laid end to end are one again: protobuf's lists add up."""
        with self._changed:
            self._waiting.append(request)
            self._bytes += len(request)
            self._drop_what_is_too_much()
            self._changed.notify()

    def stop(self, seconds: float) -> None:
        """Deliver what waits, for so long at most."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(seconds)

    def _run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while (batch := self._next()) is not None:
            try:
                self._endpoint.deliver(b"".join(batch))
            except NotDelivered as error:
                self._outage.failed(str(error))
                if not error.retryable:
                    self._outage.dropped += len(batch)
                    continue
                if self._stopping:
                    break  # that was the last try
                self._put_back(batch)
                self._rest(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            except Exception as error:  # the thread outlives whatever it is told
                self._outage.failed(type(error).__name__)
                self._outage.dropped += len(batch)
            else:
                self._outage.worked()
                pause = FIRST_PAUSE_SECONDS
        self._endpoint.close()

    def _next(self) -> list[bytes] | None:
        """Wait for spans, and a moment for more; None when it is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping)
            full = time.monotonic() + BATCH_SECONDS
            while not self._stopping and self._bytes < BATCH_BYTES_MAX and (left := full - time.monotonic()) > 0:
                self._changed.wait(left)
            if not self._waiting:
                return None
            batch: list[bytes] = []
            size = 0
            while self._waiting and (not batch or size + len(self._waiting[0]) <= BATCH_BYTES_MAX):
                batch.append(self._waiting.popleft())
                size += len(batch[-1])
            self._bytes -= size
            return batch

    def _put_back(self, batch: list[bytes]) -> None:
        with self._changed:
            self._waiting.extendleft(reversed(batch))
            self._bytes += sum(map(len, batch))
            self._drop_what_is_too_much()

    def _drop_what_is_too_much(self) -> None:
        while self._bytes > WAITING_BYTES_MAX:
            self._bytes -= len(self._waiting.popleft())
            self._outage.dropped += 1

    def _rest(self, seconds: float) -> None:
        """Rest before the next try, unless it is to be the last."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping, seconds)
