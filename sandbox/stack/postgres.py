"""Runs a real PostgreSQL on loopback, in a folder of its own, for as long as something is tried on it."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.stack.processes import free_port

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
INSTALL = "PostgreSQL is not here: apt-get install postgresql"
NOTHING_LASTS = "fsync=off"
"""Faster; for what need not outlive a loss of power."""
COMMAND_SECONDS = 90


class Postgres:
    """A server with one role, `vaani`, that may do everything and needs no password."""

    def __init__(self, folder: Path, *settings: str) -> None:
        """Make its data folder; nothing runs yet.

        Args:
            folder: Of its own, and of nobody else: the server may have to be another user.
            settings: Of postgresql.conf, `name=value`.
        """
        self.data = folder / "data"
        """What an attacker with the disk would read."""
        self._log = folder / "log"
        self.port = free_port()
        self._options = ("listen_addresses=127.0.0.1", "unix_socket_directories=''", *settings)
        # PostgreSQL refuses to run as root, which the gate is; its package has brought a user for it.
        self._user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
        if self._user:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)
        self._run("initdb", "-U", "vaani", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")

    def start(self) -> None:
        """Start it; it takes connections then."""
        options = " ".join(["-p", str(self.port), *(f"-c {option}" for option in self._options)])
        self._run("pg_ctl", "-w", "-t", "80", "-l", str(self._log), "-o", options, "start")

    def stop(self) -> None:
        """Stop it at once, as a crash does."""
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def url(self, database: str = "postgres", port: int | None = None) -> str:
        """Return where SQLAlchemy finds a database of it; `port` is that of something between."""
        return f"postgresql+asyncpg://vaani@127.0.0.1:{port or self.port}/{database}"

    def _run(self, program: str, *arguments: str) -> None:
        other: dict[str, Any] = {}
        if self._user:
            other = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        command = [str(BINARIES[-1] / program), "-D", str(self.data), *arguments]
        done = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/", timeout=COMMAND_SECONDS, check=False,
            **other,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr.decode(errors='replace')}")


@contextmanager
def running_postgres(*settings: str) -> Iterator[Postgres]:
    """Start a server, and remove it and its folder at the end."""
    folder = Path(tempfile.mkdtemp(prefix="vaani-postgres-"))
    try:
        server = Postgres(folder, *settings)
        server.start()
        try:
            yield server
        finally:
            with contextlib.suppress(RuntimeError):  # stopped already
                server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
