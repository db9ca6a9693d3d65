"""List every price that calls are billed by, with its age: what `make prices-check` prints.

Exit status 1 if one is older than 90 days, lies in the future or has no day, 2 if the settings cannot be used. It asks
no provider anything (`make drift` does that): it says whose list has to be read again. Own figures are read from the
environment and `.env`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from worker.environment import load_group, read_env_file
from worker.errors import BadSettings
from worker.providers.prices import UNKNOWN, PriceTable
from worker.settings import MoneySettings

OLDEST_DAYS = 90
GOOD, OLD, BAD_SETTINGS = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Line:
    """One price, as it is listed."""

    what: str
    figure: str
    read_on: date | None
    source: str
    needs_day: bool = True

    def problem(self, today: date, oldest_days: int) -> str | None:
        """Why this price has to be looked at; None for one that may stand."""
        if self.read_on is None:
            return "has no day" if self.needs_day else None
        if self.read_on > today:
            return "is of a day to come"
        return f"is older than {oldest_days} days" if (today - self.read_on).days > oldest_days else None

    def age(self, today: date) -> str:
        return "-" if self.read_on is None else f"{(today - self.read_on).days} days"


def lines_of(table: PriceTable) -> Iterator[Line]:
    """Every price of the table, then the operator's own figures."""
    for price in table:
        figures = ", ".join(f"{name} {value:g}" for name, value in price.figures.items()).removeprefix("price ")
        yield Line(
            f"{price.kind} {price.model}",
            f"{figures} {price.unit}" if figures else UNKNOWN,
            price.read_on,
            price.source,
        )
    for variable, figure in table.own_figures().items():
        if figure is None:
            yield Line(variable, UNKNOWN, None, "not set: what a call costs is without it", needs_day=False)
        else:
            yield Line(variable, f"{figure.figure:g}", figure.read_on, "your own", needs_day=figure.figure > 0)


def listing(lines: list[Line], today: date) -> str:
    """One row a price, the oldest first."""
    rows = [
        (line.age(today), str(line.read_on or "-"), line.what, line.figure, line.source)
        for line in sorted(lines, key=lambda line: (line.read_on or date.max, line.what))
    ]
    heads = [("age", "read on", "what", "price", "where")]
    widths = [max(len(row[column]) for row in heads + rows) for column in range(5)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in heads + rows
    )


def main(arguments: list[str] | None = None) -> int:
    """Print the prices; exit status 1 if one has to be read again."""
    parser = argparse.ArgumentParser(prog="python -m scripts.prices_check", description=__doc__)
    parser.add_argument("--today", type=date.fromisoformat, metavar="DATE", help="another day than today: 2026-12-31")
    parser.add_argument("--days", type=int, default=OLDEST_DAYS, help="how old a price may be")
    given = parser.parse_args(arguments)
    today = given.today or datetime.now(UTC).date()
    try:
        if problems := read_env_file():
            raise BadSettings(problems)
        lines = list(lines_of(PriceTable.load(load_group(MoneySettings))))
    except (BadSettings, ValueError) as error:
        print(error, file=sys.stderr)
        return BAD_SETTINGS
    print(listing(lines, today))
    found = [f"{line.what} {problem}" for line in lines if (problem := line.problem(today, given.days))]
    if not found:
        return GOOD
    print("", *found, sep="\n")
    print(
        "\nRead what is named under `where` again and set figure and day: in worker/providers/data/prices.toml, in "
        "WORKER_PRICES_FILE, or in the variable."
    )
    return OLD


if __name__ == "__main__":
    sys.exit(main())
