"""Defines every error that records raise on purpose: what, why, and what to do. None of them holds a password."""

from __future__ import annotations


class RecordsError(Exception):
    """Base of every error we raise on purpose."""

    code = "unexpected"  # snake_case, stable

    def __init__(self, what: str, *, why: str, do: str, retryable: bool) -> None:
        super().__init__(f"{what}: {why}. {do}")
        self.what, self.why, self.do, self.retryable = what, why, do, retryable


class BadRecordsUrl(RecordsError):
    """WORKER_RECORDS_URL cannot be used: not a URL of ours, or its server refuses it."""

    code = "bad_records_url"


class NewerDatabase(RecordsError):
    """The database was written by a newer release than this one."""

    code = "newer_database"


class FolderWithoutRights(RecordsError):
    """The database's file, or the spool, lies where nothing can be written."""

    code = "folder_without_rights"


class DatabaseAway(RecordsError):
    """The database cannot be reached now; it may be back in a moment."""

    code = "database_away"


class BadSettings(RecordsError):
    """The environment cannot be used; every reason at once, each naming its variable."""

    code = "bad_settings"

    def __init__(self, problems: list[str]) -> None:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(
            "these settings cannot be used", why=f"{len(problems)} problem(s)\n{lines}\n",
            do="Mend these in .env or in the environment; docs/records.md lists them", retryable=False,
        )  # fmt: skip
        self.problems = problems


class BadArgument(RecordsError):
    """A command was given something that it cannot use."""

    code = "bad_argument"
