"""A worker that LiveKit does not take says which variable is wrong and what to do, once, and so does its health."""

import asyncio
import ssl

import aiohttp
import pytest
from aiohttp import web
from worker_process import WorkerProcess

from sandbox.control.untrusted_certificate import server_context
from sandbox.stack.processes import free_port
from tests.livekit_server import LiveKitServer
from worker import registration
from worker.environment import load_settings
from worker.errors import BadSettings
from worker.registration import Registration, reason

KEY, SECRET = "key", "a-secret-of-more-than-thirty-two-characters"


async def answers(status):
    """A server that answers every request so; returns its runner and address."""

    async def answer(_):
        return web.Response(status=status)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    return await serve(app)


async def serve(app, context=None):
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    return runner, f"127.0.0.1:{runner.addresses[0][1]}"


async def error_of(url):
    """What aiohttp, as the framework uses it, says of this address."""
    async with aiohttp.ClientSession() as http:
        with pytest.raises(Exception) as caught:  # noqa: PT011
            await http.ws_connect(url)
    return caught.value


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (401, "LIVEKIT_API_KEY and LIVEKIT_API_SECRET are not a pair of this server's"),
        (403, "LIVEKIT_API_KEY and LIVEKIT_API_SECRET are not a pair of this server's"),
        (200, "as no LiveKit server answers"),
        (301, "as no LiveKit server answers"),
        (404, "as no LiveKit server answers"),
        (429, "Usually passing"),
        (503, "Usually passing"),
    ],
)
async def test_an_answer_that_is_no_websocket(status, told):
    runner, place = await answers(status)
    try:
        assert told in reason(await error_of(f"ws://{place}/agent"))
    finally:
        await runner.cleanup()


async def test_nothing_listens():
    assert "does LiveKit run there" in reason(await error_of(f"ws://127.0.0.1:{free_port()}/agent"))


async def test_tls_where_there_is_none_and_a_certificate_that_is_not_trusted():
    plain, place = await answers(200)
    try:
        assert "speaks no TLS" in reason(await error_of(f"wss://{place}/agent"))
    finally:
        await plain.cleanup()
    untrusted, place = await serve(web.Application(), server_context())
    try:
        assert "certificate" in reason(await error_of(f"wss://{place}/agent"))
    finally:
        await untrusted.cleanup()


async def test_a_host_that_does_not_exist():
    assert "there is no such host" in reason(await error_of("wss://nobody.invalid/agent"))


async def test_a_server_that_speaks_something_else():
    async def greet(_, writer):
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        told = reason(await error_of(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/agent"))
    assert "Set LIVEKIT_URL" in told or "does LiveKit run there" in told


@pytest.mark.parametrize("error", [TypeError("not binary"), ValueError("x"), ssl.SSLError(1, "x"), OSError(1, "x")])
def test_every_error_has_a_reason_that_says_what_to_do(error):
    assert reason(error).count(". ") >= 1


GOOD = {"LIVEKIT_API_KEY": KEY, "LIVEKIT_API_SECRET": SECRET, "SARVAM_API_KEY": "none", "OPENAI_API_KEY": "none"}


@pytest.mark.parametrize(
    "address",
    ["wss://", "wss:///agent", "ftp://x.example", "x.example", "wss://a b.example", "wss://x.example:99999",
     "wss://[bad", f"wss://{KEY}:{SECRET}@x.example", "wss://x.example?key=1", "wss://x.example#1"],
)  # fmt: skip
def test_an_address_that_can_be_none_is_refused_at_start(address):
    with pytest.raises(BadSettings) as caught:
        load_settings(GOOD | {"LIVEKIT_URL": address})
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["LIVEKIT_URL"]
    assert SECRET not in str(caught.value)


class Server:
    """As much of an AgentServer as a registration looks at."""

    def on(self, _name, handler):
        self.registers = handler


@pytest.fixture
def told(monkeypatch):
    lines = []
    monkeypatch.setattr(registration.log, "error", lambda _event, extra: lines.append(extra["why"]))
    return lines


@pytest.fixture
def failing(monkeypatch):
    """A registration, and how to make its server fail."""
    failed = []
    monkeypatch.setattr(registration, "on_connection_failed", failed.append)
    server = Server()
    return Registration(server, "wss://shop.livekit.cloud"), server, failed[0]


def test_one_reason_is_told_once_and_again_when_it_comes_back(failing, told):
    subject, server, fails = failing
    for _ in range(3):
        fails(ConnectionRefusedError())
    fails(ConnectionResetError())
    assert len(told) == 2
    assert all("LIVEKIT_URL (shop.livekit.cloud)" in each for each in told)

    server.registers("worker-1")
    assert subject.why_not is None
    fails(ConnectionRefusedError())
    assert len(told) == 3


async def test_silence_is_told_too(failing, told, monkeypatch):
    """Packets that are dropped give no error for minutes."""
    monkeypatch.setattr(registration, "NO_ANSWER_SECONDS", 0.01)
    await failing[0].expect()
    assert len(told) == 1
    assert "no answer" in told[0]


async def test_a_worker_that_registers_in_time_is_told_nothing(failing, told):
    subject, server, _ = failing
    expecting = asyncio.create_task(subject.expect())
    server.registers("worker-1")
    await asyncio.wait_for(expecting, 5)
    assert told == []


async def health_of(port):
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/") as reply:
        return reply.status, await reply.json()


@pytest.mark.calls
@pytest.mark.parametrize(
    ("wrong", "value"),
    [("LIVEKIT_API_KEY", "another-key"), ("LIVEKIT_API_SECRET", "another-secret-of-more-than-thirty-two-characters")],
)
async def test_a_wrong_key_or_secret_is_told_by_the_log_and_by_health(tmp_path, wrong, value):
    """Pins 10b: 401 for ever, and nobody was told that it is the key."""
    server = LiveKitServer(tmp_path, KEY, SECRET)
    server.start()
    port = free_port()
    worker = WorkerProcess(
        LIVEKIT_URL=server.url, WORKER_HEALTH_PORT=str(port), WORKER_IDLE_PROCESSES="0", **{wrong: value}
    )
    try:
        event = await asyncio.to_thread(worker.event, "worker.not_registered")
        await asyncio.to_thread(worker.until, '"retry_count": 3')
        status, health = await health_of(port)
    finally:
        worker.kill()
        server.stop()

    for variable in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"):
        assert variable in event["why"]
    assert (status, health["status"], health["registered"], health["why"]) == (503, "connecting", False, event["why"])
    assert len(worker.events("worker.not_registered")) == 1, "once for one reason"
    assert SECRET not in "\n".join(worker.lines)
    assert wrong == "LIVEKIT_API_KEY" or value not in "\n".join(worker.lines)


async def test_when_it_gives_up_it_says_what_had_been_wrong():
    runner, place = await answers(404)
    worker = WorkerProcess(LIVEKIT_URL=f"ws://{place}", WORKER_RECONNECT_TRIES="1", WORKER_IDLE_PROCESSES="0")
    try:
        event = await asyncio.to_thread(worker.event, "worker.gave_up")
    finally:
        worker.kill()
        await runner.cleanup()
    assert "as no LiveKit server answers" in event["why"]
