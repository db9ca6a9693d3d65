"""Keeps on disk what was decided while the database was away, so that it is told though this worker is killed.

A file a worker, locked for as long as that lives. A worker that starts takes over what those have left that are gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from records.budgets import Claim
from worker.budget.wire import claim_line, read_claim

log = logging.getLogger("vaani")
SUFFIX = ".untold"
Agent = tuple[str, int]


class Untold:
    """Remembers the newest such claim of each agent, and what the agent was let count for."""

    def __init__(self, folder: Path | None) -> None:
        """Remember in memory, and in `folder`, where one is given and can be written to."""
        self._decided: dict[Agent, tuple[Claim, float]] = {}
        self._file = -1
        if folder is not None:
            try:
                self._open(folder)
            except OSError as error:
                log.warning("what budgets decide alone is not kept", extra={"why": f"{folder}: {error.strerror}"})

    def __iter__(self) -> Iterator[tuple[Claim, float]]:
        """What is to be told, as it is now."""
        return iter(list(self._decided.values()))

    def __bool__(self) -> bool:
        return bool(self._decided)

    def put(self, claim: Claim, committed: float) -> None:
        """Remember what was decided for a claim."""
        self._decided[claim.call, claim.generation] = (claim, committed)
        line = json.dumps({"claim": claim_line(claim).decode(), "committed": committed}) + "\n"
        if self._file >= 0:
            with contextlib.suppress(OSError):  # a full disk: it is still in memory
                os.write(self._file, line.encode())

    def told(self, claim: Claim) -> None:
        """Forget a claim that the database has been told, unless a newer one has come."""
        agent = (claim.call, claim.generation)
        if agent in self._decided and self._decided[agent][0] == claim:
            del self._decided[agent]
        if not self._decided and self._file >= 0:
            os.ftruncate(self._file, 0)

    def close(self) -> None:
        """Let go of the file; what is in it, another worker tells."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _open(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        left = [line for path in sorted(folder.glob(f"*{SUFFIX}")) for line in _left_behind(path)]
        flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(folder / f"{os.getpid()}-{time.time_ns()}{SUFFIX}", flags, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for line in left:
            with contextlib.suppress(ValueError, KeyError, TypeError):  # the kill has torn it
                content = json.loads(line)
                self.put(read_claim(content["claim"].encode()), float(content["committed"]))


def _left_behind(path: Path) -> list[str]:
    """Take the lines of a file whose worker is gone; none of one that another worker holds."""
    with contextlib.suppress(FileNotFoundError), path.open("r+", encoding="utf-8", errors="replace") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return []
        lines = file.readlines()
        path.unlink()
        return lines
    return []
