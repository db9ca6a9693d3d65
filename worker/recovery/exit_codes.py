"""How a call's process says why it ended: LiveKit's framework lets every Python exception exit with 0, as a success."""

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
    """Let this process, once it has cleaned up after itself, exit with `code`."""
    # The lowest priority runs last of all: after the framework's log queue and every other finaliser.
    util.Finalize(None, os._exit, args=(code,), exitpriority=-1000)


def ended_on_purpose(exit_code: int | None) -> bool:
    """Whether a process with this exit code had taken leave of its caller."""
    return exit_code in (0, FAILED, UNUSED)
