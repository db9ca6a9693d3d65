"""Makes the first span of a call's trace, and sends it on without making a caller wait.

By hand: OpenTelemetry's SDK with an exporter would be a dozen packages more in a function of four, at each cold start.
One span is a few lines of protobuf, and a test reads them with OpenTelemetry's own definitions.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import queue
import re
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from join_token.settings import TraceSettings

WAITING_MAX = 256
REPLY_BYTES_MAX = 65_536
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


class Tracing:
    """Makes a span for each request, and delivers them from a thread."""

    def __init__(self, settings: TraceSettings) -> None:
        self._settings = settings
        self._waiting: queue.Queue[bytes] = queue.Queue(WAITING_MAX)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def begin(self, header: str) -> RequestTrace:
        """Begin a request's span, in the trace that the request came with if there is one."""
        trace_id, parent_id = _read(header)
        noise = os.urandom(24).hex()
        return RequestTrace(trace_id or noise[:32], parent_id, noise[32:], time.time_ns())

    def end(self, trace: RequestTrace, method: str, status: int, code: str) -> None:
        """End it, and have it sent; dropped when too many wait."""
        span = _span(trace, self._settings.service, method, status, code)
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(span)
        with self._starting:  # not before the first: the server forks after this was built
            if self._thread is None:
                self._thread = threading.Thread(target=self._deliver, name="tracing", daemon=True)
                self._thread.start()

    def _deliver(self) -> None:
        while True:
            batch = [self._waiting.get()]
            with contextlib.suppress(queue.Empty):
                while len(batch) < WAITING_MAX:
                    batch.append(self._waiting.get_nowait())
            # Requests laid end to end are one request: protobuf's lists add up. What is not taken is not tried again.
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                self._post(b"".join(batch))

    def _post(self, body: bytes) -> None:
        url, seconds = urlsplit(self._settings.url), self._settings.seconds
        line: http.client.HTTPConnection
        if url.scheme == "https":
            context = ssl.create_default_context()
            line = http.client.HTTPSConnection(url.hostname or "", url.port, timeout=seconds, context=context)
        else:
            line = http.client.HTTPConnection(url.hostname or "", url.port, timeout=seconds)
        # A timeout alone counts from byte to byte: an endpoint that drips would hold the thread for ever.
        late = threading.Timer(seconds, _cut, (line,))
        late.daemon = True
        late.start()
        try:
            path = (url.path or "/") + (f"?{url.query}" if url.query else "")
            headers = {name: value.reveal() for name, value in self._settings.headers.items()}
            line.request("POST", path, body, {"Content-Type": "application/x-protobuf", **headers})
            line.getresponse().read(REPLY_BYTES_MAX)
        finally:
            late.cancel()
            line.close()


def _cut(line: http.client.HTTPConnection) -> None:
    if line.sock is not None:
        with contextlib.suppress(OSError):
            line.sock.shutdown(socket.SHUT_RDWR)


def _read(header: str) -> tuple[str, str]:
    """The trace's and the parent's id, or nothing twice."""
    found = _TRACEPARENT.fullmatch(header)
    if not found or (found[1] == "00" and found[4]):
        return "", ""
    return found[2], found[3]


# ---- opentelemetry/proto/trace/v1/trace.proto, as much of it as one span needs


def _span(trace: RequestTrace, service: str, method: str, status: int, code: str) -> bytes:
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
    resource = _bytes(1, _bytes(1, _text_attribute("service.name", service)))
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
