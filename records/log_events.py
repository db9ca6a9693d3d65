"""Names the log events of records; the worker lists them with its own (docs/log-events.md)."""

from __future__ import annotations

RECORDS_WAITING = "records.waiting"
RECORDS_WRITTEN_AGAIN = "records.written_again"
RECORDS_DROPPED = "records.dropped"
WEBHOOK_FAILED = "webhook.failed"
WEBHOOK_DEAD = "webhook.dead"
