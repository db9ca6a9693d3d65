"""An endpoint that is down, slow or lies costs a call nothing: nothing waits for it, and what may wait is bounded."""

import asyncio
import contextlib
import logging
import socket
import tempfile
import threading
import time
from contextlib import contextmanager, suppress

import pytest
from livekit.agents import telemetry

from tests.telemetry.conftest import came
from worker.telemetry import delivery, pipe
from worker.telemetry.delivery import Delivery
from worker.telemetry.otlp import REPLY_BYTES_MAX, Endpoint, NotDelivered
from worker.telemetry.pipe import Pipe, PipeServer


@contextmanager
def answering(answer):
    """An endpoint of which `answer(connection)` says what it does with a connection; yields its address."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                line, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=quietly, args=(line,), daemon=True).start()

    def quietly(line):
        with line, suppress(OSError):
            answer(line)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1/traces"
    finally:
        server.close()


def whole_request(line):
    """Read all that was sent: a socket that is closed before would reset the connection, and its answer with it."""
    read = b""
    while not read.endswith(b"\r\n\r\nx"):
        if not (more := line.recv(65536)):
            return
        read += more


def drip(line):
    """A header that never ends, a byte at a time."""
    whole_request(line)
    line.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not stop.wait(0.02):
        line.sendall(b"x")


def drip_last_words(line):
    """A body that never ends, a byte at a time, of an answer after which the connection is closed."""
    whole_request(line)
    line.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 90000\r\n\r\n")
    while not stop.wait(0.02):
        line.sendall(b"x")


def flood(line):
    """Says 10 bytes, or nothing, and sends for ever."""
    whole_request(line)
    line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not stop.is_set():
        line.sendall(b"x" * 65536)


def promise(line):
    """Promises a terabyte, sends ten bytes."""
    whole_request(line)
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n0123456789")
    stop.wait(30)


def silence(line):
    stop.wait(30)


def nonsense(line):
    whole_request(line)
    line.sendall(b"\x00\xff garbage\r\n\r\n")


def negative(line):
    whole_request(line)
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n")


def elsewhere(line):
    whole_request(line)
    line.sendall(b"HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize("answer", [silence, nonsense, elsewhere])
def test_what_is_not_taken_is_told(answer):
    with answering(answer) as url, pytest.raises(NotDelivered):
        Endpoint(url, {}, seconds=0.3).deliver(b"x")


stop = threading.Event()


@pytest.fixture(autouse=True)
def stopping():
    stop.clear()
    yield
    stop.set()


@pytest.mark.parametrize("answer", [drip, drip_last_words, promise, silence, nonsense])
def test_a_delivery_ends_in_time_whatever_is_answered(answer):
    with answering(answer) as url:
        endpoint, began = Endpoint(url, {}, seconds=0.3), time.monotonic()
        with suppress(NotDelivered):  # one that had said 200 has taken it
            endpoint.deliver(b"x")
        assert time.monotonic() - began < 3
        assert endpoint._line is None  # nothing is left of such a connection


@pytest.mark.parametrize("answer", [flood, negative])
def test_of_an_answer_no_more_is_read_than_an_answer_has(answer, monkeypatch):
    read = []
    import http.client

    whole = http.client.HTTPResponse.read
    monkeypatch.setattr(
        http.client.HTTPResponse, "read", lambda self, amount=None: read.append(got := whole(self, amount)) or got
    )
    with answering(answer) as url:
        Endpoint(url, {}, seconds=2).deliver(b"x")  # taken: its status said so
    assert all(len(got) <= REPLY_BYTES_MAX for got in read)


def test_a_connection_that_was_closed_while_it_lay_idle_is_no_outage():
    def one_each(line):
        whole_request(line)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with answering(one_each) as url:
        endpoint = Endpoint(url, {}, seconds=5)
        for _ in range(3):
            endpoint.deliver(b"x")


def test_a_closed_port_is_told_at_once():
    with pytest.raises(NotDelivered, match="ConnectionRefusedError") as refused:
        Endpoint("http://127.0.0.1:1/v1/traces", {}, seconds=1).deliver(b"x")
    assert refused.value.retryable


class Refusing:
    """An endpoint that takes nothing, and counts."""

    def __init__(self, *, retryable=True):
        self.tries, self.retryable, self.works = [], retryable, False

    def deliver(self, body):
        self.tries.append(body)
        if not self.works:
            raise NotDelivered("HTTP 503", retryable=self.retryable)

    def close(self):
        pass


def test_what_waits_is_bounded_and_the_oldest_goes_first(monkeypatch):
    monkeypatch.setattr(delivery, "WAITING_BYTES_MAX", 1000)
    waits = Delivery(Refusing())
    for number in range(100):
        waits.put(b"%03d" % number * 10)
    assert waits._bytes <= 1000
    assert waits._waiting[-1].startswith(b"099")
    assert waits._outage.dropped == 100 - len(waits._waiting)


def test_an_outage_is_told_once_and_what_waited_comes_after_it(monkeypatch, caplog):
    caplog.set_level(logging.INFO, "vaani")
    for name in ("FIRST_PAUSE_SECONDS", "LONGEST_PAUSE_SECONDS", "BATCH_SECONDS"):
        monkeypatch.setattr(delivery, name, 0.01)
    endpoint = Refusing()
    delivers = Delivery(endpoint)
    delivers.start()
    delivers.put(b"first")
    while len(endpoint.tries) < 4:
        assert delivers._thread.is_alive()
    endpoint.works = True
    delivers.stop(5)
    assert endpoint.tries[-1] == b"first"
    assert [record.msg for record in caplog.records] == ["telemetry.waiting", "telemetry.delivered_again"]


def test_stopping_waits_for_no_endpoint():
    with answering(silence) as url:
        delivers = Delivery(Endpoint(url, {}, seconds=30))
        delivers.start()
        delivers.put(b"x")
        began = time.monotonic()
        delivers.stop(0.2)
        assert time.monotonic() - began < 3


async def test_a_call_does_not_wait_for_an_endpoint_that_hangs(told):
    """The whole way: the loop that a call runs in goes on while the endpoint holds what it was sent."""
    with answering(silence) as url:
        async with told(url.removesuffix("/v1/traces"), OTEL_EXPORTER_OTLP_TIMEOUT="300") as (call, _):
            longest = 0.0
            for number in range(300):
                began = time.perf_counter()
                telemetry.tracer.start_span("agent_turn", attributes={"lk.generation_count": number}).end()
                call.measure("vaani.greeting", 0.5)
                longest = max(longest, time.perf_counter() - began)
                await asyncio.sleep(0)  # noqa: TID251  the other tasks' turn
    assert longest < 0.5


# ---- the pipe


async def test_a_pipe_without_an_end_drops_and_never_raises(tmp_path):
    lost = Pipe(str(tmp_path / "nobody"))
    for _ in range(10):
        lost.send(b"s", b"x" * 500_000)
    assert lost.dropped > 0
    assert len(lost._waiting) <= pipe.WAITING_BYTES_MAX


async def test_what_the_socket_does_not_take_at_once_comes_with_what_comes_later(tmp_path):
    got = []
    server = PipeServer(tmp_path / "p" / "socket", lambda kind, content: got.append((kind, content)))
    await server.start()
    line = Pipe(str(tmp_path / "p" / "socket"))
    sent = [(b"s", bytes([number]) * 150_000) for number in range(8)]
    for kind, content in sent:
        line.send(kind, content)  # more than a socket's buffer holds, and nobody has read yet
    async with asyncio.timeout(10):
        while len([each for each in got if each[0] == b"s"]) < len(sent):
            await asyncio.sleep(0)  # noqa: TID251  the reader's turn
            line.send(b"m", b"")
    await server.aclose()
    assert [each for each in got if each[0] == b"s"] == sent


async def test_a_strange_frame_ends_its_line_and_no_other(tmp_path):
    got = asyncio.Queue()
    server = PipeServer(tmp_path / "p" / "socket", lambda kind, content: got.put_nowait(content))
    await server.start()
    reader, stranger = await asyncio.open_unix_connection(tmp_path / "p" / "socket")
    stranger.write(b"s\xff\xff\xff\xff" + b"x" * 1000)
    await stranger.drain()
    Pipe(str(tmp_path / "p" / "socket")).send(b"s", b"good")
    assert await asyncio.wait_for(got.get(), 10) == b"good"
    with contextlib.suppress(ConnectionResetError):  # it ends with some of what was sent unread
        assert await asyncio.wait_for(reader.read(), 10) == b""
    stranger.close()
    await server.aclose()
    assert got.empty()


async def test_spans_wait_for_an_endpoint_that_comes_later(told, receiver, monkeypatch):
    url, received = receiver
    taken, received.take = received.take, lambda *_: 503
    monkeypatch.setattr(delivery, "FIRST_PAUSE_SECONDS", 0.05)
    async with told(url):
        telemetry.tracer.start_span("agent_turn").end()
        await asyncio.to_thread(stop.wait, 0.2)
        received.take = taken
        await came(received, lambda got: got.named("agent_turn"))


async def test_a_socket_has_a_folder_of_its_own_from_when_it_is_listened_to_until_it_is_closed(monkeypatch, tmp_path):
    """Pins a worker that never started, for its settings were wrong, and left a folder behind."""
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setenv(pipe.SOCKET_VARIABLE, "")
    server = PipeServer(pipe.choose_socket(), lambda *_: None)
    assert list(tmp_path.iterdir()) == []
    await server.start()
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    await server.aclose()
    assert list(tmp_path.iterdir()) == []
