"""One process of the stack: started with a log, waited for, and stopped with all its children."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

LAST_LINES = 15
POLL_SECONDS = 0.05
PHRASES_SECONDS = 300.0
PORTS = range(20_000, 32_768)
PORTS_OF_A_PROCESS = 64


class ProcessFailed(RuntimeError):
    """A part did not start, or died; the message names it and shows its last lines."""

    def __init__(self, name: str, why: str, log: Path) -> None:
        self.name = name
        lines = log.read_text(errors="replace").splitlines()[-LAST_LINES:] if log.exists() else []
        shown = "\n".join(f"  | {line}" for line in lines) or "  | (it printed nothing)"
        super().__init__(f"{name} {why}. Its last lines:\n{shown}")


class Process:
    """A child in a process group of its own, so that its children go with it."""

    def __init__(self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str], cwd: Path) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self._environment = dict(environment)
        self._cwd = cwd
        self._child: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The process's id; 0 before it has started."""
        return self._child.pid if self._child else 0

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._child.returncode if self._child else None

    async def start(self) -> None:
        """Start it; what it prints goes to its log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._child = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self._environment,
                cwd=self._cwd,
                start_new_session=True,
            )

    async def until(self, ready: Callable[[], Awaitable[bool]], seconds: float) -> None:
        """Wait until `ready`.

        Raises:
            ProcessFailed: It exited, or was not ready in time.
        """
        limit = time.monotonic() + seconds
        while not await ready():
            if self.exit_code is not None:
                raise ProcessFailed(self.name, f"stopped with exit code {self.exit_code}", self.log)
            if time.monotonic() > limit:
                raise ProcessFailed(self.name, f"was not ready after {seconds:g} s", self.log)
            await asyncio.sleep(POLL_SECONDS)

    async def until_logged(self, text: str, seconds: float) -> None:
        """Wait until its log holds `text`. Raises as `until` does."""

        async def logged() -> bool:
            return text in self.log_text()

        await self.until(logged, seconds)

    async def until_phrases_are_rendered(self) -> None:
        """Wait until a worker has every ready phrase: the first start with a new cache asks the voice for each."""
        await self.until_logged("phrase.rendered", PHRASES_SECONDS)

    def signal(self, number: int) -> None:
        """Send a signal to the process itself."""
        if self._child and self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._child.send_signal(number)

    async def wait(self, seconds: float) -> int | None:
        """Its exit code, or None when it still runs after `seconds`."""
        if self._child is None:
            return None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await self._child.wait()
        return None

    async def stop(self, grace_seconds: float = 5.0) -> None:
        """SIGTERM, then SIGKILL for the whole group: nothing is left."""
        if self._child is None:
            return
        self.signal(signal.SIGTERM)
        await self.wait(grace_seconds)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
        await self._child.wait()

    def log_text(self) -> str:
        """All the lines it has printed; not the one that it is in the middle of, which nobody could parse yet."""
        printed = self.log.read_text(errors="replace") if self.log.exists() else ""
        return printed[: printed.rfind("\n") + 1]


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port of 127.0.0.1 that nothing uses now, nor is likely to when it is bound, seconds later.

    Below those that the system gives to connections; and each process counts on from a place of its own.
    """
    for number in itertools.islice(_port_numbers, len(PORTS)):
        with socket.socket(socket.AF_INET, kind) as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", PORTS[number % len(PORTS)]))
            return int(probe.getsockname()[1])
    raise OSError(f"no port of 127.0.0.1 between {PORTS[0]} and {PORTS[-1]} is free")


_port_numbers = itertools.count(os.getpid() * PORTS_OF_A_PROCESS)


def python() -> str:
    """This interpreter: the venv's, whoever started us."""
    return sys.executable
