"""Finds the language in which a caller's last conversation ended."""

from __future__ import annotations

from records.bare_query import rows_of

_NEWEST = """
SELECT calls.language FROM calls
WHERE calls.caller = {caller} AND calls.language IS NOT NULL AND calls.turn_count > 0
ORDER BY calls.started_at DESC LIMIT 1
"""


async def language_of(records_url: str, caller: str) -> str | None:
    """Return the language of this caller's newest call in which they said anything; None where there is none.

    Raises:
        Exception: The driver's own, where the database cannot be read.
    """
    rows = await rows_of(records_url, _NEWEST, caller=caller)
    return rows[0][0] if rows else None
