"""Delivers bytes to an OTLP endpoint over HTTP, and believes nothing that it says.

Not the library's exporter: that one reads whatever an endpoint sends, for as long as it sends.
"""

from __future__ import annotations

import contextlib
import gzip
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

REPLY_BYTES_MAX: Final = 65_536
_WORTH_ANOTHER_TRY: Final = frozenset({408, 429, 502, 503, 504})


class NotDelivered(Exception):
    """The endpoint did not take it."""

    def __init__(self, why: str, *, retryable: bool) -> None:
        super().__init__(why)
        self.retryable = retryable


@dataclass(frozen=True, slots=True)
class Tls:
    """Whom to trust, and who we are."""

    trusted: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class Endpoint:
    """One OTLP endpoint for one kind of telemetry. For one thread."""

    def __init__(
        self, url: str, headers: Mapping[str, str], *, seconds: float, gzipped: bool = False, tls: Tls | None = None
    ) -> None:
        """Remember where; nothing is connected yet.

        Args:
            url: Whole, with its path.
            headers: Sent along.
            seconds: Longest delivery, connecting and the answer included.
            gzipped: Whether to compress.
            tls: For `https`.
        Raises:
            OSError, ssl.SSLError: A certificate cannot be read.
        """
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._seconds = seconds
        self._headers = {"Content-Type": "application/x-protobuf", "User-Agent": "vaani-worker", **headers}
        if gzipped:
            self._headers["Content-Encoding"] = "gzip"
        self._gzipped = gzipped
        self._tls = _context(tls or Tls()) if parts.scheme == "https" else None
        self._line: http.client.HTTPConnection | None = None

    def deliver(self, body: bytes) -> None:
        """Deliver one request.

        Raises:
            NotDelivered: It was not taken, or not in time.
        """
        content = gzip.compress(body, 1) if self._gzipped else body
        kept, self._line = self._line, None
        if kept is not None:
            with contextlib.suppress(ConnectionError):  # one that was closed meanwhile says nothing about the endpoint
                self._judge(self._post(kept, content))
                return
        try:
            self._judge(self._post(self._connection(), content))
        except ConnectionError as error:
            raise NotDelivered(type(error).__name__, retryable=True) from None

    def _post(self, line: http.client.HTTPConnection, content: bytes) -> int:
        deadline = time.monotonic() + self._seconds
        late: threading.Timer | None = None
        try:
            if line.sock is None:
                line.connect()
            # A timeout alone counts from byte to byte: an endpoint that drips would hold us for ever. The socket itself
            # is cut off: the connection gives its own away with an answer that closes it.
            late = threading.Timer(max(0.0, deadline - time.monotonic()), _cut, (line.sock,))
            late.daemon = True
            late.start()
            line.request("POST", self._path, content, self._headers)
            reply = line.getresponse()
            reply.read(REPLY_BYTES_MAX)
            if reply.isclosed() and not reply.will_close:  # to its end: the connection can be used again
                self._line = line
            return reply.status
        except ConnectionError:
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NotDelivered(type(error).__name__, retryable=True) from None
        finally:
            if late is not None:
                late.cancel()
            if self._line is None:
                line.close()

    @staticmethod
    def _judge(status: int) -> None:
        if not 200 <= status < 300:
            raise NotDelivered(f"HTTP {status}", retryable=status in _WORTH_ANOTHER_TRY)

    def close(self) -> None:
        """Close the connection, if one is kept."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def _connection(self) -> http.client.HTTPConnection:
        if self._tls is not None:
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._seconds, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._seconds)


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(tls.trusted) if tls.trusted is not None else None)
    if tls.certificate is not None:
        context.load_cert_chain(tls.certificate, tls.key)
    return context


def _cut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
