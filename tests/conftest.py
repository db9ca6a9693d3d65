"""What holds for every test process."""

from __future__ import annotations

import os
import sys

import pytest


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave without the interpreter's own end once the rtc SDK has been used.

    Its native threads outlive the interpreter's objects, and one that calls back into them then aborts the process
    ("panic in a function that cannot unwind"): seen at the end of 78 passed tests, one run in three on a busy machine.
    Every test and every report is over by now, and the exit code is the tests' own.
    """
    if "livekit.rtc" in sys.modules and (outcome := config.stash.get(OUTCOME, None)) is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(outcome)


OUTCOME = pytest.StashKey[int]()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keep the exit code for pytest_unconfigure."""
    session.config.stash[OUTCOME] = int(exitstatus)
