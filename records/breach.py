"""Says what a span of time has touched, for a breach that has to be told: which calls, whose, and what was kept.

DPDP Rules 2025, rule 7: those affected and the Board without delay, details within 72 hours (docs/law-india.md).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from records.reading import moment, records_of
from records.removal import CALLS, CHUNK_CALLS
from records.schema import Access, Base

LOOKS = Base.metadata.tables[Access.__tablename__]


async def touched(connection: AsyncConnection, since: datetime, until: datetime) -> dict[str, Any]:
    """Return the calls that went on within a span, by caller, and who looked at records in it."""
    went_on = func.coalesce(CALLS.c.ended_at, CALLS.c.last_event_at) >= since
    query = select(CALLS).where(CALLS.c.started_at < until, went_on).order_by(CALLS.c.started_at, CALLS.c.id)
    calls = (await connection.execute(query)).all()
    callers: dict[str | None, dict[str, Any]] = {}
    for start in range(0, len(calls), CHUNK_CALLS):
        chunk = calls[start : start + CHUNK_CALLS]
        for call, record in zip(chunk, await records_of(connection, chunk), strict=True):
            _add(callers, call, record)
    looks = select(LOOKS).where(LOOKS.c.at >= since, LOOKS.c.at < until).order_by(LOOKS.c.at, LOOKS.c.id)
    return {
        "since": moment(since), "until": moment(until), "calls": len(calls),
        "callers": [callers[caller] for caller in sorted(callers, key=lambda caller: caller or "")],
        "looked_at": [
            {"at": moment(look.at), "who": look.who, "action": look.action, "call": look.call_id}
            for look in await connection.execute(looks)
        ],
    }  # fmt: skip


def _add(callers: dict[str | None, dict[str, Any]], call: Row[Any], record: dict[str, Any]) -> None:
    """Add a call to what is known of its caller; None stands for all who are nobody in particular."""
    about = callers.setdefault(call.caller, {"caller": call.caller, "numbers": [], "calls": [], "data": []})
    about["calls"].append({"id": call.id, "started_at": record["started_at"], "ended_at": record["ended_at"]})
    about["numbers"] = sorted({*about["numbers"], *([call.number] if call.number else [])})
    about["data"] = sorted({*about["data"], *kept_of(record)})


def kept_of(record: dict[str, Any]) -> set[str]:
    """Return which kinds of personal data a record holds."""
    turns = record["turns"]
    kinds = {
        "times and languages": True,
        "fingerprint": bool(record["caller"]),
        "phone number": bool(record["number"]),
        "words": any(turn["heard"] or turn["reply"] for turn in turns),
        "tools' arguments": any(tool["arguments"] for turn in turns for tool in turn["tools"]),
        "recording": bool(record["recording"]),
        "summary": bool(record["summary"]),
        "outcome": bool(record["outcome"]),
    }
    return {kind for kind, is_kept in kinds.items() if is_kept}
