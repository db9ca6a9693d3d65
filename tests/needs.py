"""Says what a test needs that this machine lacks: a skip by hand, a failure under `.ci/run`."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest

UNDER_CI = os.environ.get("VAANI_CI") == "1"


def missing(what: str) -> NoReturn:
    """Skip with the line that installs it; in CI nothing may be missing."""
    if UNDER_CI:
        pytest.fail(what, pytrace=False)
    pytest.skip(what)
