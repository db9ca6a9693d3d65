"""Reads the list of a campaign: CSV with a heading, `number` and `consent` at least."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from phone.errors import BadList
from phone.rules import Callee
from worker.languages import SUPPORTED
from worker.text.phone_numbers import e164

NEEDED = ("number", "consent")
KNOWN = (*NEEDED, "language", "zone")


@dataclass(frozen=True, slots=True)
class Skipped:
    """One line that is not called, and why."""

    line: int
    why: str


def read_list(path: Path) -> tuple[list[Callee], list[Skipped]]:
    """Return who is to be called, each number once, and the lines that cannot be used.

    Raises:
        BadList: The file is no such list.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            if missing := [name for name in NEEDED if name not in (rows.fieldnames or ())]:
                raise BadList(str(path), why=f"has no column {' and '.join(missing)}", do=f"Known: {', '.join(KNOWN)}")
            return _read(rows)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadList(f"{path} cannot be read as CSV in UTF-8", why=str(error), do="Mend or export it anew") from None


def _read(rows: csv.DictReader[str]) -> tuple[list[Callee], list[Skipped]]:
    callees: dict[str, Callee] = {}
    skipped = []
    for row in rows:
        cells = {name: (row.get(name) or "").strip() for name in KNOWN}
        number = e164(cells["number"])
        if number is None:
            skipped.append(Skipped(rows.line_num, "the number is none"))
        elif cells["language"] and cells["language"] not in SUPPORTED:
            skipped.append(Skipped(rows.line_num, f"the language {cells['language']!r} is not spoken"))
        elif number in callees:
            skipped.append(Skipped(rows.line_num, "the number stands in a line above"))
        else:
            callees[number] = Callee(number, cells["consent"], cells["language"], cells["zone"])
    return list(callees.values()), skipped
