"""Keeps what a campaign has done, so that after a crash it goes on where it was and calls nobody twice.

A SQLite file: each try is written down before the phone rings, and its outcome when it is known. Numbers are in the
list, not in here: a row is found by the number's fingerprint. And when each trunk's next call may begin.
"""

from __future__ import annotations

import contextlib
import fcntl
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

PENDING, CALLING, DONE = "pending", "calling", "done"
_SCHEMA = """
create table if not exists callees (
    campaign text not null,
    callee text not null,
    state text not null,
    tries integer not null default 0,
    due_at real not null default 0,
    outcome text not null default '',
    primary key (campaign, callee)
);
create table if not exists trunks (
    trunk text primary key,
    next_at real not null
)
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """Tells where a campaign stands with one callee."""

    callee: str
    """Fingerprint of the number."""
    state: str
    tries: int
    due_at: float
    """Unix time before which they are not called again."""
    outcome: str
    """Of the last try; empty before the first."""


class Journal:
    """Keeps the state of campaigns in one file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._folder = path.parent
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = full")  # a row that says "calling" must outlive the machine
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def add(self, campaign: str, callee: str) -> None:
        """Take a callee in; one who is in already stays as they are."""
        self._db.execute("insert or ignore into callees (campaign, callee, state) values (?, ?, ?)",
                         (campaign, callee, PENDING))  # fmt: skip

    def entries(self, campaign: str) -> list[Entry]:
        """Return everybody of a campaign, in the order in which they were added."""
        rows = self._db.execute(
            "select callee, state, tries, due_at, outcome from callees where campaign = ? order by rowid", (campaign,)
        )
        return [Entry(*row) for row in rows]

    def calling(self, campaign: str, callee: str) -> None:
        """Note that a try begins now. Written before the phone rings."""
        self._db.execute(
            "update callees set state = ?, tries = tries + 1 where campaign = ? and callee = ?",
            (CALLING, campaign, callee),
        )

    def settle(self, campaign: str, callee: str, outcome: str, *, again_at: float | None = None) -> None:
        """Note what came of a try, and when the next one is due; None for no other."""
        state = DONE if again_at is None else PENDING
        self._db.execute(
            "update callees set state = ?, outcome = ?, due_at = ? where campaign = ? and callee = ?",
            (state, outcome, again_at or 0.0, campaign, callee),
        )

    def put_off(self, campaign: str, callee: str, due_at: float, outcome: str) -> None:
        """Note that somebody was not called, which is no try, and when they may be."""
        self._db.execute(
            "update callees set state = ?, tries = max(tries - 1, 0), due_at = ?, outcome = ? "
            "where campaign = ? and callee = ?",
            (PENDING, due_at, outcome, campaign, callee),
        )

    def take_turn(self, trunk: str, now: float, every_seconds: float) -> float:
        """Take a trunk's turn to begin a call, 0; or, if it has not come yet, return how long to wait for it.

        All campaigns of this journal share it, those of other processes too.
        """
        self._db.execute("begin immediate")
        try:
            row = self._db.execute("select next_at from trunks where trunk = ?", (trunk,)).fetchone()
            # Never longer than a whole turn: the machine's clock may have been put back.
            wait_seconds: float = min(row[0] - now, every_seconds) if row is not None else 0.0
            if wait_seconds <= 0:
                self._db.execute("insert or replace into trunks values (?, ?)", (trunk, now + every_seconds))
        finally:
            self._db.execute("commit")
        return max(wait_seconds, 0.0)

    @contextlib.contextmanager
    def line(self, trunk: str, lines: int) -> Iterator[bool]:
        """Hold one of so many lines of a trunk, as `hold` does; False when all are held."""
        with contextlib.ExitStack() as held:
            yield any(held.enter_context(self.hold(f"{trunk}-{number}")) for number in range(lines))

    @contextlib.contextmanager
    def hold(self, name: str) -> Iterator[bool]:
        """Hold a name for as long as this lasts, against every process of this machine; False when it is held.

        A lock of the system's: it ends with the process that holds it, however that ends.
        """
        with (self._folder / f".{quote(name, safe='')}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
                return
            yield True
