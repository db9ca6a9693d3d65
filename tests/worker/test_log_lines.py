"""What a production log line holds for Cloud Logging and Error Reporting."""

import io
import json
import logging

import pytest
from livekit.agents.cli.log import JsonFormatter

from worker.logs import WithoutPii, WithSeverity, WithStackTrace, set_up_logs


def a_line(record):
    """The JSON line that this record becomes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    for each in (WithSeverity(), WithStackTrace()):
        handler.addFilter(each)
    handler.handle(record)
    return json.loads(stream.getvalue())


def a_record(exc_info=None):
    return logging.LogRecord("vaani", logging.ERROR, __file__, 1, "call.failed", (), exc_info)


def an_error():
    try:
        raise RuntimeError("no voice")
    except RuntimeError as error:
        return type(error), error, error.__traceback__


def test_a_traceback_is_where_error_reporting_looks_for_it():
    """Pins: it was in exc_info only, and no error of the worker was ever grouped or told."""
    line = a_line(a_record(an_error()))
    assert (line["severity"], line["message"]) == ("ERROR", "call.failed")
    assert line["stack_trace"].startswith("Traceback (most recent call last):")
    assert line["stack_trace"].endswith("RuntimeError: no voice")


def test_a_traceback_of_a_calls_process_is_there_too():
    """Pins the trap that a call's process sends its parent the text, and no exception."""
    record = a_record()
    record.exc_text = "Traceback (most recent call last):\nRuntimeError: no voice"
    assert a_line(record)["stack_trace"] == record.exc_text


def test_a_line_without_an_error_has_no_stack_trace():
    assert "stack_trace" not in a_line(a_record())
    assert "stack_trace" not in a_line(a_record((None, None, None)))


PERSONAL = {"lk.pii.user_transcript": "my pin is 4711", "pii_heard": "my pin is 4711", "lk.pii.tool.arguments": "4711"}


def a_personal_record():
    record = a_record()
    record.__dict__.update(PERSONAL, language="hi-IN", pages=4, job_id="j1")
    return record


def test_what_callers_say_is_taken_out_of_a_line_and_nothing_else():
    record = a_personal_record()
    assert WithoutPii().filter(record), "the line itself stays"
    assert "4711" not in json.dumps(a_line(record))
    assert (record.language, record.pages, record.job_id) == ("hi-IN", 4, "j1")


@pytest.mark.parametrize("dev", [False, True])
@pytest.mark.parametrize("pii", [False, True])
def test_every_handler_of_the_process_leaves_words_out_unless_they_are_allowed(monkeypatch, dev, pii):
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    level = root.level
    try:
        set_up_logs("INFO", dev=dev, pii=pii)
        assert root.handlers
        for handler in root.handlers:
            record = a_personal_record()
            handler.filter(record)
            assert ("lk.pii.user_transcript" in vars(record)) is pii
            assert ("pii_heard" in vars(record)) is pii
    finally:
        root.setLevel(level)
