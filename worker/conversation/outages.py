"""Shares among the calls of one machine that a provider is down: the next caller waits for it less.

A call that gave up on a provider leaves a mark; for a while, calls that find it give up sooner. They still try, at once
and as ever: the first answer shows that the provider is back, and nothing has to be reset.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from pathlib import Path

from worker.reply.retry import RetryPolicy

SHARE_OF_PATIENCE = 0.4


class Outages:
    """Keeps the marks of one machine, as files: each call is a process of its own."""

    def __init__(self, folder: Path, remembered_seconds: float) -> None:
        self._folder = folder
        self._remembered_seconds = remembered_seconds

    def note(self, provider: str) -> None:
        """Mark that a call has given up on `provider`."""
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._mark(provider).touch()

    def known(self, provider: str) -> bool:
        """Return whether a call has given up on `provider` a short while ago."""
        try:
            return time.time() - self._mark(provider).stat().st_mtime < self._remembered_seconds
        except OSError:
            return False

    def retry_policy(self, usual: RetryPolicy, *providers: str) -> RetryPolicy:
        """Return how long to wait for `providers` now."""
        if not any(self.known(provider) for provider in providers):
            return usual
        shorter = max(usual.give_up_seconds * SHARE_OF_PATIENCE, 2 * usual.late_seconds)
        return replace(usual, give_up_seconds=min(shorter, usual.give_up_seconds))

    def _mark(self, provider: str) -> Path:
        return self._folder / f"down-{provider}"
