"""Answers with all calls of a filter as a file, a page at a time: a million calls take no more memory than fifty."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from console.cursors import Place
from console.filters import Filters
from console.pages.calls import filters_asked
from console.reading.calls import page_of_calls
from console.reading.conditions import CALLS
from console.reading.one_call import without_words
from console.rendering import viewer_of
from records.reading import records_of

PAGE_CALLS = 200
COLUMNS = (
    "id", "channel", "direction", "caller", "started_at", "answered_at", "ended_at", "end_reason", "languages",
    "turns", "faults", "handovers", "rescues", "rupees", "summary", "outcome", "said",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def as_json_lines(request: Request) -> Response:
    return _file(request, "calls.jsonl", "application/jsonl", "", json_line)


async def as_csv(request: Request) -> Response:
    return _file(request, "calls.csv", "text/csv; charset=utf-8", csv_line(COLUMNS), record_as_csv)


def _file(
    request: Request, name: str, media_type: str, head: str, line_of: Callable[[dict[str, Any]], str]
) -> StreamingResponse:
    async def lines() -> AsyncIterator[str]:
        yield head
        async for records in pages_of_records(request, filters):
            yield "".join(map(line_of, records))

    filters = filters_asked(request)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines(), headers=headers, media_type=media_type)


async def pages_of_records(request: Request, filters: Filters) -> AsyncIterator[list[dict[str, Any]]]:
    """The records of all calls that are meant, the newest first; each is noted before it leaves."""
    viewer, database = viewer_of(request), request.app.state.records
    behind: Place | None = None
    while True:
        async with database.reading() as connection:
            found = await page_of_calls(connection, filters, behind=behind, limit=PAGE_CALLS)
            ids = [call.id for call in found.calls]
            query = select(CALLS).where(CALLS.c.id.in_(ids)).order_by(CALLS.c.started_at.desc(), CALLS.c.id.desc())
            records = await records_of(connection, (await connection.execute(query)).all()) if ids else []
        if viewer.reads_words:
            await database.note(viewer.address, "export", [record["id"] for record in records])
        else:
            records = [without_words(record) for record in records]
        yield records
        if found.next_place is None:
            return
        behind = found.next_place


def json_line(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"


def record_as_csv(record: dict[str, Any]) -> str:
    """One call as a line of a table."""
    sides = (("caller", "heard"), ("agent", "reply"))
    said = [f"{who}: {turn[side]}" for turn in record["turns"] for who, side in sides if turn[side]]
    outcome = json.dumps(record["outcome"], ensure_ascii=False) if record["outcome"] else ""
    shown = record | {
        "languages": " ".join(record["languages"]), "turns": len(record["turns"]), "faults": len(record["faults"]),
        "outcome": outcome, "said": "\n".join(said),
    }  # fmt: skip
    return csv_line([shown[name] for name in COLUMNS])


def csv_line(values: Any) -> str:
    """A line of a table in which no cell is a formula: what a caller said must not run in a spreadsheet."""
    line = io.StringIO()
    csv.writer(line).writerow([f"'{value}" if str(value).startswith(_FORMULA) else value for value in values])
    return line.getvalue()
