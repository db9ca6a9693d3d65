"""Reads what `python -m records` needs from the environment; the worker reads the same variables with its own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from records.env_file import with_env_file
from records.errors import BadSettings, RecordsError
from records.retention import Retention, read_retention
from records.url import RecordsUrl, read_url

URL, RETENTION, SPOOL_DIR = "WORKER_RECORDS_URL", "WORKER_RETENTION_DAYS", "WORKER_RECORDS_SPOOL_DIR"


def spool_base() -> Path:
    """Where spools go unless a setting says otherwise; for a user id without a home, below the temporary files."""
    try:
        return Path.home() / ".cache" / "vaani" / "spool"
    except RuntimeError:
        return Path("/tmp/.cache/vaani/spool")


@dataclass(frozen=True, slots=True)
class RecordsSettings:
    """Where records are, and how long they are kept."""

    url: RecordsUrl
    retention: Retention
    spool_folder: Path
    """This database's, on this machine; it need not be there."""


def load_settings(environ: Mapping[str, str] | None = None, folder: Path = Path()) -> RecordsSettings:
    """Read the settings, completed from `folder/.env`.

    Raises:
        BadSettings: With every problem found, each naming its variable.
    """
    source, problems = with_env_file(os.environ if environ is None else environ, folder)
    given = {name: source.get(name, "").strip() for name in (URL, RETENTION, SPOOL_DIR)}
    url = retention = None
    try:
        url = read_url(given[URL])
    except RecordsError as error:
        problems.append(str(error) if given[URL] else f"{URL} is not set. {error.do}")
    try:
        retention = read_retention(given[RETENTION])
    except ValueError as error:
        problems.append(f"{RETENTION}: {error}")
    if problems or url is None or retention is None:
        raise BadSettings(problems)
    base = Path(given[SPOOL_DIR]) if given[SPOOL_DIR] else spool_base()
    return RecordsSettings(url, retention, base / url.fingerprint)
