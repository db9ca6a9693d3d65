"""A worker that is told to stop does so within two seconds at any moment of its start, with 0 and one line."""

import signal
import socket
import threading

import pytest
from worker_process import WorkerProcess

from tests.livekit_server import LiveKitServer

PROMISED_SECONDS = 2.0
KEY, SECRET = "key", "a-secret-of-more-than-thirty-two-characters"
IMPORTS = {"PYTHONPROFILEIMPORTTIME": "1"}  # a line for every import that is done: moments to stop at


@pytest.fixture
def worker():
    started = []

    def start(*arguments, **environment):
        started.append(WorkerProcess(*arguments, **environment))
        return started[-1]

    yield start
    for each in started:
        each.kill()


def assert_stops(process, number=signal.SIGTERM):
    code, took_seconds = process.stop(number, 4 * PROMISED_SECONDS)
    assert code == 0
    assert took_seconds < 2 * PROMISED_SECONDS
    logged = [line for line in process.lines if not line.startswith("import time:")]  # which name worker.stopping too
    told = [line for line in logged if "told to stop" in line or "worker.stopping" in line]
    assert len(told) == 1
    assert not [line for line in process.lines if "Traceback" in line]


@pytest.mark.parametrize(
    ("module", "number"),
    [("pydantic", signal.SIGTERM), ("livekit.rtc", signal.SIGINT), ("worker.parent", signal.SIGTERM)],
)
def test_while_it_imports(worker, module, number, tmp_path):
    """Pins: killed by the signal without a word, or a KeyboardInterrupt's traceback."""
    process = worker(**IMPORTS, TMPDIR=str(tmp_path))
    process.until(rf"import time:.*\| +{module}$")
    assert_stops(process, number)
    assert not list(tmp_path.iterdir()), "the fork server's socket"


@pytest.mark.parametrize(
    ("moment", "number"), [("starting worker", signal.SIGTERM), ("initializing process", signal.SIGINT)]
)
def test_while_its_processes_load_what_a_call_needs(worker, moment, number):
    """Pins: it waited for them, up to a minute; and a Ctrl-C was lost while one was being started."""
    process = worker()
    process.event(moment)
    assert_stops(process, number)


def test_while_it_tries_to_reach_livekit_again(worker):
    process = worker()
    process.event("worker.not_registered")
    assert_stops(process)


def test_while_livekit_accepts_a_connection_and_says_nothing(worker):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        connected = threading.Thread(target=mute.accept, daemon=True)
        connected.start()
        process = worker(LIVEKIT_URL=f"ws://127.0.0.1:{mute.getsockname()[1]}")
        connected.join(60)
        assert not connected.is_alive()
        assert_stops(process)


def test_a_developers_worker_stops_alike(worker):
    process = worker("dev", **IMPORTS)
    process.until(r"import time:.*\| +worker.parent$")
    assert_stops(process, signal.SIGINT)


@pytest.mark.calls
def test_while_phrases_are_rendered(worker, tmp_path):
    server = LiveKitServer(tmp_path, KEY, SECRET)
    server.start()
    try:
        with socket.create_server(("127.0.0.1", 0)) as mute:
            voice = threading.Thread(target=mute.accept, daemon=True)
            voice.start()
            process = worker(
                LIVEKIT_URL=server.url, SARVAM_BASE_URL=f"http://127.0.0.1:{mute.getsockname()[1]}",
                WORKER_PHRASE_CACHE_DIR=str(tmp_path / "phrases"),
            )  # fmt: skip
            process.event("worker.registered")
            voice.join(30)
            assert not voice.is_alive(), "no phrase was asked for"
            assert_stops(process)
    finally:
        server.stop()
