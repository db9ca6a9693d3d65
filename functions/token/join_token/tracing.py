"""Makes the first span of a call's trace, and sends it on without making a caller wait.

By hand: OpenTelemetry's SDK with an exporter would be a dozen packages more in a function of four, at each cold start.
One span is a few lines of protobuf, and a test reads them with OpenTelemetry's own definitions.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import struct
import threading
import time
from dataclasses import dataclass

from join_token.bounded_request import NO_ANSWER, ask
from join_token.google_token import access_token
from join_token.request_log import log_trace_lost
from join_token.trace_settings import TraceSettings

WAITING_MAX = 256
_NAME = "token.request"
_SERVER = 2
_ERROR = 2
# W3C Trace Context, 3.2.2: a later version may be longer, and ff is none.
_TRACEPARENT = re.compile(
    r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-.{0,400})?"
)


@dataclass(frozen=True, slots=True)
class RequestTrace:
    """One request's place in a trace; ids in hex."""

    trace_id: str
    parent_id: str
    """Empty where the request came without one."""
    span_id: str
    started_nanoseconds: int

    @property
    def traceparent(self) -> str:
        """What the worker's spans go on from. Sampled: whether a call is traced is not for its caller to say."""
        return f"00-{self.trace_id}-{self.span_id}-01"


def passed_on(header: str) -> str:
    """Return the traceparent that a request came with, for a function that sends no span of its own; "" for none."""
    trace_id, parent_id = _read(header)
    return f"00-{trace_id}-{parent_id}-01" if trace_id else ""


class _NotDelivered(Exception):
    """The endpoint did not take a span; the text says why, and quotes nobody."""


class Tracing:
    """Makes a span for each request, and delivers them from a thread."""

    def __init__(self, settings: TraceSettings) -> None:
        self._settings = settings
        self._waiting: queue.Queue[bytes] = queue.Queue(WAITING_MAX)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._is_told = False

    def begin(self, header: str) -> RequestTrace:
        """Begin a request's span, in the trace that the request came with if there is one."""
        trace_id, parent_id = _read(header)
        noise = os.urandom(24).hex()
        return RequestTrace(trace_id or noise[:32], parent_id, noise[32:], time.time_ns())

    def end(self, trace: RequestTrace, method: str, status: int, code: str) -> None:
        """End it, and have it sent; dropped when too many wait."""
        span = _span(trace, self._settings, method, status, code)
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(span)
        with self._starting:  # not before the first: the server forks after this was built
            if self._thread is None:
                self._thread = threading.Thread(target=self._deliver_all, name="tracing", daemon=True)
                self._thread.start()

    def _deliver_all(self) -> None:
        while True:
            batch = [self._waiting.get()]
            with contextlib.suppress(queue.Empty):
                while len(batch) < WAITING_MAX:
                    batch.append(self._waiting.get_nowait())
            self._deliver(b"".join(batch))  # requests laid end to end are one request: protobuf's lists add up

    def _deliver(self, body: bytes) -> None:
        """Deliver one request. What is not taken is not tried again, and told once until something is taken again."""
        try:
            self._post(body)
        except (_NotDelivered, *NO_ANSWER) as error:
            if not self._is_told:
                self._is_told = True
                log_trace_lost(str(error) if isinstance(error, _NotDelivered) else type(error).__name__)
        else:
            self._is_told = False

    def _post(self, body: bytes) -> None:
        settings = self._settings
        headers = {name: value.reveal() for name, value in settings.headers.items()}
        if settings.metadata_host:
            try:
                headers["authorization"] = f"Bearer {access_token(settings.metadata_host, settings.seconds)}"
            except NO_ANSWER as error:
                raise _NotDelivered(f"no token from the metadata server: {type(error).__name__}") from None
        headers["Content-Type"] = "application/x-protobuf"
        status, _ = ask("POST", settings.url, headers, seconds=settings.seconds, body=body)
        if not 200 <= status < 300:
            raise _NotDelivered(f"HTTP {status}")


def _read(header: str) -> tuple[str, str]:
    """The trace's and the parent's id, or nothing twice."""
    found = _TRACEPARENT.fullmatch(header)
    if not found or (found[1] == "00" and found[4]):
        return "", ""
    return found[2], found[3]


# ---- opentelemetry/proto/trace/v1/trace.proto, as much of it as one span needs


def _span(trace: RequestTrace, settings: TraceSettings, method: str, status: int, code: str) -> bytes:
    """An ExportTraceServiceRequest with one span in it."""
    span = b"".join([
        _bytes(1, bytes.fromhex(trace.trace_id)),
        _bytes(2, bytes.fromhex(trace.span_id)),
        _bytes(4, bytes.fromhex(trace.parent_id)) if trace.parent_id else b"",
        _bytes(5, _NAME.encode()),
        _number(6, _SERVER),
        _time(7, trace.started_nanoseconds),
        _time(8, max(time.time_ns(), trace.started_nanoseconds)),
        _bytes(9, _text_attribute("http.request.method", method)),
        _bytes(9, _attribute("http.response.status_code", _number(3, status))),
        _bytes(9, _text_attribute("vaani.code", code)),
        _bytes(15, _number(3, _ERROR)) if status >= 500 else b"",
    ])  # fmt: skip
    names = {"service.name": settings.service, "gcp.project_id": settings.project_id}
    resource = _bytes(1, b"".join(_bytes(1, _text_attribute(name, value)) for name, value in names.items() if value))
    scope = _bytes(1, _bytes(1, b"vaani"))
    return _bytes(1, resource + _bytes(2, scope + _bytes(2, span)))


def _text_attribute(name: str, value: str) -> bytes:
    return _attribute(name, _bytes(1, value.encode()))


def _attribute(name: str, value: bytes) -> bytes:
    return _bytes(1, name.encode()) + _bytes(2, value)


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _time(field: int, nanoseconds: int) -> bytes:
    return _varint(field << 3 | 1) + struct.pack("<Q", nanoseconds)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
