"""Says how long what is kept: a number of days per kind, because two duties pull apart (docs/law-india.md).

Only the standard library: the worker reads the setting with its own, before any database driver.
"""

from __future__ import annotations

from dataclasses import dataclass

WORDS, RECORDINGS, RECORDS, ACCESS = KINDS = ("words", "recordings", "records", "access")
DEFAULT = "words=30,recordings=30,records=365,access=365"
MOST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class Retention:
    """Days until each kind is removed; None keeps it until somebody asks for its erasure."""

    words: int | None = None
    """What was said, numbers, tools' arguments, summary and outcome."""
    recordings: int | None = None
    records: int | None = None
    """The record itself; its sums stay, as numbers of a day."""
    access: int | None = None
    """Who looked at what."""


def read_retention(text: str) -> Retention:
    """Read `words=30,recordings=30,records=365`; a kind that is not named has its default, `never` removes nothing.

    Raises:
        ValueError: With what is wrong, and what would be right.
    """
    days: dict[str, int | None] = {}
    for part in f"{DEFAULT},{text}".split(","):
        if not part.strip():
            continue
        kind, equals, value = (piece.strip() for piece in part.partition("="))
        if kind not in KINDS or not equals:
            raise ValueError(f"{part.strip()!r} is no kind=days. The kinds are {', '.join(KINDS)}, as in {DEFAULT}")
        if value == "never":
            days[kind] = None
        elif value.isascii() and value.isdigit() and int(value) <= MOST_DAYS:
            days[kind] = int(value)
        else:
            raise ValueError(f"{part.strip()!r}: {value!r} is no number of days, and not `never`")
    return Retention(**days)
