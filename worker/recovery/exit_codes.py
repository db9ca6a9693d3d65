"""Tells by exit code why a call's process ended: the framework lets every Python exception exit with 0, a success."""

from __future__ import annotations

import os
from multiprocessing import util

FAILED = 70
"""The call failed, and its caller was told: LiveKit shall see a failed job, and nobody is sent after it."""
LOST = 71
"""The agent was cut off from a call that goes on: somebody is to be sent."""
UNUSED = 72
"""Nobody came to the call: the token that it was made for is still good."""


def exit_with(code: int) -> None:
    """Let this process exit with `code` once it has cleaned up after itself."""
    # The lowest priority runs last of all: after the framework's log queue and every other finaliser.
    util.Finalize(None, os._exit, args=(code,), exitpriority=-1000)


def ended_on_purpose(exit_code: int | None) -> bool:
    """Return whether a process with this exit code had said goodbye to its caller."""
    return exit_code in (0, FAILED, UNUSED)
