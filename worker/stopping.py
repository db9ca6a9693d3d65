"""Leaves the process at once: no thread that hangs, no import that takes seconds, holds up a stop.

Only what the standard library has, because it is needed before anything else has been imported.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import sys
import tempfile  # noqa: F401  what get_temp_dir imports: not in the middle of another import
from multiprocessing import util
from types import FrameType
from typing import NoReturn

from worker import fork_server

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
STOPPED = 0


def leave_when_told() -> None:
    """Exit on the signal, in one line, until the worker has its own handlers: nothing has begun that needs an end."""
    for number in STOP_SIGNALS:
        signal.signal(number, _leave_at_once)


def stop_as_usual() -> None:
    """Take `leave_when_told` back, for code that brings its own manners."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave_at_once(number: int, _: FrameType | None) -> NoReturn:
    # Not print: the signal may have come in the middle of one.
    os.write(2, f"the worker was told to stop ({signal.Signals(number).name}) before it had started\n".encode())
    _leave_nothing_behind()
    os._exit(STOPPED)


def leave(code: int) -> NoReturn:
    """Exit without waiting for threads: one may look up a name that nobody answers for, or wait for an idle process.

    Those end by themselves when this process is gone.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    _leave_nothing_behind()
    os._exit(code)


def _leave_nothing_behind() -> None:
    """End the fork server, and remove the folder of its socket: the interpreter's own end would."""
    with contextlib.suppress(OSError):
        fork_server.kill()
    with contextlib.suppress(OSError):
        shutil.rmtree(util.get_temp_dir())
