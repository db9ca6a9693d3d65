"""`python -m bench.record_callers URL SPOOL CALLS KILLED SECONDS`: calls in processes of their own tell their records.

Each is a forked process, as the worker's are. Those that are to be killed are killed, from outside, in their second
turn; every second of them is carried on by another process, of the others it is told that nobody does.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from records import events
from records.events import call_id_of
from records.spool import SpoolWriter
from worker.record.lost import note_lost_call
from worker.settings import RecordsSettings

TURNS = 4
TURN_SECONDS = 0.5
SPOOL_MB = 256
LOOK_SECONDS = 0.01


def id_of(number: int) -> str:
    """The id under which a call is kept."""
    return call_id_of(f"RM_{number}")


class Callers:
    """Begins the calls, kills some, and sees to those that were killed."""

    def __init__(self, settings: RecordsSettings, calls: int, killed: int, seconds: float) -> None:
        assert settings.spool_folder is not None
        self._settings, self._folder = settings, settings.spool_folder
        self._calls, self._killed, self._seconds = calls, killed, seconds
        self._carried: dict[int, tuple[int, int]] = {}
        """Process -> (call, which agent of it)."""
        self._seen_to = 0
        self._to_kill: dict[int, int] = {}
        """Pipe that tells that the second turn was heard -> process."""

    def run(self) -> None:
        """Carry all calls to their end."""
        begun_at, begun = time.monotonic(), 0
        while begun < self._calls or self._carried:
            while begun < self._calls and time.monotonic() - begun_at >= begun * self._seconds / self._calls:
                self._begin(begun, dies=begun * self._killed % self._calls < self._killed)
                begun += 1
            for pipe in list(self._to_kill):
                if self._is_in_its_second_turn(pipe):
                    os.kill(self._to_kill.pop(pipe), signal.SIGKILL)
            self._see_to_the_dead()
            time.sleep(LOOK_SECONDS)

    def _begin(self, call: int, *, dies: bool) -> None:
        heard, hears = os.pipe()
        self._carried[self._fork(lambda: agent(self._folder, call, 0, 1, hears))] = (call, 0)
        os.close(hears)
        if dies:
            os.set_blocking(heard, False)
            self._to_kill[heard] = next(reversed(self._carried))
        else:
            os.close(heard)

    def _fork(self, carry: Callable[[], NoReturn]) -> int:
        pid = os.fork()
        if pid == 0:
            carry()
        return pid

    def _is_in_its_second_turn(self, pipe: int) -> bool:
        try:
            told = os.read(pipe, 1)
        except BlockingIOError:
            return False
        os.close(pipe)
        return bool(told)

    def _see_to_the_dead(self) -> None:
        while self._carried:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            call, _ = self._carried.pop(pid)
            if not os.WIFSIGNALED(status):
                continue
            self._seen_to += 1
            if self._seen_to % 2:
                asyncio.run(note_lost_call(self._settings, id_of(call)))
            else:
                self._carried[self._fork(lambda call=call: agent(self._folder, call, 1, 2))] = (call, 1)  # type: ignore[misc]


def agent(folder: Path, call: int, generation: int, first_turn: int, hears: int | None = None) -> NoReturn:
    """Carry one call from a turn on, to its end and its outcome, or as far as one gets."""
    writer = SpoolWriter(folder, id_of(call), generation, SPOOL_MB * 1_000_000)
    reason = "crashed" if generation else "first"
    writer.append(events.BEGUN, {"room": f"room-{call}", "reason": reason, "words_kept": True})
    for turn in range(first_turn, TURNS + 1):
        writer.append(events.HEARD, {"turn": turn, "heard": f"question {turn}", "heard_language": "en-IN"})
        time.sleep(TURN_SECONDS / 2)
        if turn == 2 and hears is not None:
            os.write(hears, b"2")
        time.sleep(TURN_SECONDS / 2)
        reply = {"turn": turn, "reply": f"answer {turn}", "reply_language": "en-IN", "stages_seconds": {"llm": 0.2}}
        writer.append(events.REPLIED, reply)
    writer.append(events.ENDED, {"reason": "said_goodbye", "failed": False})
    outcome = {"status": "ok", "summary": "A question.", "outcome": {"resolved": True}, "promises": [], "tell": True}
    writer.append(events.OUTCOME, outcome)
    writer.close()
    os._exit(0)


if __name__ == "__main__":
    url, spool, calls, killed, seconds = sys.argv[1:]
    settings = RecordsSettings.model_validate({"records_url": url, "records_spool_dir": spool})
    Callers(settings, int(calls), int(killed), float(seconds)).run()
