"""Runs a command and waits also for what its processes leave behind: `python -m scripts.counted COMMAND ...`.

A worker's fork server, and with it the processes of its calls, has nobody who waits for it: the CPU that they took,
half of what a real call takes, would be in no count. Here they become children of this process.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
LEFT_BEHIND_SECONDS = 2.0  # an orphaned fork server ends as soon as it notices


def main() -> int:
    """Return the command's exit code, 128 and more for a signal as a shell does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    command = subprocess.Popen(sys.argv[1:])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # only now: the command must not inherit it
    pid, status = os.wait()
    while pid != command.pid:
        pid, status = os.wait()
    deadline = time.monotonic() + LEFT_BEHIND_SECONDS
    while any_are_left() and (seconds := deadline - time.monotonic()) > 0:
        signal.sigtimedwait({signal.SIGCHLD}, seconds)
    command.returncode = code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def any_are_left() -> bool:
    """Take note of the children that have ended; whether others go on."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
