"""Says in which language a returning caller's last call ended, where records are kept."""

from __future__ import annotations

import asyncio
import logging

from records.earlier_language import language_of
from worker.languages import canonical_code

LONGEST_SECONDS = 0.3
"""A caller waits for their greeting meanwhile: a slow database is no reason to keep them waiting."""

log = logging.getLogger("vaani")


async def spoken_before(records_url: str, caller: str | None) -> str | None:
    """Return the language; None for whoever has not called, and where the records cannot be read at once.

    Args:
        caller: The fingerprint; None for nobody in particular.
    """
    if not records_url or not caller:
        return None
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            return canonical_code(await language_of(records_url, caller))
    except Exception as error:
        log.warning("language of an earlier call could not be looked up", extra={"why": type(error).__name__})
        return None
