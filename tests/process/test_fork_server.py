"""What calls are forked from is loaded beside the worker's own imports; each process loads what it needs, no more."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from worker import __main__ as worker_main
from worker import fork_server
from worker.errors import BadSettings

ROOT = Path(__file__).parents[2]
PARENT = "worker.checks, worker.end_of_turn.session_options, worker.logs, worker.parent, worker.run"
OUR_PRELOADED = [module for module in fork_server.PRELOADED if module.startswith("worker.")]
ONLY_CALLS_NEED = ["livekit.plugins.openai", "livekit.plugins.sarvam", "mcp", "onnxruntime", "worker.server"]
PRINT_LOOP = "import asyncio; print(type(asyncio.new_event_loop()).__module__)"
PRINT_LOADED = "import json, sys; print(json.dumps(sorted(sys.modules)))"
COUNT_COLLECTIONS = "import gc; print(gc.isenabled(), gc.get_stats()[2]['collections'])"


def printed_by(code, **environment):
    """What a fresh process prints, line by line."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, check=True, timeout=100
    ).stdout.splitlines()


def loaded_by(statement, **environment):
    """The modules that a fresh process has after a statement."""
    return set(json.loads(printed_by(f"{statement}\n{PRINT_LOADED}", **environment)[-1]))


def test_the_parent_does_without_what_only_a_call_needs():
    """Pins: 3.5 s of CPU and 197 MB in a process that carries no call."""
    assert not loaded_by(f"import {PARENT}") & set(ONLY_CALLS_NEED)


def test_settings_are_checked_without_the_framework():
    """Pins: whoever had misspelt a voice waited for two seconds of imports to be told so."""
    check = "import worker.checks; from worker.settings import TtsSettings"
    voices = "TtsSettings(voices={'en-IN': 'nobody'})"
    loaded = loaded_by(f"{check}; assert worker.checks.voice_problems({voices})")
    assert "livekit.agents" not in loaded


@dataclass(frozen=True)
class Preloaded:
    """What a process has that has loaded all that calls are forked from."""

    modules: set[str]
    with_all: bool
    """Whether tools' servers and recording are set, which not every worker has."""
    event_loop: str
    """Who makes the loop that it would make."""
    collections: str
    """Whether garbage is collected now, and how often all that there is has been looked through until now."""


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "with servers of tools, and recorded"])
def preloaded(request):
    servers = '[{"name": "a", "url": "http://127.0.0.1:1"}]' if request.param else ""
    code = f"import {', '.join(OUR_PRELOADED)}\n{PRINT_LOOP}\n{COUNT_COLLECTIONS}\n{PRINT_LOADED}"
    *_, event_loop, collections, modules = printed_by(
        code, WORKER_MCP_SERVERS=servers, WORKER_RECORD="on" if request.param else "off"
    )
    return Preloaded(set(json.loads(modules)), request.param, event_loop, collections)


def test_a_calls_process_is_forked_from_all_it_needs(preloaded):
    assert preloaded.modules >= set(ONLY_CALLS_NEED) - {"mcp"}
    assert ("mcp" in preloaded.modules) is preloaded.with_all


def test_a_calls_loop_is_made_by_uvloop(preloaded):
    """Pins: a wake of asyncio's own loop took 1.7 times the CPU."""
    assert preloaded.event_loop == "uvloop"


def test_what_records_a_call_is_loaded_once_where_calls_are_recorded(preloaded):
    """Pins: every recorded call's process held 10 MB of its own for it."""
    for module in ("obstore", "worker.recording.parts"):
        assert (module in preloaded.modules) is preloaded.with_all, module


def test_no_garbage_is_looked_for_while_it_loads_and_afterwards_it_is(preloaded):
    """Pins: a sixth of the CPU of every worker's start, in which modules were looked through for garbage."""
    assert preloaded.collections == "True 0"


WAIT_FOR_THE_END = """
from multiprocessing import forkserver
from worker import fork_server
fork_server.PRELOADED[:] = [{module!r}]
fork_server.start({detector!r}, dev={dev!r})
pid = forkserver._forkserver._forkserver_pid
assert pid
{then}
"""


def run_with_fork_server(tmp_path, preloaded, *, detector="vaani", dev=False, then="", **environment):
    """Start one that preloads a module of ours; returns what that module has printed."""
    (tmp_path / "preloaded.py").write_text(preloaded)
    code = WAIT_FOR_THE_END.format(module="preloaded", detector=detector, dev=dev, then=then)
    return subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": f"{ROOT}:{tmp_path}"} | environment, cwd=tmp_path,
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout.strip()  # fmt: skip


@pytest.mark.parametrize(
    ("detector", "set_already", "told"),
    [
        ("vaani", {}, "false"),
        ("v1-mini", {}, "None"),
        ("v1", {}, "None"),
        ("vaani", {fork_server.PRELOAD_MODELS: "true"}, "true"),
    ],
)
def test_the_frameworks_model_is_loaded_for_the_detector_that_uses_it(
    tmp_path, monkeypatch, detector, set_already, told
):
    """Pins: 243 MB of weights that no call of `vaani` asks."""
    monkeypatch.delenv(fork_server.PRELOAD_MODELS, raising=False)
    say = f"import os; print(os.environ.get({fork_server.PRELOAD_MODELS!r}), flush=True)"
    assert run_with_fork_server(tmp_path, say, detector=detector, **set_already) == told


@pytest.mark.parametrize(
    ("dev", "set_already", "told"),
    [(False, {}, "0"), (True, {}, "250"), (False, {fork_server.BLOCKED_LOOP_MS: "100"}, "100")],
)
def test_only_in_dev_do_processes_look_where_their_loop_is_blocked_unless_told_otherwise(
    tmp_path, monkeypatch, dev, set_already, told
):
    """Pins: forty wake-ups a second in every process, those that wait for a call included."""
    monkeypatch.delenv(fork_server.BLOCKED_LOOP_MS, raising=False)
    say = f"import os; print(os.environ.get({fork_server.BLOCKED_LOOP_MS!r}), flush=True)"
    assert run_with_fork_server(tmp_path, say, dev=dev, **set_already) == told


@pytest.mark.parametrize(("command", "dev"), [("start", False), ("dev", True)])
def test_the_fork_server_is_told_whether_this_is_a_developers_machine(monkeypatch, command, dev):
    told = []

    def start(turn_detector, *, dev):
        told.append(dev)
        raise BadSettings([])  # enough has been started

    settings = SimpleNamespace(telemetry=SimpleNamespace(is_on=False), turns=SimpleNamespace(turn_detector="vaani"))
    monkeypatch.setattr(worker_main, "load_settings", lambda for_console: settings)
    monkeypatch.setattr(fork_server, "start", start)
    worker_main.main([command])
    assert told == [dev]


def test_ctrl_c_in_the_terminal_is_not_for_the_fork_server(tmp_path):
    say = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []), flush=True)"
    still = "import signal; assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])"
    assert run_with_fork_server(tmp_path, say, then=still) == "True"


def test_a_killed_fork_server_is_gone_whatever_it_was_importing(tmp_path):
    then = "import os\nfork_server.kill()\nassert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -9"
    run_with_fork_server(tmp_path, "import threading; threading.Event().wait()", then=then)
