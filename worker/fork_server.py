"""Starts the process that calls are forked from, before the framework would: beside this process's own imports.

The framework starts it when the server runs, once everything here has been imported. On two cores a worker that imports
both at once has registered seconds earlier.
"""

from __future__ import annotations

import os
import signal
from multiprocessing import forkserver, resource_tracker
from multiprocessing.forkserver import _forkserver as running
from typing import Final

# The framework's own list (livekit.agents.AgentServer.run), without the plugins: worker.preload imports those in use.
PRELOADED: Final = [
    "worker.no_garbage_yet",
    "worker.preload",
    "livekit.agents.ipc._preload",
    "livekit.agents.ipc._preload_freeze",
]
PRELOAD_MODELS: Final = "LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE"
"""Unless it is false, the framework loads v1-mini's weights: 243 MB and a second of CPU. What is set already stays."""
BLOCKED_LOOP_MS: Final = "LIVEKIT_AGENTS_LOOP_BLOCK_WARN_MS"
BLOCKED_LOOP_MS_IN_DEV: Final = "250"
BLOCKED_LOOP_MS_OFF: Final = "0"
"""The framework looks twenty to fifty times a second whether a loop is blocked, in two threads of each process, waiting
ones included: at twenty a fortieth of a call's CPU. How late a loop is, worker.load tells anyhow; what this adds is the
line of code that blocked it, which whoever writes one wants to know."""
DETECTORS_WITH_WEIGHTS: Final = {"v1-mini", "v1"}  # v1 falls back on them when LiveKit's cloud does not answer


def start(turn_detector: str, *, dev: bool = False) -> None:
    """Start it; what it needs has to be in the environment by now, since that is copied here.

    Args:
        turn_detector: The setting's value: it says whether the framework's own weights are needed.
        dev: Whether calls' processes say which line of code has blocked their loops.
    """
    if turn_detector not in DETECTORS_WITH_WEIGHTS:
        os.environ.setdefault(PRELOAD_MODELS, "false")
    os.environ.setdefault(BLOCKED_LOOP_MS, BLOCKED_LOOP_MS_IN_DEV if dev else BLOCKED_LOOP_MS_OFF)
    forkserver.set_forkserver_preload(PRELOADED)
    resource_tracker.ensure_running()  # started below it would unblock SIGINT
    # Ctrl-C is for the worker alone, which then tells the others.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def kill() -> None:
    """Kill it, if it runs: still importing, it would outlive this process and hold its output open for seconds."""
    if (pid := getattr(running, "_forkserver_pid", None)) is not None:
        os.kill(pid, signal.SIGKILL)
