"""Lets processes that nobody is talking to wait for those that carry calls."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

BEHIND = 5  # the nice value: a third of what a call's process gets of a core that both want


def step_behind_calls() -> None:
    """Let every call's process have a core before this one, for the rest of this one's life.

    Nobody but root may take it back: it is for a process that will never carry a call.
    """
    threads = Path("/proc/self/task")  # Linux keeps the value by thread, and LiveKit's are running already
    ids = [int(each.name) for each in threads.iterdir()] if threads.is_dir() else [0]
    for thread in ids:
        with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
            os.setpriority(os.PRIO_PROCESS, thread, BEHIND)
