"""Carries spans and measurements from a call's process to the worker's parent, over a Unix socket.

A call never waits for it: what the socket does not take at once is kept up to a limit, then dropped. And a process that
is killed takes nothing along that it has sent.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from worker import parent_socket

SOCKET_VARIABLE: Final = "VAANI_TELEMETRY_SOCKET"
"""How calls' processes learn of it: they inherit the environment. Not for people to set."""
SPANS: Final = b"s"
MEASUREMENT: Final = b"m"
FRAME_BYTES_MAX = 1_000_000
WAITING_BYTES_MAX = 2_000_000
RECONNECT_SECONDS = 1.0
_HEAD = struct.Struct(">cI")  # kind, length of what follows


def choose_socket() -> Path:
    """Name the socket of this worker, and tell calls' processes; its folder is made when it is listened to."""
    path = parent_socket.new_address("telemetry")
    os.environ[SOCKET_VARIABLE] = str(path)
    return path


class Pipe:
    """The end in a call's process: writes, and never waits or raises."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._socket: socket.socket | None = None
        self._tried_at = float("-inf")
        self._waiting = bytearray()
        self._lock = threading.Lock()  # spans end in other threads, too
        self.dropped = 0

    def send(self, kind: bytes, content: bytes) -> None:
        """Send one frame, or drop it."""
        with self._lock:
            size = _HEAD.size + len(content)
            if len(content) > FRAME_BYTES_MAX or len(self._waiting) + size > WAITING_BYTES_MAX:
                self.dropped += 1
            else:
                self._waiting += _HEAD.pack(kind, len(content)) + content
            self._write()

    def _write(self) -> None:
        line = self._socket or self._connect()
        if line is None:
            return
        try:
            while self._waiting:
                del self._waiting[: line.send(self._waiting)]
        except BlockingIOError:
            return  # the rest goes before the next frame
        except OSError:
            line.close()
            self._socket = None
            self._waiting.clear()  # half a frame may have gone already

    def _connect(self) -> socket.socket | None:
        now = time.monotonic()
        if now - self._tried_at < RECONNECT_SECONDS:
            return None
        self._tried_at = now
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.setblocking(False)
        try:
            line.connect(self._path)  # done or refused at once: it is on this machine
        except OSError:
            line.close()
            return None
        self._socket = line
        return line


class PipeServer:
    """The end in the worker's parent: hands on what calls' processes have sent."""

    def __init__(self, path: Path, take: Callable[[bytes, bytes], None]) -> None:
        self._path = path
        self._take = take
        self._server: asyncio.AbstractServer | None = None
        self._lines: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Start listening, in a folder that nobody else can enter."""
        self._server = await parent_socket.listen(self._path, self._follow)

    async def aclose(self) -> None:
        """Stop listening, and remove the socket's folder."""
        if self._server is not None:
            self._server.close()
        for line in self._lines:
            line.close()
        parent_socket.forget(self._path)

    async def _follow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.add(writer)
        try:
            while True:
                kind, length = _HEAD.unpack(await reader.readexactly(_HEAD.size))
                if length > FRAME_BYTES_MAX:
                    return
                self._take(kind, await reader.readexactly(length))
        except (asyncio.IncompleteReadError, OSError):
            return  # the call is over
        finally:
            self._lines.discard(writer)
            writer.close()
