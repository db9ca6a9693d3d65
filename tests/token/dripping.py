"""A server that sends a byte now and then: no timeout of a socket ever ends a request to it."""

from __future__ import annotations

import socket
import threading

LONG_TLS_RECORD = b"\x16\x03\x03\x40\x00"
"""Its head: a handshake waits for the rest."""


class Dripping:
    """A server that sends the beginning of an answer, and then a byte now and then, for ever."""

    def __init__(self, beginning):
        self.beginning = beginning
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/jwks"
        self.over = threading.Event()
        self.hung_up = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while not self.over.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._drip, args=[connection], daemon=True).start()

    def _drip(self, connection):
        with connection:
            try:
                connection.sendall(self.beginning)
                while not self.over.wait(0.2):
                    connection.sendall(b"x")
            except OSError:
                self.hung_up.set()

    def close(self):
        self.over.set()
        self.listener.close()
