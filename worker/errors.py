"""Defines every error the worker raises on purpose: what, why, what to do, and whether trying again can help."""

from __future__ import annotations


class VaaniError(Exception):
    """Base of every error we raise on purpose."""

    code = "unexpected"  # snake_case, stable: logs and clients branch on it

    def __init__(self, what: str, *, why: str, do: str, retryable: bool) -> None:
        super().__init__(f"{what}: {why}. {do}")
        self.what, self.why, self.do, self.retryable = what, why, do, retryable


class BadSettings(VaaniError):
    """The environment cannot be used; `problems` lists every reason at once, each naming its variable."""

    code = "bad_settings"

    def __init__(self, problems: list[str]) -> None:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(
            "the worker's settings cannot be used",
            why=f"{len(problems)} problem(s)\n{lines}\n",
            do="Mend these in .env or in the environment and start again; README.md lists every setting",
            retryable=False,
        )
        self.problems = problems


class NoTemporaryFolder(VaaniError):
    """No call's process can be started: it is talked to through a socket in a temporary folder."""

    code = "no_temporary_folder"


class MissingModelFiles(VaaniError):
    """A model that was asked for is not on this machine."""

    code = "missing_model_files"
