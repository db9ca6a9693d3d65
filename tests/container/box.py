"""A container as a process: its lines can be waited for, and it is stopped with all it has started."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil


@dataclass
class Box:
    """`buildah run`, and what runs in it."""

    popen: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @classmethod
    def start(cls, command: list[str], env: dict[str, str]) -> Box:
        box = cls(
            subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
                env=env,
            )
        )
        threading.Thread(target=box._read, daemon=True).start()
        return box

    def _read(self) -> None:
        assert self.popen.stdout
        for line in self.popen.stdout:
            with self._changed:
                self.lines.append(line.rstrip())
                self._changed.notify_all()

    def wait_for_line(self, wanted: Callable[[str], bool], *, seconds: float) -> str:
        """The first line that fits; fails with the last lines if the container ends or the time is over."""
        deadline, seen = time.monotonic() + seconds, 0
        with self._changed:
            while True:
                for line in self.lines[seen:]:
                    if wanted(line):
                        return line
                seen = len(self.lines)
                left = deadline - time.monotonic()
                assert left > 0, f"the container is late:\n{self.tail()}"
                assert self.popen.poll() is None, f"the container has ended:\n{self.tail()}"
                self._changed.wait(min(left, 1))

    def process(self, *arguments: str) -> psutil.Process:
        """The process in the box that was started with just these arguments; buildah's own have more."""
        for process in psutil.Process(self.popen.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if tuple(process.cmdline()[1:]) == arguments:
                    return process
        raise AssertionError(f"no {' '.join(arguments)} in the container:\n{self.tail()}")

    def tail(self, count: int = 40) -> str:
        return "\n".join(self.lines[-count:])

    def stop(self) -> None:
        """End it and everything below it; harmless when it has ended."""
        family: list[psutil.Process] = []
        with contextlib.suppress(psutil.NoSuchProcess):
            family = psutil.Process(self.popen.pid).children(recursive=True)
        self.popen.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(12)
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait(10)
