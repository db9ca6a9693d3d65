"""gunicorn's threaded worker, with threads for whole requests only: a slow sender costs a socket and never a thread.

gunicorn's own worker gives a connection a thread at its first byte and lets it wait there without a limit: a few
senders of half a header stop the function for everybody. Here the one polling loop collects a request, within one
deadline for all of it, and what a thread then reads is in memory.
"""

from __future__ import annotations

import json
import re
import socket
import time
from collections import OrderedDict
from concurrent.futures import Future
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.http import get_parser
from gunicorn.workers.gthread import TConn, ThreadWorker

from join_token.endpoint import BODY_BYTES_MAX

REQUEST_SECONDS_MAX = 5.0  # headers and body together
_STOPPING_SECONDS_MAX = 2.0  # the same, once the process was asked to stop
_LINGER_SECONDS_MAX = 1.0  # for a sender who still sends while our answer is on its way
_SEND_SECONDS_MAX = 5.0  # for a caller who does not read the answer
_HEAD_BYTES_MAX = 32_768
# One byte a chunk is six bytes on the wire: more than this is a body that is too large, or not worth understanding.
_CHUNKED_BYTES_MAX = 8 * BODY_BYTES_MAX
_READ_BYTES = 65_536
_LENGTH_PATTERN = re.compile(rb"\r\ncontent-length[ \t]*:[ \t]*([0-9]{1,15})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED_PATTERN = re.compile(rb"\r\ntransfer-encoding[ \t]*:", re.IGNORECASE)
_EXPECT_PATTERN = re.compile(rb"\r\nexpect[ \t]*:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)


class Arrival:
    """The bytes of one request so far, and whether they are all.

    It only finds the end; what the bytes mean is gunicorn's parser's business. Where the two disagree, the parser finds
    its input ended, and nobody waits.
    """

    def __init__(self, started_at: float) -> None:
        self.started_at = started_at
        self.received = bytearray()
        self.asked_to_continue = False
        self._body_at = 0  # 0: the head has not ended yet
        self._body_bytes: int | None = None  # None: chunked
        self._chunk_at = 0
        self._chunked_body_bytes = 0  # of the chunks that have been walked over
        self._last_chunk_ended = False

    def add(self, received: bytes) -> None:
        """Take in what has just come."""
        searched = max(0, len(self.received) - 3)
        self.received += received
        if not self._body_at:
            end = self.received.find(b"\r\n\r\n", searched)
            if end >= 0:
                self._read_head(end + 4)

    @property
    def head_is_too_long(self) -> bool:
        return not self._body_at and len(self.received) > _HEAD_BYTES_MAX

    @property
    def wants_to_be_asked_for_its_body(self) -> bool:
        """Whether the sender holds the body back until `100 Continue`."""
        return self.asked_to_continue and len(self.received) == self._body_at

    def is_whole(self) -> bool:
        """Whether all of the request is here, so that the next one can follow it."""
        if not self._body_at:
            return False
        if self._body_bytes is None:
            self._walk_chunks()
            return self._last_chunk_ended
        return len(self.received) >= self._body_at + self._body_bytes

    def is_too_long(self) -> bool:
        """Whether the body is longer than anything we read, or no chunk size can be made out: no need to wait.

        A chunked body is too long once more of it is here than we read, not once a chunk announces more: what comes
        after us would find a body that ended early.
        """
        if not self._body_at:
            return False
        if self._body_bytes is None:
            wire_bytes = len(self.received) - self._body_at
            return self._chunk_at < 0 or self._chunked_bytes_here() > BODY_BYTES_MAX or wire_bytes > _CHUNKED_BYTES_MAX
        return self._body_bytes > BODY_BYTES_MAX

    def _read_head(self, body_at: int) -> None:
        head = bytes(self.received[:body_at])
        self._body_at = self._chunk_at = body_at
        self.asked_to_continue = _EXPECT_PATTERN.search(head) is not None
        if _CHUNKED_PATTERN.search(head) is None:
            length = _LENGTH_PATTERN.search(head)
            self._body_bytes = int(length[1]) if length else 0

    def _chunked_bytes_here(self) -> int:
        """The bytes of a chunked body that have come, those of a chunk that has not ended among them."""
        end_of_line = self.received.find(b"\r\n", self._chunk_at)
        of_this_chunk = len(self.received) - (end_of_line + 2) if end_of_line >= 0 else 0
        return self._chunked_body_bytes + of_this_chunk

    def _walk_chunks(self) -> None:
        """Walk from chunk to chunk, going on where the last walk ended."""
        while self._chunk_at >= 0 and (end_of_line := self.received.find(b"\r\n", self._chunk_at)) >= 0:
            size_bytes = bytes(self.received[self._chunk_at : end_of_line]).partition(b";")[0].strip()
            try:
                size = int(size_bytes, 16)
            except ValueError:
                size = -1
            next_chunk_at = end_of_line + 2 + size + 2
            if size < 0:
                self._chunk_at = -1  # the parser will say what is wrong with it
                return
            if size == 0:
                # Trailers, if any, end with an empty line.
                self._last_chunk_ended = self.received.find(b"\r\n\r\n", end_of_line) >= 0
                return
            if next_chunk_at > len(self.received):
                return
            self._chunk_at = next_chunk_at
            self._chunked_body_bytes += size


class _Received:
    """What gunicorn's parser reads instead of the socket: all that has come, then nothing."""

    def __init__(self) -> None:
        self.pending = b""

    def __iter__(self) -> _Received:
        return self

    def __next__(self) -> bytes:
        received, self.pending = self.pending, b""
        return received


class _BoundedSocket(socket.socket):
    """A socket whose "blocking" is at most a few seconds: a caller who never reads may not keep a thread."""

    def setblocking(self, flag: bool) -> None:
        self.settimeout(_SEND_SECONDS_MAX if flag else 0.0)


class _Connection(TConn):  # type: ignore[misc]  # gunicorn has no types
    """A connection whose parser reads from memory."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any) -> None:
        super().__init__(cfg, _BoundedSocket(fileno=sock.detach()), client, server)
        self.received = _Received()
        self.parser = get_parser(cfg, self.received, client)
        self.initialized = True
        self.is_answerable_again = True

    def take_read_ahead(self) -> bytes:
        """What has been read of the next request already: a client may send several without waiting."""
        return bytes(self.parser.unreader.take_buffered())


class WholeRequestWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Collects requests in the polling loop, hands whole ones to threads, and sees senders off without waiting."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Oldest first, because each is allowed the same time.
        self._arriving: OrderedDict[_Connection, Arrival] = OrderedDict()
        self._leaving: OrderedDict[_Connection, float] = OrderedDict()

    def accept(self, listener: socket.socket) -> None:
        """Accept one connection; when there are too many, the sender who has been slow for longest makes room."""
        try:
            sock, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        self.enqueue_req(_Connection(self.cfg, sock, address, listener.getsockname()))
        if self.nr_conns >= self.worker_connections and self._arriving:
            self._turn_away_the_slowest()

    def enqueue_req(self, conn: _Connection) -> None:
        """Collect the next request of a connection; a thread is for what has come whole."""
        conn.sock.setblocking(False)
        arrival = Arrival(time.monotonic())
        arrival.add(conn.take_read_ahead())
        self._arriving[conn] = arrival
        if self._receive(conn):  # most requests are here already: the poller need not know of them
            self.poller.register(conn.sock, EVENT_READ, partial(self._on_readable, conn))

    def handle_request(self, req: Any, conn: _Connection) -> bool:
        """Answer in a thread."""
        if not conn.is_answerable_again:
            req.must_close = True
        try:
            return bool(super().handle_request(req, conn))
        except TimeoutError:
            raise StopIteration from None  # the answer was not read: gunicorn's word for closing without a traceback

    def finish_request(self, conn: _Connection, fs: Future[Any]) -> None:
        """Keep the connection, or see it off without waiting in the polling loop."""
        if fs.cancelled() or fs.exception() is not None or not fs.result():
            self._see_off(conn)
        else:
            super().finish_request(conn, fs)

    def murder_pending(self) -> None:
        """Turn away whoever has taken too long; gunicorn calls this once a second."""
        now = time.monotonic()
        allowed_seconds = REQUEST_SECONDS_MAX if self.alive else _STOPPING_SECONDS_MAX
        while self._arriving and next(iter(self._arriving.values())).started_at + allowed_seconds <= now:
            self._turn_away_the_slowest()
        while self._leaving and next(iter(self._leaving.values())) <= now:
            self._close(next(iter(self._leaving)))

    def _on_readable(self, conn: _Connection, sock: socket.socket) -> None:
        # A connection that an earlier event of the same round has closed is no longer among those that arrive.
        if conn in self._arriving and not self._receive(conn):
            self._forget_in_poller(sock)

    def _receive(self, conn: _Connection) -> bool:
        """Read what there is; whether more is needed."""
        arrival = self._arriving[conn]
        whole = arrival.is_whole()
        ended = False
        if not whole:
            try:
                received = conn.sock.recv(_READ_BYTES)
            except BlockingIOError:
                return True
            except OSError:
                received = b""
            ended = not received
            arrival.add(received)
            whole = arrival.is_whole()
        if arrival.head_is_too_long:
            self._answer_here(conn, 431, "headers_too_large", "The request's headers are too large. Send less.")
            return False
        if not (whole or ended or arrival.is_too_long()):
            if arrival.wants_to_be_asked_for_its_body:
                arrival.asked_to_continue = False
                self._send_now(conn, b"HTTP/1.1 100 Continue\r\n\r\n")
            return True
        del self._arriving[conn]
        if not arrival.received:
            self._close(conn)
        else:
            conn.is_answerable_again = whole
            conn.received.pending = bytes(arrival.received)
            super().enqueue_req(conn)
        return False

    def _turn_away_the_slowest(self) -> None:
        conn, arrival = next(iter(self._arriving.items()))
        self._forget_in_poller(conn.sock)
        if not arrival.received:  # nothing was asked, so nothing is answered
            del self._arriving[conn]
            self._close(conn)
            return
        self._answer_here(conn, 408, "request_too_slow", "The request took too long to arrive. Send it again.")

    def _answer_here(self, conn: _Connection, status: int, code: str, message: str) -> None:
        """Answer a request that no thread will ever see."""
        self._arriving.pop(conn, None)
        body = json.dumps({"error": {"code": code, "message": message, "field": None}}).encode()
        reason = {408: "Request Timeout", 431: "Request Header Fields Too Large"}[status]
        head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
        head += f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        self._send_now(conn, head.encode() + body)
        self._see_off(conn)

    def _send_now(self, conn: _Connection, reply: bytes) -> None:
        try:
            conn.sock.send(reply)  # some hundred bytes, into a buffer that is empty
        except OSError:
            return  # they have gone; reading will show it

    def _see_off(self, conn: _Connection) -> None:
        """Close so that our answer is still read: closing on unread bytes would tear it out of the sender's hands."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
            self._leaving[conn] = time.monotonic() + _LINGER_SECONDS_MAX
            self._forget_in_poller(conn.sock)
            self.poller.register(conn.sock, EVENT_READ, partial(self._discard, conn))
        except OSError:
            self._close(conn)

    def _discard(self, conn: _Connection, sock: socket.socket) -> None:
        if conn not in self._leaving:
            return
        try:
            if sock.recv(_READ_BYTES):
                return
        except BlockingIOError:
            return
        except OSError:
            pass  # reset by the other side: as good as its end
        self._close(conn)

    def _close(self, conn: _Connection) -> None:
        self._leaving.pop(conn, None)
        self._forget_in_poller(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def _forget_in_poller(self, sock: socket.socket) -> None:
        if sock.fileno() >= 0 and sock in self.poller.get_map():
            self.poller.unregister(sock)
