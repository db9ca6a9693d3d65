"""Reads which calls are meant from a page's address, and writes it back, so that a view can be sent to somebody."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import urlencode

from console.errors import Refusal

INDIA = timezone(timedelta(hours=5, minutes=30), "IST")
"""Days are India's: it has one zone, without summer time."""
OUTCOMES = ("resolved", "unresolved", "failed", "unanswered", "unknown")
CHANNELS = ("page", "phone", "app")
DIRECTIONS = ("in", "out")
AFTER = "after"
"""The parameter that carries a cursor."""
TEXT_CHARACTERS_MAX = 200
_CODE = re.compile(r"[\w.:@+/-]{1,128}")


@dataclass(frozen=True, slots=True)
class Filters:
    """Which calls are meant; what is empty does not matter. The names are those in the address."""

    since: str = ""
    until: str = ""
    language: str = ""
    outcome: str = ""
    channel: str = ""
    direction: str = ""
    ended: str = ""
    fault: str = ""
    caller: str = ""
    longer: float | None = None
    """At least so many seconds long."""
    shorter: float | None = None
    slower: float | None = None
    """With an answer that took at least so many seconds."""
    dearer: float | None = None
    """At least so many rupees."""
    q: str = ""
    """Words that were said, in any letters."""

    @property
    def address(self) -> str:
        """The filters as a query string, always in one order: it names the view, and a cursor is signed with it."""
        return urlencode(self.given)

    @property
    def given(self) -> dict[str, str]:
        """What is asked for, as text."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: _text(value) for name, value in values.items() if value not in ("", None)}

    @property
    def since_at(self) -> datetime | None:
        return moment_of(self.since)

    @property
    def until_at(self) -> datetime | None:
        """The first moment that is not meant any more: a day is meant with all its hours."""
        until = moment_of(self.until)
        return until + timedelta(days=1) if until and len(self.until) == len("2026-11-29") else until


def filters_of(parameters: Iterable[tuple[str, str]], *, besides: frozenset[str] = frozenset()) -> Filters:
    """Read the filters.

    Args:
        parameters: Of the address, in order.
        besides: Parameters that the page reads itself.
    Raises:
        Refusal: 400, for a name that is no filter's, one that is there twice, or a value that means nothing.
    """
    values: dict[str, str | float] = {}
    for name, raw in parameters:
        value = raw.strip()
        if name in besides or not value:
            continue
        if name not in _READERS:
            raise Refusal(400, "no_such_filter", name=name[:40])
        if name in values:
            raise Refusal(400, "filter_twice", name=name)
        read = _READERS[name](value)
        if read is None:
            raise Refusal(400, "bad_filter", name=name, value=value[:80])
        values[name] = read
    return Filters(**values)  # type: ignore[arg-type]


def moment_of(text: str) -> datetime | None:
    """A day, or a day with a time, in India; None for anything else."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=INDIA).astimezone(UTC) if 10 <= len(text) <= 19 else None
    except (ValueError, OverflowError):
        return None


def _moment(value: str) -> str | None:
    return value if moment_of(value) else None


def _one_of(*known: str) -> Callable[[str], str | None]:
    return lambda value: value if value in known else None


def _code(value: str) -> str | None:
    return value if _CODE.fullmatch(value) else None


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and 0 <= number < 1e9 else None


def _words(value: str) -> str | None:
    return value if len(value) <= TEXT_CHARACTERS_MAX and "\0" not in value else None


def _text(value: str | float) -> str:
    return f"{value:g}" if isinstance(value, float) else value


_READERS: Mapping[str, Callable[[str], str | float | None]] = {
    "since": _moment,
    "until": _moment,
    "language": _code,
    "outcome": _one_of(*OUTCOMES),
    "channel": _one_of(*CHANNELS),
    "direction": _one_of(*DIRECTIONS),
    "ended": _code,
    "fault": _code,
    "caller": _code,
    "longer": _number,
    "shorter": _number,
    "slower": _number,
    "dearer": _number,
    "q": _words,
}
