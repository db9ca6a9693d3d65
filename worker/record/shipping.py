"""Runs what brings records from the spool into the database, in the worker's parent process beside its calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from records.retention import read_retention
from worker.settings import RecordsSettings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from records.shipping import ShipperThread

LAST_SECONDS = 3.0


class RecordShipping:
    """Starts and stops the shipper; does nothing where no records are kept."""

    def __init__(
        self, settings: RecordsSettings, beside: Callable[[AsyncEngine], Awaitable[None]] | None = None
    ) -> None:
        """Prepare to ship; `beside` runs with the database for as long as it does."""
        self._settings = settings
        self._beside = beside
        self._thread: ShipperThread | None = None

    def start(self) -> None:
        """Begin to ship, in a thread of its own."""
        if (folder := self._settings.spool_folder) is None:
            return
        from records.shipping import ShipperThread  # a database's drivers: only where there is one

        retention = read_retention(self._settings.retention_days)
        url, reader = self._settings.records_url, self._settings.records_reader
        self._thread = ShipperThread(url, folder, retention, self._beside, reader)
        self._thread.start()

    def stop(self) -> None:
        """Ship what is left, for a moment; the rest waits in the spool for the next worker."""
        if self._thread is not None:
            self._thread.stop(LAST_SECONDS)
