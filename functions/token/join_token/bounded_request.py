"""Sends one HTTP request that ends in time and in size, whatever the other side does."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

REPLY_BYTES_MAX = 65_536


def ask(method: str, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> tuple[int, bytes]:
    """Return the reply's status and the beginning of its body.

    Args:
        seconds: Longest the whole may take, connecting included.
    Raises:
        OSError, HTTPException, ValueError: Nothing that could be read came, or not in time.
    """
    parts = urlsplit(url)
    line: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        line = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=seconds, context=context)
    else:
        line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
    # A timeout alone counts from byte to byte: an endpoint that drips would hold the thread for ever.
    late = threading.Timer(seconds, _cut, (line,))
    late.daemon = True
    late.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        line.request(method, path, body, dict(headers))
        reply = line.getresponse()
        return reply.status, reply.read(REPLY_BYTES_MAX)
    finally:
        late.cancel()
        line.close()


def _cut(line: http.client.HTTPConnection) -> None:
    if line.sock is not None:
        with contextlib.suppress(OSError):
            line.sock.shutdown(socket.SHUT_RDWR)
