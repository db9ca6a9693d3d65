"""Reads WORKER_RECORDS_URL without touching the database: what is wrong with it is said at start, by name.

Only the standard library: the worker checks its settings before it imports a database driver.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from records.errors import BadRecordsUrl, FolderWithoutRights

SQLITE, POSTGRESQL = "sqlite+aiosqlite", "postgresql+asyncpg"
EXAMPLES = f"{SQLITE}:///out/calls.db or {POSTGRESQL}://user:password@host:5432/vaani"


@dataclass(frozen=True, slots=True)
class RecordsUrl:
    """A URL that names a database; right in form, not yet asked."""

    text: str
    file: Path | None
    """SQLite's file; None for PostgreSQL."""
    place: str
    """The database without credentials: may be logged, and names its spool."""

    @property
    def dsn(self) -> str:
        """Return the URL as PostgreSQL's bare driver reads it: TLS is `sslmode` there, and `ssl` to SQLAlchemy."""
        return _with_tls_as("sslmode", self.text.replace(f"{POSTGRESQL}://", "postgresql://", 1))

    @property
    def fingerprint(self) -> str:
        """Return a short name of the database, the same after its password has changed."""
        return hashlib.sha256(self.place.encode()).hexdigest()[:12]


def read_url(text: str, *, variable: str = "WORKER_RECORDS_URL") -> RecordsUrl:
    """Read a database's URL.

    Raises:
        BadRecordsUrl: Not retryable.
    """

    def bad(why: str, do: str = f"Set it to {EXAMPLES}") -> BadRecordsUrl:
        return BadRecordsUrl(variable, why=why, do=do, retryable=False)

    scheme, separator, rest = text.strip().partition("://")
    if not separator:
        raise bad("is no URL")
    if scheme not in (SQLITE, POSTGRESQL):
        meant = {"sqlite": SQLITE, "postgres": POSTGRESQL, "postgresql": POSTGRESQL}.get(scheme.partition("+")[0])
        raise bad(f"{scheme!r} is no driver of ours", f"Write {meant}://" if meant else f"Set it to {EXAMPLES}")
    if scheme == SQLITE:
        name = unquote(rest.partition("?")[0].removeprefix("/"))
        if not rest.startswith("/") or not name or name.startswith(":memory:"):
            raise bad("names no file", f"{SQLITE}:///out/calls.db is relative, {SQLITE}:////var/lib/calls.db absolute")
        path = Path(name)
        return RecordsUrl(f"{SQLITE}:///{path}", path, f"{SQLITE}:///{path.resolve()}")
    try:
        parts = urlsplit(text.strip())
        port = parts.port or 5432
    except ValueError as error:
        raise bad(str(error)) from None
    if not parts.path.strip("/"):
        raise bad("names no database", f"{POSTGRESQL}://user:password@host:5432/vaani does")
    host = parts.hostname or dict(parse_qsl(parts.query)).get("host", "")  # a socket's folder cannot stand elsewhere
    return RecordsUrl(_with_tls_as("ssl", text.strip()), None, f"{POSTGRESQL}://{host}:{port}{parts.path}")


def _with_tls_as(name: str, url: str) -> str:
    base, _, query = url.partition("?")
    settings = [setting.partition("=") for setting in query.split("&")]
    renamed = [f"{name if key in ('ssl', 'sslmode') else key}{equals}{value}" for key, equals, value in settings]
    return f"{base}?{'&'.join(renamed)}" if query else url


def make_folder(folder: Path, what: str) -> None:
    """Make a folder that only this user can read, unless it is there; refuse one that cannot be written.

    Raises:
        FolderWithoutRights: Not retryable.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _no_rights(folder, what, error.strerror or str(error)) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _no_rights(folder, what, "nothing can be written there")


def _no_rights(folder: Path, what: str, why: str) -> FolderWithoutRights:
    return FolderWithoutRights(
        f"{what}: the folder {str(folder)!r}", why=why, retryable=False,
        do=f"Give user {os.getuid()} the right to write there, or name another folder",
    )  # fmt: skip
