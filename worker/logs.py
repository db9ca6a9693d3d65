"""Sets up logging: JSON lines, without secrets, and without callers' words unless WORKER_LOG_PII says so."""

from __future__ import annotations

import logging

from worker.livekit_internals import set_up_logging

PII_PREFIXES = ("lk.pii.", "pii_")


class WithSeverity(logging.Filter):
    """Adds the field by which Cloud Logging knows a line's level."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.severity = record.levelname
        return True


class WithStackTrace(logging.Filter):
    """Adds an error's traceback under the name where Error Reporting looks for it; the framework's is `exc_info`.

    Source: https://cloud.google.com/error-reporting/docs/formatting-error-messages
    """

    _formatter = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        # From a call's process comes the text alone: a traceback cannot be sent to another one.
        if record.exc_info and record.exc_info[0] is not None:
            record.stack_trace = self._formatter.formatException(record.exc_info)
        elif record.exc_text:
            record.stack_trace = record.exc_text
        return True


class WithoutPii(logging.Filter):
    """Removes fields that hold callers' words or numbers; the framework marks its own with `lk.pii.`."""

    def filter(self, record: logging.LogRecord) -> bool:
        for name in [name for name in record.__dict__ if name.startswith(PII_PREFIXES)]:
            delattr(record, name)
        return True


def set_up_logs(level: str, *, dev: bool, pii: bool) -> None:
    """Set up JSON lines in production, colour on a developer's terminal."""
    set_up_logging(level, dev=dev)
    filters = [*([] if dev else [WithSeverity(), WithStackTrace()]), *([] if pii else [WithoutPii()])]
    for handler in logging.getLogger().handlers:
        for each in filters:
            handler.addFilter(each)
