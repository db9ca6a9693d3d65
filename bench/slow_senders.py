"""Senders who hold back: so many connections to one address, each with a request that drips in and never ends.

    python -m bench.slow_senders URL COUNT

A process of its own, so that the honest caller beside them is measured and not the machine's Python. Prints `ready`
when all are connected; whoever is turned away comes back half a second later. Runs until it is stopped.
"""

from __future__ import annotations

import selectors
import socket
import sys
import time
from urllib.parse import urlsplit

POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
BEGINNINGS = (
    b"PO",  # half a request line
    POST,  # half the headers
    POST + b"Content-Length: 30000\r\n\r\n{",  # a body that drips
    POST + b"Transfer-Encoding: chunked\r\n\r\n7000\r\n{",  # half a chunk
    POST + b"Content-Length: 30000000\r\n\r\n{",  # too large, and slow to say so
    b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: ",  # half a header
)
DRIP_SECONDS = 0.5
DRIP = b"a"


def main() -> None:
    """Connect, drip, and connect again."""
    address, count = urlsplit(sys.argv[1]), int(sys.argv[2])
    waiting = selectors.DefaultSelector()

    def connect(number: int) -> None:
        sender = socket.create_connection((address.hostname or "", address.port or 80), timeout=10)
        sender.sendall(BEGINNINGS[number % len(BEGINNINGS)])
        sender.setblocking(False)
        waiting.register(sender, selectors.EVENT_READ, number)

    for number in range(count):
        connect(number)
    print("ready", flush=True)
    drip_at = time.monotonic() + DRIP_SECONDS
    turned_away: list[int] = []
    while True:
        for key, _ in waiting.select(max(0.0, drip_at - time.monotonic())):
            sender, number = key.fileobj, key.data
            assert isinstance(sender, socket.socket)
            try:
                if sender.recv(65_536):
                    continue
            except OSError:
                pass  # reset: turned away, too
            waiting.unregister(sender)
            sender.close()
            turned_away.append(number)
        if time.monotonic() >= drip_at:
            drip_at = time.monotonic() + DRIP_SECONDS
            for key in list(waiting.get_map().values()):
                assert isinstance(key.fileobj, socket.socket)
                try:
                    key.fileobj.send(DRIP)
                except OSError:
                    continue  # its end shows in the next round
            while turned_away:
                connect(turned_away.pop())


if __name__ == "__main__":
    main()
