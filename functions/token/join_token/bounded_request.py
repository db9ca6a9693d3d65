"""Sends one HTTP request that ends in time and in size, whatever the other side does."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

REPLY_BYTES_MAX = 65_536
NO_ANSWER = (OSError, http.client.HTTPException, ValueError)
"""What is raised where nothing came that could be read, or not in time."""


@contextlib.contextmanager
def answer_to(
    method: str, url: str, headers: Mapping[str, str], *, seconds: float, body: bytes | None = None
) -> Iterator[http.client.HTTPResponse]:
    """Send a request, and hand out its answer to be read; redirects are answers, and are not followed.

    Args:
        seconds: Longest the whole may take, connecting and reading included; then the connection is cut off, and what
            has come of a body looks like all of it. Only looking up the host's name has no limit.
    Raises:
        NO_ANSWER: Nothing came, or not in time.
    """
    deadline = time.monotonic() + seconds
    parts = urlsplit(url)
    host = parts.hostname or ""
    context = ssl.create_default_context() if parts.scheme == "https" else None
    line: http.client.HTTPConnection
    if context is not None:
        line = http.client.HTTPSConnection(host, parts.port, context=context)
    else:
        line = http.client.HTTPConnection(host, parts.port)
    with contextlib.closing(line):
        sock = line.sock = socket.create_connection((host, line.port), timeout=seconds)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            sock = line.sock = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
        # A timeout alone counts from byte to byte: whoever drips, in the handshake or after it, would hold the thread
        # for ever. The socket itself is cut off: the connection gives its own away with an answer that closes it.
        late = threading.Timer(max(0.0, deadline - time.monotonic()), _cut, (sock,))
        late.daemon = True
        late.start()
        try:
            if isinstance(sock, ssl.SSLSocket):
                sock.do_handshake()
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            line.request(method, path, body, dict(headers))
            with line.getresponse() as answer:
                yield answer
        finally:
            late.cancel()


def ask(
    method: str, url: str, headers: Mapping[str, str], *, seconds: float, body: bytes | None = None
) -> tuple[int, bytes]:
    """Return an answer's status and the beginning of its body; for the rest see `answer_to`."""
    with answer_to(method, url, headers, seconds=seconds, body=body) as answer:
        return answer.status, answer.read(REPLY_BYTES_MAX)


def _cut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
