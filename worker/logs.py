"""Sets up logging: JSON lines, without secrets, and without callers' words unless WORKER_LOG_PII says so."""

from __future__ import annotations

import logging
from typing import Any

from worker.livekit_internals import set_up_logging
from worker.text.phone_numbers import without_numbers

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


class WithoutPhoneNumbers(logging.Filter):
    """Puts a fingerprint in place of every phone number: in the message, the fields and the traceback.

    The framework puts the room's name on every line of a call, and the participant's on many; LiveKit names both after
    the caller's number. Errors quote them, too.
    """

    _formatter = logging.Formatter()
    _of_the_code = frozenset(vars(logging.makeLogRecord({}))) - {"msg", "args", "exc_text", "stack_info"}

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key = key

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _message(record), ()
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = self._formatter.formatException(record.exc_info)
        record.exc_info = None  # its text is all that a line shows of it
        for name, value in list(vars(record).items()):
            if name not in self._of_the_code:
                setattr(record, name, self._clean(value))
        return True

    def _clean(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, dict):
            return {self._clean(name): self._clean(each) for name, each in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._clean(each) for each in value]
        return without_numbers(value if isinstance(value, str) else str(value), self._key)


def _message(record: logging.LogRecord) -> Any:
    if isinstance(record.msg, dict):
        return record.msg
    try:
        return record.getMessage()
    except Exception:  # arguments that do not fit: the line stays, as it was meant
        return f"{record.msg} {record.args}"


def set_up_logs(level: str, *, dev: bool, pii: bool, key: str) -> None:
    """Set up JSON lines in production, colour on a developer's terminal.

    Args:
        key: Ties fingerprints to the numbers that they stand for.
    """
    set_up_logging(level, dev=dev)
    filters = [
        *([] if dev else [WithSeverity(), WithStackTrace()]),
        *([] if pii else [WithoutPii(), WithoutPhoneNumbers(key)]),
    ]
    for handler in logging.getLogger().handlers:
        for each in filters:
            handler.addFilter(each)
