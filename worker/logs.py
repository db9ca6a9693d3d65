"""Where log lines go, and what never does: no secret, and no caller's words unless WORKER_LOG_PII says so."""

from __future__ import annotations

import logging

from worker.livekit_internals import set_up_logging

PII_PREFIXES = ("lk.pii.", "pii_")


class WithSeverity(logging.Filter):
    """Adds the field by which Cloud Logging knows a line's level."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.severity = record.levelname
        return True


class WithoutPii(logging.Filter):
    """Removes fields that hold callers' words or numbers; the framework marks its own with `lk.pii.`."""

    def filter(self, record: logging.LogRecord) -> bool:
        for name in [name for name in record.__dict__ if name.startswith(PII_PREFIXES)]:
            delattr(record, name)
        return True


def set_up_logs(level: str, *, dev: bool, pii: bool) -> None:
    """JSON lines in production, colour on a developer's terminal."""
    set_up_logging(level, dev=dev)
    filters = [*([] if dev else [WithSeverity()]), *([] if pii else [WithoutPii()])]
    for handler in logging.getLogger().handlers:
        for each in filters:
            handler.addFilter(each)
