"""Slow senders: whatever they hold back, they cost the function a socket each and no honest caller anything."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
import urllib.request
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import pytest
from join_token.endpoint import BODY_BYTES_MAX
from join_token.whole_requests import Arrival

from sandbox.stack.served_function import ServedFunction
from tests.token.conftest import MAIN
from tests.token.environment import ANONYMOUS, BASE_ENV

SENDERS = 60
HONEST_SECONDS_MAX = 3.0
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
HELD_BACK = {
    "everything": b"",
    "the request line": b"PO",
    "the headers": POST,
    "the end of the headers": POST + b"Content-Length: 2\r\n\r",
    "the body": POST + b"Content-Length: 100\r\n\r\n{",
    "a body that is too large": POST + b"Content-Length: 30000000\r\n\r\n{",
    "half a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n10\r\n{",
    "the size of a chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n1",
    "the last chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    "the end of the trailers": POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nA: b\r\n",
    "a body it wants to be asked for": POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n",
    "the body of a length written twice": POST + b"Content-Length: 9\r\nContent-Length: 9\r\n\r\n{",
    "a body of both kinds": POST + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{",
    "the body behind a whole request": POST + b"Content-Length: 2\r\n\r\n{}" + POST + b"Content-Length: 9\r\n\r\n{",
    "the end of a get": b"GET /health HTTP/1.1\r\nHost: localhost\r\n",
    "an endless header": POST + b"X: " + b"x" * 20_000,
}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    function = ServedFunction(tmp_path_factory.mktemp("slow"), MAIN, {**BASE_ENV, **ANONYMOUS})
    yield function
    function.stop()
    assert "Traceback" not in function.output()


def connected(served, stack, sent=b""):
    address = urlsplit(served.url)
    sender = stack.enter_context(socket.create_connection((address.hostname, address.port), timeout=20))
    sender.sendall(sent)
    return sender


def replied(sender):
    return b"".join(iter(lambda: sender.recv(65_536), b""))


def honest_seconds(served, path="/", body=b"{}"):
    """How long an honest caller waits for a token."""
    started = time.monotonic()
    request = urllib.request.Request(served.url + path, data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as reply:
        assert reply.status in (200, 201)
    return time.monotonic() - started


@pytest.mark.parametrize("held_back", HELD_BACK)
def test_an_honest_caller_does_not_wait_for_slow_senders(served, held_back):
    """Pins: nine of them, without credentials, stopped the function, /health included, for as long as they liked."""
    with ExitStack() as stack:
        senders = [connected(served, stack, HELD_BACK[held_back]) for _ in range(SENDERS)]
        waits = [honest_seconds(served) for _ in range(20)] + [honest_seconds(served, "/health", None)]
        assert len(senders) == SENDERS
    assert max(waits) < HONEST_SECONDS_MAX


def test_a_byte_now_and_then_buys_no_more_time(served):
    """Pins: each byte started the wait anew. One deadline is for the whole request, headers and body."""
    with ExitStack() as stack:
        sender = connected(served, stack, POST + b"Content-Length: 100\r\n\r\n")
        sender.settimeout(0.25)
        reply, started = b"", time.monotonic()
        while not reply and time.monotonic() - started < 20:
            try:
                sender.sendall(b"x")
                reply = sender.recv(65_536)
            except TimeoutError:
                continue
        assert reply.startswith(b"HTTP/1.1 408 ")
        assert json.loads(reply.partition(b"\r\n\r\n")[2])["error"]["code"] == "request_too_slow"
        assert time.monotonic() - started < 12


def test_too_large_is_said_at_once_and_the_connection_closed(served):
    """Pins: the answer was known from the length, and came only when all of the body had been read."""
    with ExitStack() as stack:
        sender = connected(served, stack, HELD_BACK["a body that is too large"])
        started = time.monotonic()
        head, _, body = replied(sender).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in head.lower()
    assert json.loads(body)["error"]["code"] == "body_too_large"
    assert time.monotonic() - started < HONEST_SECONDS_MAX


def test_a_head_that_never_ends_is_refused(served):
    with ExitStack() as stack:
        sender = connected(served, stack)
        sender.sendall(POST + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 5000) for n in range(10)))
        assert replied(sender).startswith(b"HTTP/1.1 431 ")


def test_a_caller_who_reads_no_answers_keeps_no_thread(served):
    with ExitStack() as stack:
        for _ in range(SENDERS):
            sender = stack.enter_context(socket.socket())
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            address = urlsplit(served.url)
            sender.connect((address.hostname, address.port))
            sender.setblocking(False)
            with suppress(BlockingIOError):  # the function stops reading, as it should
                sender.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2000)
        assert min(honest_seconds(served) for _ in range(3)) < 2 * 7


def test_requests_sent_without_waiting_are_all_answered_in_order(served):
    with ExitStack() as stack:
        sender = connected(served, stack, (POST + b"Content-Length: 2\r\n\r\n{}") * 3)
        sender.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert [line for line in replied(sender).split(b"\r\n") if b"HTTP/1.1 " in line][-1].endswith(b"200 OK")


def test_a_sender_who_waits_to_be_asked_is_asked(served):
    with ExitStack() as stack:
        sender = connected(served, stack, HELD_BACK["a body it wants to be asked for"])
        assert sender.recv(100).startswith(b"HTTP/1.1 100 ")
        sender.sendall(b"{}")
        assert b"HTTP/1.1 201 " in sender.recv(65_536) + sender.recv(65_536)


def test_an_unread_body_is_never_taken_for_the_next_request(served):
    inner = POST + b"Content-Length: 2\r\n\r\n{}"
    with ExitStack() as stack:
        sender = connected(served, stack, POST + b"Content-Length: 40000\r\n\r\n" + inner)
        sender.shutdown(socket.SHUT_WR)
        assert replied(sender).count(b"HTTP/1.1 ") == 1


def test_slow_senders_do_not_keep_a_stopping_function(tmp_path):
    function = ServedFunction(tmp_path, MAIN, {**BASE_ENV, **ANONYMOUS})
    with ExitStack() as stack:
        for held_back in HELD_BACK.values():
            connected(function, stack, held_back)
        started = time.monotonic()
        function.process.send_signal(signal.SIGTERM)
        function.process.wait(20)
    assert time.monotonic() - started < 10  # what Cloud Run gives


def test_a_process_that_was_frozen_goes_on(tmp_path):
    """Pins: gunicorn's heartbeat killed the worker when its CPU came back."""
    function = ServedFunction(tmp_path, MAIN, {**BASE_ENV, **ANONYMOUS, "CLOUD_RUN_TIMEOUT_SECONDS": "1"})
    try:
        children = f"/proc/{function.process.pid}/task/{function.process.pid}/children"
        with open(children, encoding="ascii") as listed:
            worker = int(listed.read().split()[0])
        os.kill(worker, signal.SIGSTOP)
        try:
            with pytest.raises(TimeoutError):
                urllib.request.urlopen(f"{function.url}/health", timeout=4)
        finally:
            os.kill(worker, signal.SIGCONT)
        assert honest_seconds(function) < 20
        with open(children, encoding="ascii") as listed:
            assert [int(pid) for pid in listed.read().split()] == [worker]
    finally:
        function.stop()
    assert "TIMEOUT" not in function.output()


BODIES = {
    "no body": b"",
    "a length": b"Content-Length: 5\r\n\r\nhello",
    "chunks": b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n10;x=y\r\n0123456789abcdef\r\n0\r\n\r\n",
    "trailers": b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nA: b\r\nC: d\r\n\r\n",
    "chunks that look like the end": b"Transfer-Encoding: chunked\r\n\r\n7\r\n0\r\n\r\n0\r\n\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("body", BODIES)
def test_a_request_is_whole_at_its_last_byte_and_not_before(body):
    request = POST + (BODIES[body] or b"\r\n")
    for step in (1, 2, 7):
        arrival, whole_at = Arrival(0.0), []
        for start in range(0, len(request), step):
            arrival.add(request[start : start + step])
            if arrival.is_whole():
                whole_at.append(start + step)
        assert not arrival.is_too_long()
        assert whole_at == [-(-len(request) // step) * step]


def test_a_chunk_that_announces_too_much_is_waited_for_until_that_much_is_here():
    """Pins: handed on at its first bytes, the parser found a body that had ended early: 400 instead of 413."""
    arrival = Arrival(0.0)
    arrival.add(POST + b"Transfer-Encoding: chunked\r\n\r\n100000\r\n")
    for _ in range(BODY_BYTES_MAX // 1024):
        arrival.add(b" " * 1024)
        assert not arrival.is_whole()
        assert not arrival.is_too_long()
    arrival.add(b" ")
    assert not arrival.is_whole()
    assert arrival.is_too_long()


@pytest.mark.parametrize("chunk_bytes", [1, 1000, BODY_BYTES_MAX])
def test_many_chunks_are_too_long_as_one_is(chunk_bytes):
    arrival = Arrival(0.0)
    arrival.add(POST + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(BODY_BYTES_MAX // chunk_bytes + 1):
        assert not arrival.is_too_long()
        arrival.add(b"%x\r\n%s\r\n" % (chunk_bytes, b" " * chunk_bytes))
        assert not arrival.is_whole()
    assert arrival.is_too_long()
