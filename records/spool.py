"""Keeps events on disk until the database has them: a call's process writes, the worker's shipper reads.

One file an agent and call, appended line by line. Nothing is forced to the disk (no fsync): what is written survives
the process and its kill, not a loss of power within the tenth of a second until the shipper has it. A file is locked
as long as its writer lives, so a reader knows which are finished without knowing any process.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import logging
import os
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from records.events import DROPPED, CallEvent, without_words
from records.log_events import RECORDS_DROPPED

log = logging.getLogger("vaani")
SUFFIX = ".jsonl"
MOST_WAITING = 10_000
LOOK_SECONDS = 1.0
COMPLAINT_SECONDS = 30.0
CLOSE_SECONDS = 2.0


def spooled_bytes(folder: Path) -> int:
    """Return how much waits in a spool."""
    total = 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):  # shipped this moment
                total += entry.stat().st_size if entry.name.endswith(SUFFIX) else 0
    return total


class _Forget:
    """Asks the writer's thread to take back the words that it has written."""


class SpoolWriter:
    """Writes one agent's events of one call, in a thread of its own: `append` costs its caller microseconds.

    What the bound, or a full disk, does not let in is dropped, counted, logged, and told to the record when there is
    room again.
    """

    def __init__(self, folder: Path, call: str, generation: int, most_bytes: int) -> None:
        self._folder, self._call, self._generation, self._most_bytes = folder, call, generation, most_bytes
        self._events: queue.SimpleQueue[CallEvent | _Forget | None] = queue.SimpleQueue()
        self._dropped = self._told_dropped = 0
        self._sequences = itertools.count()  # `next` is one step: two threads number events
        self._file: int | None = None
        self._torn = False
        self._looked_at = self._complained_at = float("-inf")
        self._full = False
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="records spool", daemon=True)
        self._thread.start()

    def append(self, kind: str, about: dict[str, object], *, at: float | None = None) -> None:
        """Take in an event; never waits, never raises."""
        if self._closed:
            return
        sequence = next(self._sequences)
        if self._events.qsize() >= MOST_WAITING:  # a disk that hangs
            self._dropped += 1
            return
        at = time.time() if at is None else at
        self._events.put(CallEvent(self._call, self._generation, sequence, kind, round(at, 4), about))

    def forget_words(self) -> None:
        """Take what was said out of all that this call has written so far; never waits, never raises."""
        if not self._closed:
            self._events.put(_Forget())

    def close(self) -> None:
        """Write what is left, for a moment at most; the file stays for the shipper."""
        self._closed = True
        self._events.put(None)
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while (event := self._events.get()) is not None:
            if isinstance(event, _Forget):
                forget_words(self._folder, self._call)
                continue
            self._write(event)
            self._tell_dropped()
        if self._file is not None:
            os.close(self._file)  # and with it the lock: this file is finished

    def _write(self, event: CallEvent) -> bool:
        try:
            if self._has_room():
                self._put(event.as_line())
                return True
            why = f"the spool is full ({self._most_bytes // 1_000_000} MB)"
        except Exception as error:  # whatever the disk does, the call goes on
            why = f"{type(error).__name__}: {error}"
        self._dropped += event.kind != DROPPED
        if (now := time.monotonic()) - self._complained_at >= COMPLAINT_SECONDS:
            self._complained_at = now
            log.error(RECORDS_DROPPED, extra={"events": self._dropped, "why": why, "spool": str(self._folder)})
        return False

    def _tell_dropped(self) -> None:
        if self._dropped == self._told_dropped:
            return
        sequence = next(self._sequences)
        about: dict[str, object] = {"events": self._dropped}
        if self._write(CallEvent(self._call, self._generation, sequence, DROPPED, time.time(), about)):
            self._told_dropped = self._dropped

    def _has_room(self) -> bool:
        if (now := time.monotonic()) - self._looked_at >= LOOK_SECONDS:
            self._looked_at, self._full = now, spooled_bytes(self._folder) >= self._most_bytes
        return not self._full

    def _put(self, line: bytes) -> None:
        if self._file is None:
            self._file = _open_locked(self._folder, self._call, self._generation)
        if self._torn:  # a full disk has cut the last line: it ends here
            line = b"\n" + line
        self._torn = True
        written = os.write(self._file, line)
        self._torn = written < len(line)
        if self._torn:
            raise OSError("the disk took half a line")


def forget_words(folder: Path, call: str) -> None:
    """Overwrite what was said in the spooled events of a call, and leave every event where it is for its reader."""
    for path in folder.glob(f"{call}.*{SUFFIX}"):
        with contextlib.suppress(OSError), open(path, "r+b") as file:
            offset = 0
            for line in file.read().splitlines(keepends=True):
                if (redacted := without_words(line)) != line:
                    os.pwrite(file.fileno(), redacted, offset)
                offset += len(line)


def _open_locked(folder: Path, call: str, generation: int) -> int:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        path = folder / f"{call}.{generation}.{os.getpid()}.{time.time_ns()}{SUFFIX}"
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        # A reader may come between the two lines, find a file that nobody has locked, and remove it: then another one.
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(file).st_nlink:
                return file
        os.close(file)


@dataclass(slots=True)
class SpoolFile:
    """One file of a spool, as far as it has been read."""

    path: Path
    offset: int = 0

    @property
    def call(self) -> str:
        """Return the call that the file is about."""
        return self.path.name.partition(".")[0]

    @property
    def generation(self) -> int:
        """Return which agent of its call has written it."""
        return int(self.path.name.split(".")[1])

    def new_lines(self, most_bytes: int) -> tuple[list[bytes], int]:
        """Read whole lines from where reading stopped; returns them, and the offset behind them."""
        with open(self.path, "rb") as file:
            if os.fstat(file.fileno()).st_size < self.offset:
                self.offset = 0  # erased under its writer's hands
            file.seek(self.offset)
            content = file.read(most_bytes)
        whole, newline, _ = content.rpartition(b"\n")
        if not newline:  # nothing yet; or no line of ours, which nobody may wait for
            return [], self.offset + (len(content) if len(content) == most_bytes else 0)
        return [line for line in whole.split(b"\n") if line.strip()], self.offset + len(whole) + 1

    def is_finished(self) -> bool:
        """Return whether nobody will write here any more; what its writer has not ended with a line's end is torn."""
        with self._alone() as alone:
            return alone

    def is_read(self) -> bool:
        """Return whether every whole line was read."""
        with contextlib.suppress(FileNotFoundError):
            return b"\n" not in self._rest()
        return True

    def remove_if_read(self) -> bool:
        """Remove the file if it is finished, and read to its end; returns whether it is gone."""
        with self._alone() as alone:
            if not alone:
                return False
            with contextlib.suppress(FileNotFoundError):
                rest = self._rest()
                if b"\n" in rest:
                    return False
                self.path.unlink()
                if rest.strip():
                    log.error(RECORDS_DROPPED, extra={"events": 1, "why": "a kill or a full disk has torn a line"})
            return True

    def _rest(self) -> bytes:
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            return file.read()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[bool]:
        try:
            file = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            yield True
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield True
        except BlockingIOError:
            yield False
        finally:
            os.close(file)


class Spool:
    """Reads a spool's files; one reader at a time, whoever of the workers that share it comes first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, SpoolFile] = {}
        self._lock: int | None = None

    def take(self) -> bool:
        """Return whether this process may read the spool: no other does."""
        if self._lock is not None:
            return True
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.folder / ".reader", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._lock = lock
        return True

    def release(self) -> None:
        """Let another reader have it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def files(self) -> Iterator[SpoolFile]:
        """Return the files that there are, the oldest first."""
        found: list[tuple[float, str]] = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):  # erased this moment
                    found += [(entry.stat().st_mtime, entry.name)] if entry.name.endswith(SUFFIX) else []
        known = self._files
        self._files = {name: known.get(name) or SpoolFile(self.folder / name) for _, name in sorted(found)}
        return iter(self._files.values())
