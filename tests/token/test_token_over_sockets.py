"""What only a real server shows: chunked and broken bodies, oversize uploads, connections that stay open."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.stack.served_function import ServedFunction
from tests.token.environment import ANONYMOUS, BASE_ENV, HMAC, leak_in
from tests.token.test_token_hmac import signed

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "functions" / "token" / "main.py"
MEGABYTE = 1_048_576


@pytest.fixture(scope="module", params=["anonymous", "hmac"])
def served(request, tmp_path_factory):
    env = {"anonymous": ANONYMOUS, "hmac": HMAC}[request.param]
    function = ServedFunction(tmp_path_factory.mktemp("sockets"), MAIN, {**BASE_ENV, **env})
    function.auth = request.param
    yield function
    function.stop()
    assert not leak_in(function.output())
    assert "Traceback" not in function.output()


@pytest.fixture
def connection(served):
    opened = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=20)
    yield opened
    opened.close()


def posted(connection, path, body, headers, **options):
    connection.request("POST", path, body, headers, **options)
    reply = connection.getresponse()
    reply.read()
    return reply


def chunks(body):
    yield from (body[start : start + 10] for start in range(0, len(body), 10))


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("path", ["/", "/a%20b?x=1", "/%E0%A4%86"])
@pytest.mark.parametrize("chunked", [False, True])
def test_bodies_arrive_whole_and_paths_as_sent(served, connection, path, chunked):
    body = b'{"participant_name":"Asha"}'
    nonce = f"nonce-0123456789-{path.encode().hex()}-{chunked}"
    headers = {**JSON, **signed(path=path.partition("?")[0], body=body, nonce=nonce)}
    options = {"encode_chunked": True} if chunked else {}
    if chunked:
        headers["Transfer-Encoding"] = "chunked"
    assert posted(connection, path, chunks(body) if chunked else body, headers, **options).status == 201


@pytest.mark.parametrize("megabytes", [1, 8])
@pytest.mark.parametrize("chunked", [False, True])
def test_an_oversize_upload_sees_its_413_and_the_next_request_is_served(served, connection, megabytes, chunked):
    """Pins: functions-framework would read the rest of it into memory after the answer."""
    body = b" " * (megabytes * MEGABYTE)
    headers = {**JSON, **({"Transfer-Encoding": "chunked"} if chunked else {})}
    sent = (body[start : start + MEGABYTE] for start in range(0, len(body), MEGABYTE)) if chunked else body
    assert posted(connection, "/", sent, headers, encode_chunked=chunked).status == 413
    fresh = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=20)
    fresh.request("GET", "/health")
    assert fresh.getresponse().status == 200
    fresh.close()


def test_an_oversize_chunk_that_comes_in_pieces_sees_its_413(served):
    """Pins: a first piece smaller than what is read made it a body that ended early, so a 400."""
    address = urlsplit(served.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
        slow.sendall(b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")
        assert slow.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"  # so the server has seen the head alone
        slow.sendall(b"100000\r\n ")
        other = http.client.HTTPConnection(address.netloc, timeout=20)
        other.request("GET", "/health")
        assert other.getresponse().status == 200  # so it has seen the first piece alone too
        other.close()
        slow.sendall(b" " * MEGABYTE)
        slow.shutdown(socket.SHUT_WR)
        reply = b"".join(iter(lambda: slow.recv(65_536), b""))
    assert reply.rpartition(b"HTTP/1.1 ")[2].startswith(b"413"), reply  # interim answers may come before


@pytest.mark.parametrize(
    "raw",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{}",
    ],
    ids=["broken chunk", "ended early"],
)
def test_a_broken_body_breaks_nothing_else(served, raw):
    """Pins: the server's own parse errors are no OSError, so one of them became a 500."""
    address = urlsplit(served.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as stranger:
        stranger.sendall(raw)
        stranger.shutdown(socket.SHUT_WR)
        reply = b"".join(iter(lambda: stranger.recv(65_536), b""))
    assert reply == b"" or reply.startswith(b"HTTP/1.1 4")
    fresh = http.client.HTTPConnection(address.netloc, timeout=20)
    fresh.request("GET", "/health")
    assert fresh.getresponse().status == 200
    fresh.close()


def test_health_answers_head_too(connection):
    connection.request("HEAD", "/health")
    assert connection.getresponse().status == 200
