"""Writes records out for other programs: a JSON object a line, or a table for a spreadsheet."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator
from typing import Any, TextIO

COLUMNS = (
    "id", "room", "channel", "direction", "caller", "number", "started_at", "answered_at", "ended_at", "end_reason",
    "failed", "languages", "turns", "faults", "handovers", "rescues", "transfers", "rupees", "unpriced", "recording",
    "summary", "outcome", "outcome_status", "events_dropped",
)  # fmt: skip
_COUNTED = ("turns", "faults", "transfers")
# Spreadsheets take text that begins so for a formula, and a caller may have said it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def export_jsonl(records: AsyncIterator[dict[str, Any]], out: TextIO) -> int:
    """Write a record a line; returns how many."""
    written = 0
    async for record in records:
        out.write(json.dumps(record, ensure_ascii=False) + "\n")
        written += 1
    return written


async def export_csv(records: AsyncIterator[dict[str, Any]], out: TextIO) -> int:
    """Write a row a call, its turns and faults as numbers; returns how many."""
    table = csv.writer(out)
    table.writerow(COLUMNS)
    written = 0
    async for record in records:
        table.writerow([_cell(name, record[name]) for name in COLUMNS])
        written += 1
    return written


def _cell(name: str, value: Any) -> Any:
    if name in _COUNTED:
        return len(value)
    if value is None:
        return ""
    if name == "languages":
        return " ".join(value)
    if name == "unpriced":
        return ", ".join(value)
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | bool) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(_FORMULA) else text
