"""Tells the record of a call that its agent died, and that nobody carries the call on."""

from __future__ import annotations

import asyncio
from pathlib import Path

from records import events
from records.spool import SpoolWriter
from worker.settings import RecordsSettings


async def note_lost_call(settings: RecordsSettings, call_id: str) -> None:
    """Tell it, if records are kept: the record is over now, and not when nobody has been heard of for a minute."""
    if (folder := settings.spool_folder) is None or not call_id:
        return
    writer = SpoolWriter(Path(folder), call_id, 0, settings.records_spool_mb * 1_000_000)
    writer.append(events.DIED, {})
    await asyncio.to_thread(writer.close)
