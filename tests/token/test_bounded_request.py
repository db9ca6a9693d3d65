"""A request of the function's own ends in time, whatever the other side does; its thread goes on to the next."""

from __future__ import annotations

import contextlib
import threading

import pytest
from join_token.bounded_request import NO_ANSWER, REPLY_BYTES_MAX, ask

from sandbox.services.http_on_loopback import running_http
from tests.token.dripping import LONG_TLS_RECORD, Dripping

SECONDS = 0.5
PROMISED_SECONDS = 4.0
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n"


@pytest.mark.parametrize(
    ("scheme", "beginning"),
    [("https", LONG_TLS_RECORD), ("http", b""), ("http", b"HTTP/1.1 200 OK\r\nX-A: "), ("http", LONG + b"\r\n"),
     ("http", LONG + b"Connection: close\r\n\r\n"), ("http", b"HTTP/1.0 200 OK\r\n\r\n")],
)  # fmt: skip
def test_whoever_drips_is_cut_off(scheme, beginning):
    """Pins: the body of an answer that closes its connection dripped for ever."""
    server = Dripping(beginning)

    def give_up():
        with contextlib.suppress(*NO_ANSWER):
            ask("GET", server.url.replace("http", scheme), {}, seconds=SECONDS)

    asking = threading.Thread(target=give_up, daemon=True)
    asking.start()
    try:
        assert server.hung_up.wait(2 * PROMISED_SECONDS)
        asking.join(2 * PROMISED_SECONDS)
        assert not asking.is_alive()
    finally:
        server.close()


def test_the_beginning_of_a_long_answer_is_enough():
    with running_http(lambda *_: (503, {}, b"a" * (2 * REPLY_BYTES_MAX))) as url:
        assert ask("POST", f"{url}/some/where?what=this", {}, seconds=PROMISED_SECONDS, body=b"?") == (
            503,
            b"a" * REPLY_BYTES_MAX,
        )
