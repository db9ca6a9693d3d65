"""Finds what a caller has answered about consent in earlier calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from records.bare_query import rows_of

_NEWEST_LAST = """
SELECT consents.call_id, consents.purpose, consents.state, consents.notice_version
FROM consents JOIN calls ON calls.id = consents.call_id
WHERE calls.caller = {caller} AND consents.at >= {since} AND consents."by" IN ('voice', 'key', 'page')
  AND consents.state IN ('given', 'refused', 'withdrawn')
ORDER BY consents.at, consents.sequence
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a caller said last about one purpose, in which call, to which notice."""

    call: str
    purpose: str
    state: str
    """given, refused or withdrawn; an answer that was none is no decision."""
    notice_version: str | None


async def decisions_of(records_url: str, caller: str, since: datetime) -> dict[str, Decision]:
    """Return the newest decision of a caller about each purpose since a moment.

    Raises:
        Exception: The driver's own, where the database cannot be read.
    """
    rows = await rows_of(records_url, _NEWEST_LAST, caller=caller, since=since)
    return {row[1]: Decision(*row) for row in rows}
