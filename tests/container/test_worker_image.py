"""The worker's image, really built, started, called and stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import time
import urllib.request

import psutil
import pytest
from loopback import Process, place_call, stack

pytestmark = [pytest.mark.container, pytest.mark.timeout(900)]
PLATFORM_KILLS_AFTER_SECONDS = 10


def test_it_runs_as_nobody_in_particular(image, config):
    buildah, _ = image
    assert config["User"] == "10001"
    container = buildah.run("from", "--pull-never", "vaani-test-worker")
    assert buildah.run("run", container, "--", "id", "-u") == "10001"
    assert (
        buildah.run("run", container, "--", "python", "-c", "import pathlib; print(pathlib.Path.home())")
        == "/home/worker"
    )
    writable = "import os; print(*(os.access(path, os.W_OK) for path in ('/home/worker', '/app', '/opt/venv')))"
    assert buildah.run("run", container, "--", "python", "-c", writable) == "True False False"


def test_it_starts_the_worker_and_says_how_to_see_that_it_lives(config):
    assert config["Cmd"] == ["python", "-m", "worker", "start"]
    assert config["Healthcheck"]["Test"][:2] == ["CMD", "python"]
    assert config["StopSignal"] in ("SIGTERM", "15")
    assert config["WorkingDir"] == "/app"


def test_it_holds_no_secret_and_nothing_but_the_worker(image, config):
    buildah, _ = image
    names = [setting.partition("=")[0] for setting in config["Env"]]
    assert not [name for name in names if name.endswith(("_KEY", "_SECRET", "_TOKEN")) or name.startswith("LIVEKIT_")]
    container = buildah.run("from", "--pull-never", "vaani-test-worker")
    assert buildah.run("run", container, "--", "ls", "-A", "/app").split() == ["worker"]
    # The test's own way to the package index was mounted here; only the empty place of the mount may be left.
    assert buildah.run("run", container, "--", "stat", "-c", "%s", "/etc/pip.conf") == "0"
    absent = ("pip", "setuptools", "transformers", "pytest")
    listed = f"import importlib.util as u; print([name for name in {absent} if u.find_spec(name)])"
    assert buildah.run("run", container, "--", "python", "-c", listed) == "[]"


def test_its_bytecode_is_compiled(image):
    """Trap: without it every start compiles for about 5 s, on each of the processes."""
    buildah, _ = image
    container = buildah.run("from", "--pull-never", "vaani-test-worker")
    bare = (
        "import pathlib, livekit.agents, worker; "
        "roots = [pathlib.Path(livekit.agents.__file__).parent, pathlib.Path(worker.__file__).parent]; "
        "print([str(p) for r in roots for p in r.rglob('*.py') "
        "if not (p.parent / '__pycache__' / f'{p.stem}.cpython-311.pyc').exists()])"
    )
    assert buildah.run("run", container, "--", "python", "-c", bare) == "[]"


def test_it_refuses_to_start_without_settings_and_names_them_all(image):
    buildah, _ = image
    container = buildah.run("from", "--pull-never", "vaani-test-worker")
    refused = Process.start(
        "worker", [*buildah.command, "run", container, "--", "python", "-m", "worker", "start"], buildah.env
    )
    refused.popen.wait(60)
    assert refused.popen.returncode == 2, refused.tail()
    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "SARVAM_API_KEY", "OPENAI_API_KEY"):
        assert name in refused.tail()


def worker_process(container: Process) -> psutil.Process:
    """The worker itself, below buildah's own processes."""
    for process in psutil.Process(container.popen.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            command = process.cmdline()
            if command[1:] == ["-m", "worker", "start"]:
                return process
    raise AssertionError(f"no worker below buildah:\n{container.tail()}")


def test_the_container_takes_a_real_call_and_stops_in_time(image, config, tmp_path):
    buildah, figures = image
    with stack(tmp_path) as loopback:
        container = buildah.run("from", "--pull-never", "vaani-test-worker")
        env = [part for name, value in loopback.worker_env.items() for part in ("--env", f"{name}={value}")]
        started = time.monotonic()
        box = Process.start("worker", [*buildah.command, "run", *env, container, "--", *config["Cmd"]], buildah.env)
        try:
            box.wait_for_line(lambda line: "worker.registered" in line, seconds=90)
            figures["start_seconds"] = round(time.monotonic() - started, 1)

            health = f"http://127.0.0.1:{loopback.worker_env['WORKER_HEALTH_PORT']}/"
            assert urllib.request.urlopen(health, timeout=5).status == 200
            # The health check as the image states it, inside the container.
            check = config["Healthcheck"]["Test"][1:]
            buildah.run("run", *env, container, "--", *check)

            code, call, printed = place_call(loopback, tmp_path / "out")
            assert code == 0, f"{printed[-4000:]}\n{box.tail()}"
            assert call["greeting_seconds"] is not None
            assert call["errors"] == []
            assert all(turn["reply"] for turn in call["turns"])

            worker = worker_process(box)
            stopping = time.monotonic()
            os.kill(worker.pid, signal.SIGTERM)
            box.popen.wait(PLATFORM_KILLS_AFTER_SECONDS + 5)
            figures["stop_seconds"] = round(time.monotonic() - stopping, 1)
            assert figures["stop_seconds"] < PLATFORM_KILLS_AFTER_SECONDS, box.tail()
            assert box.popen.returncode == 0, box.tail()
        finally:
            box.stop()
    logged = "\n".join(box.lines)
    assert loopback.worker_env["LIVEKIT_API_SECRET"] not in logged
    assert "sandbox-container" not in logged
