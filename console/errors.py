"""Names what a page of the console can be instead of what was asked for."""

from __future__ import annotations


class BadSettings(Exception):
    """The console cannot start as it is set up; carries every problem at once."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Refusal(Exception):
    """A request that gets a page of its own instead of an answer.

    `text` is a key of the interface's texts (interface/*.toml): what happened, and what to do now.
    """

    def __init__(self, status: int, text: str, **said: str) -> None:
        super().__init__(text)
        self.status, self.text, self.said = status, text, said
