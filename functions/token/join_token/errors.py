"""One family of refusals, so that every answer a caller gets has a code, a place and an advice.

The message goes to the caller; `why` stays in the log, because what helps an honest developer there would help an
attacker here.
"""

from __future__ import annotations

from collections.abc import Mapping


class Refusal(Exception):
    """A request that gets no token. Raised anywhere below the endpoint, answered in one place."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        field: str | None = None,
        why: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Describe the refusal.

        Args:
            status: HTTP status of the answer.
            code: Stable snake_case name; callers branch on it.
            message: What, where and what to do, in words that any caller may read.
            field: The contract field at fault, for example `room_config.egress`.
            why: What the log should know and the caller should not.
            headers: Extra reply headers, for example `Retry-After`.
        """
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.field = field
        self.why = why
        self.headers = dict(headers or {})


class FieldRefused(Refusal):
    """A field of the body is wrong: always 400, always with the field's name."""

    def __init__(self, field: str, message: str, *, code: str = "invalid_field") -> None:
        super().__init__(400, code, message, field=field)


class SettingsError(Exception):
    """The environment cannot work. Carries every problem at once, so that one restart fixes them all."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
