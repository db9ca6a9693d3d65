"""What holds for every test process."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator

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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the worker's log under the failure of a test with a stack: what happened in a call cannot be asked later."""
    report = yield
    if report.failed and call.when == "call" and "sandbox.stack" in sys.modules:
        from tests.stack_logs import last_logged  # most test processes need no stack

        report.sections.extend(last_logged(getattr(item, "funcargs", {}).values()))
    return report
