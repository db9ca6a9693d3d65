"""Prints one call's record for a person: what `make demo` shows when its call is over."""

from __future__ import annotations

import asyncio
import json
from typing import Any, TextIO

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from records.reading import records_of
from records.removal import CALLS

LOOK_SECONDS = 0.2


async def show(
    engine: AsyncEngine, room: str | None, wait_seconds: float, out: TextIO, *, with_outcome: bool = False
) -> bool:
    """Print the newest record, of a room or of all; False when there is none, or it is not over in time.

    With `with_outcome`, what the call came to is waited for too, as long.
    """
    record = await _newest(engine, room)
    try:
        async with asyncio.timeout(wait_seconds):
            while record is None or record["ended_at"] is None or (with_outcome and not record["outcome_status"]):
                await asyncio.sleep(LOOK_SECONDS)
                record = await _newest(engine, room)
    except TimeoutError:
        if record is None:
            print("There is no such record.", file=out)
            return False
    for line in told(record):
        print(line, file=out)
    return record["ended_at"] is not None


async def _newest(engine: AsyncEngine, room: str | None) -> dict[str, Any] | None:
    query = select(CALLS).order_by(CALLS.c.started_at.desc(), CALLS.c.id.desc()).limit(1)
    if room is not None:
        query = query.where(CALLS.c.room == room)
    async with engine.connect() as connection:
        calls = (await connection.execute(query)).all()
        return (await records_of(connection, calls))[0] if calls else None


def told(record: dict[str, Any]) -> list[str]:
    """Tell a record in a few lines."""
    over = f"over: {record['end_reason']}" if record["ended_at"] else "goes on"
    rupees = "price unknown" if record["rupees"] is None else f"Rs {record['rupees']:.2f}"
    rupees += f" (without {', '.join(record['unpriced'])})" if record["unpriced"] else ""
    languages = " ".join(record["languages"]) or "no reply"
    tools = [f"{tool['name']} {tool['outcome']}" for turn in record["turns"] for tool in turn["tools"]]
    lines = [
        f"record {record['id']}: {len(record['turns'])} turns, {languages}, {rupees}, {over}"
        + (", failed" if record["failed"] else ""),
        f"  rescues {record['rescues']}, handovers {record['handovers']}, faults {len(record['faults'])}, "
        f"tools {', '.join(tools) or 'none'}",
    ]
    if record["summary"]:
        lines.append(f"  summary: {record['summary']}")
    if record["outcome"]:
        lines.append(f"  outcome ({record['outcome_status']}): {json.dumps(record['outcome'], ensure_ascii=False)}")
    lines += [f"  promised: {promise['what']} ({promise['status']})" for promise in record["promises"] or []]
    return lines
