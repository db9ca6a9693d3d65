"""The worker's image, really built, started, called and stopped."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from box import Box
from image_bench import ROOT

from sandbox.stack.livekit_server import HOW_TO_GET_IT, find_server
from sandbox.stack.stack import Stack, StackOptions
from tests.needs import missing

pytestmark = [pytest.mark.nightly, pytest.mark.container, pytest.mark.timeout(900)]
PLATFORM_KILLS_AFTER_SECONDS = 10
DISPATCH_NAME = "vaani-container"
SCOPE = "sandbox-container-key"


def test_it_runs_as_nobody_in_particular(image, container, config):
    buildah, _ = image
    assert config["User"] == "10001"
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


def test_it_holds_no_secret_and_nothing_but_the_worker_and_its_records(image, container, config):
    buildah, _ = image
    names = [setting.partition("=")[0] for setting in config["Env"]]
    assert not [name for name in names if name.endswith(("_KEY", "_SECRET", "_TOKEN")) or name.startswith("LIVEKIT_")]
    assert buildah.run("run", container, "--", "ls", "-A", "/app").split() == ["records", "worker"]
    # The test's own way to the package index was mounted here; only the empty place of the mount may be left.
    assert buildah.run("run", container, "--", "stat", "-c", "%s", "/etc/pip.conf") == "0"
    absent = ("pip", "setuptools", "transformers", "pytest")
    listed = f"import importlib.util as u; print([name for name in {absent} if u.find_spec(name)])"
    assert buildah.run("run", container, "--", "python", "-c", listed) == "[]"


def test_its_bytecode_is_compiled(image, container):
    """Trap: without it every start compiles for about 5 s, on each of the processes."""
    buildah, _ = image
    bare = (
        "import pathlib, livekit.agents, worker; "
        "roots = [pathlib.Path(livekit.agents.__file__).parent, pathlib.Path(worker.__file__).parent]; "
        "print([str(p) for r in roots for p in r.rglob('*.py') "
        "if not (p.parent / '__pycache__' / f'{p.stem}.cpython-311.pyc').exists()])"
    )
    assert buildah.run("run", container, "--", "python", "-c", bare) == "[]"


def test_it_refuses_to_start_without_settings_and_names_them_all(image, container):
    buildah, _ = image
    refused = Box.start([*buildah.command, "run", container, "--", "python", "-m", "worker", "start"], buildah.env)
    refused.popen.wait(60)
    assert refused.popen.returncode == 2, refused.tail()
    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "SARVAM_API_KEY", "OPENAI_API_KEY"):
        assert name in refused.tail()


def call_from_outside(stack: Stack, out: Path) -> tuple[int, dict[str, Any], str]:
    """One scripted call by `python -m sandbox call`: its exit code, its call.json, what it printed."""
    command = [sys.executable, "-m", "sandbox", "call", "--token-url", stack.token_url, "--out", str(out)]
    command += ["--control-url", stack.sandbox_url, "--scope", SCOPE]
    environment = {**os.environ, "VAANI_IGNORE_ENV_FILE": "true"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False, env=environment)
    report = out / "call.json"
    return done.returncode, json.loads(report.read_text()) if report.is_file() else {}, done.stdout + done.stderr


def settings_of_the_worker(stack: Stack) -> dict[str, str]:
    return {
        "AGENT_NAME": DISPATCH_NAME,
        "LIVEKIT_URL": stack.livekit_url,
        "LIVEKIT_API_KEY": stack.api_key,
        "LIVEKIT_API_SECRET": stack.api_secret,
        "NUM_CPUS": "2",
        "OPENAI_API_KEY": SCOPE,
        "OPENAI_BASE_URL": f"{stack.sandbox_url}/v1",
        "SARVAM_API_KEY": SCOPE,
        "SARVAM_BASE_URL": stack.sandbox_url,
        # Under test the address is this machine's, so only loopback may see it.
        "WORKER_HEALTH_HOST": "127.0.0.1",
        "WORKER_HEALTH_PORT": str(stack.port("container_health")),
        "WORKER_ORDERS_URL": stack.sandbox_url,
    }


@pytest.fixture
async def loopback():
    """livekit-server, the token function and the stand-ins; the worker comes in a box."""
    if find_server() is None:
        missing(HOW_TO_GET_IT)
    options = StackOptions(scope=SCOPE, worker=False, token_environment={"AGENT_NAME": DISPATCH_NAME})
    async with Stack(options) as stack:
        yield stack


async def test_the_container_takes_a_real_call_and_stops_in_time(image, container, config, loopback, tmp_path):
    buildah, figures = image
    settings = settings_of_the_worker(loopback)
    env = [part for name, value in settings.items() for part in ("--env", f"{name}={value}")]
    started = time.monotonic()
    box = Box.start([*buildah.command, "run", *env, container, "--", *config["Cmd"]], buildah.env)
    try:
        await asyncio.to_thread(box.wait_for_line, lambda line: "worker.registered" in line, seconds=90)
        figures["start_seconds"] = round(time.monotonic() - started, 1)
        # The health check as the image states it, inside the container.
        await asyncio.to_thread(buildah.run, "run", *env, container, "--", *config["Healthcheck"]["Test"][1:])

        code, call, printed = await asyncio.to_thread(call_from_outside, loopback, tmp_path / "out")
        assert code == 0, f"{printed[-4000:]}\n{box.tail()}"
        assert call["greeting_seconds"] is not None
        assert call["errors"] == []
        assert all(turn["reply"] for turn in call["turns"])

        stopping = time.monotonic()
        os.kill(box.process("-m", "worker", "start").pid, signal.SIGTERM)
        await asyncio.to_thread(box.popen.wait, PLATFORM_KILLS_AFTER_SECONDS + 5)
        figures["stop_seconds"] = round(time.monotonic() - stopping, 1)
        assert figures["stop_seconds"] < PLATFORM_KILLS_AFTER_SECONDS, box.tail()
        assert box.popen.returncode == 0, box.tail()
    finally:
        await asyncio.to_thread(box.stop)
    logged = "\n".join(box.lines)
    assert loopback.api_secret not in logged
    assert SCOPE not in logged, "the providers' key was logged"
