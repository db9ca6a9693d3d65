"""What can go wrong with a placed call, under codes that do not change: callers of the library branch on them."""

from __future__ import annotations


class CallFailure(Exception):
    """A call that cannot go on. `code` is what `out/call.json` carries, the message says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class BadPlan(ValueError):
    """A script or a setting of the caller is wrong. `problems` lists all of it, one sentence each."""

    def __init__(self, where: str, problems: list[str]) -> None:
        super().__init__(f"{where}: " + "; ".join(problems))
        self.where, self.problems = where, problems
