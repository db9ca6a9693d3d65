"""Puts the parts of one recording where they are kept, in a thread: a folder, Google's or Amazon's store.

A store that refuses, is slow or gone never disturbs the call: parts wait in memory, as many as fit.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import queue
import re
import shutil
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

log = logging.getLogger("vaani")
MOST_WAITING_BYTES = 4_000_000  # a quarter of an hour
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 15.0
ERASING_SECONDS = 60.0


TROUBLES: Final = (
    ("No space left|quota exceeded|File too large|EDQUOT", "the disk is full"),
    ("PermissionDenied|Unauthenticated|Permission denied|Read-only", "the store refuses"),
    ("NotFound|NoSuchBucket", "the store is gone"),
    ("timed out|TimedOut|TimeoutError", "the store is too slow"),
)
"""What an error's name or text says -> what it means; anything else is a store that cannot be reached."""


def folder_of(recordings_url: str) -> Path | None:
    """Return the folder of a `file://` URL; None for a store."""
    parts = urlsplit(recordings_url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


class Shelf:
    """Holds the parts of one call; all agents of the call share its folder."""

    def __init__(self, recordings_url: str, call_id: str, generation: int, lost: Callable[[str], None]) -> None:
        """Keep parts below `recordings_url`; `lost` is told, once, why the recording has a hole."""
        self.url = f"{recordings_url.rstrip('/')}/{call_id}/"
        self._root, self._folder = recordings_url, call_id
        self._generation = generation
        self._numbers = itertools.count()
        self._waiting: queue.SimpleQueue[tuple[str, bytes] | None] = queue.SimpleQueue()
        self._bytes_waiting = 0
        self._lost = lost
        self._has_lost = False
        self._trouble = ""
        self._erased = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    def put(self, part: bytes, began_at: float) -> None:
        """Take a part that begins at this Unix time; never waits, never raises."""
        number = next(self._numbers)
        name = f"{self._folder}/{self._generation:03}-{number:05}-{round(began_at * 1000)}.ogg"
        if self._erased.is_set():
            return
        if self._bytes_waiting + len(part) > MOST_WAITING_BYTES:
            self._tell_lost("more waits than may")
            return
        self._bytes_waiting += len(part)
        self._waiting.put((name, part))

    def erase(self) -> None:
        """Remove every part of the call, stored or waiting, and take no more; begun at once, never waited for."""
        self._erased.set()
        self._waiting.put(None)

    def close(self, seconds: float) -> None:
        """Store what is left, or erase it, for so long at most."""
        self._waiting.put(None)
        self._thread.join(seconds)
        if self._thread.is_alive():
            self._has_lost = self._has_lost and not self._erased.is_set()
            self._tell_lost(
                f"it could not be erased yet, remove {self.url}"
                if self._erased.is_set()
                else "its end was not taken in time"
            )

    def _run(self) -> None:
        import obstore  # only where sound is kept
        from obstore.store import LocalStore

        from records.recordings import open_store

        opened: list[Any] = []
        folder = folder_of(self._root)

        def store() -> Any:
            if not opened:
                opened.append(open_store(self._root, tries=1) if folder is None else LocalStore(folder, mkdir=True))
            return opened[0]

        def put(name: str, part: bytes) -> None:
            obstore.put(store(), name, part)

        def remove() -> None:
            for page in obstore.list(store(), prefix=self._folder):
                for each in page:
                    with contextlib.suppress(FileNotFoundError):  # by another agent of the call
                        obstore.delete(store(), each["path"])
            if folder is not None and (whole := folder / self._folder).exists():
                shutil.rmtree(whole)  # what a killed process has half written is in no list

        while (waiting := self._waiting.get()) is not None:
            if not self._erased.is_set():
                name, part = waiting
                self._until_done(partial(put, name, part), self._erased)
            self._bytes_waiting -= len(waiting[1])
        if self._erased.is_set():
            self._until_done(remove, threading.Event(), ERASING_SECONDS)

    def _until_done(self, work: Callable[[], None], given_up: threading.Event, most_seconds: float = 1e9) -> None:
        pause, until = FIRST_PAUSE_SECONDS, time.monotonic() + most_seconds
        while not given_up.is_set() and time.monotonic() < until:
            try:
                work()
                self._trouble = ""
                return
            except Exception as error:  # whatever a store says, the call goes on
                self._trouble = trouble_in(error)
                log.warning("a recording waits", extra={"why": self._trouble, "error": type(error).__name__})
            given_up.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _tell_lost(self, why: str) -> None:
        if not self._has_lost:
            self._has_lost = True
            self._lost(f"{self._trouble}: {why}" if self._trouble else why)


def trouble_in(error: Exception) -> str:
    """Return what is wrong with a store, in words for its operator."""
    said = f"{type(error).__name__}: {error}"
    return next((told for signs, told in TROUBLES if re.search(signs, said, re.IGNORECASE)), "the store is away")
