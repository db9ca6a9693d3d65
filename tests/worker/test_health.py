"""The health endpoint tells the truth: ready only while calls can come, alive while the process works."""

from types import SimpleNamespace

import aiohttp
import pytest

from sandbox.stack.processes import free_port
from worker.health import HealthServer
from worker.load.strain import Reading
from worker.load.worker_load import WorkerLoad


class Server:
    """As much of an AgentServer as health looks at."""

    def __init__(self):
        self.handlers = {}
        self.draining = False
        self._connecting = self._connection_failed = False
        self._inference_executor = None

    def on(self, name, handler):
        self.handlers[name] = handler

    def registers(self):
        self.handlers["worker_registered"]("worker-1")


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def health(server):
    admission = SimpleNamespace(calls=lambda: 3, most=8)
    load = WorkerLoad(cores=1, late_seconds=0.05)
    return HealthServer(server, admission, load, "127.0.0.1", free_port())


def test_a_worker_that_has_not_found_livekit_is_connecting(health):
    assert health.status() == "connecting"


def test_a_registered_worker_is_ok(server, health):
    server.registers()
    assert health.status() == "ok"


@pytest.mark.parametrize("flag", ["_connecting", "_connection_failed"])
def test_a_worker_that_lost_livekit_is_not_ok(server, health, flag):
    """Trap: the framework's own endpoint says 200 while the worker is not registered and gets no calls."""
    server.registers()
    setattr(server, flag, True)
    assert health.status() == "connecting"


def test_a_stopping_worker_says_so(server, health):
    server.registers()
    server.draining = True
    assert health.status() == "draining"


def test_dead_models_are_worse_than_anything(server, health):
    server.registers()
    server._inference_executor = SimpleNamespace(is_alive=lambda: False)
    assert health.status() == "inference_dead"


async def answers(health, path):
    url = f"http://127.0.0.1:{health._port}{path}"
    async with aiohttp.ClientSession() as http, http.get(url) as reply:
        return reply.status, await reply.json()


async def test_ready_and_alive_are_two_questions(server, health):
    await health.start()
    try:
        assert (await answers(health, "/"))[0] == 503
        assert (await answers(health, "/live"))[0] == 200
        server.registers()
        status, content = await answers(health, "/")
        assert status == 200
        assert (content["status"], content["calls"], content["most_calls"]) == ("ok", 3, 8)
    finally:
        await health.aclose()


async def test_a_port_that_is_taken_is_said(server, health):
    await health.start()
    try:
        other = HealthServer(Server(), SimpleNamespace(calls=lambda: 0, most=1), None, "127.0.0.1", health._port)
        with pytest.raises(OSError, match="address already in use"):
            await other.start()
        await other.aclose()
    finally:
        await health.aclose()


async def test_how_full_it_is_stands_there_for_whatever_scales_workers(server, health):
    server.registers()
    await health.start()
    try:
        _, content = await answers(health, "/")
    finally:
        await health.aclose()
    full = {"calls": 3, "most_calls": 8, "takes_calls": True, "loop_lag_p99_ms": 0, "cpu_share": 0.0}
    assert full.items() <= content.items()


@pytest.mark.parametrize("why", ["late", "draining", "lost"])
def test_a_worker_that_takes_no_calls_says_so(server, health, why):
    server.registers()
    assert health.takes_calls()
    server.draining = why == "draining"
    server._connecting = why == "lost"
    if why == "late":
        for _ in range(2):
            health._load._control.read(Reading(1.0, 0.0))
    assert not health.takes_calls()


def test_a_worker_that_was_never_registered_takes_none(health):
    assert not health.takes_calls()
