"""What a production log line holds for Cloud Logging and Error Reporting."""

import io
import json
import logging

import pytest
from livekit.agents.cli.log import JsonFormatter

from worker.logs import WithoutPhoneNumbers, WithoutPii, WithSeverity, WithStackTrace, set_up_logs
from worker.text.phone_numbers import fingerprint, without_numbers


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
        set_up_logs("INFO", dev=dev, pii=pii, key="k")
        assert root.handlers
        for handler in root.handlers:
            record = a_personal_record()
            handler.filter(record)
            assert ("lk.pii.user_transcript" in vars(record)) is pii
            assert ("pii_heard" in vars(record)) is pii
    finally:
        root.setLevel(level)


FORMS = ["+919812345678", "919812345678", "09812345678", "9812345678", "+91 98123 45678", "+91-98123-45678",
         "00919812345678", "(+91) 98123 45678", "98123.45678"]  # fmt: skip


class Odd:
    def __str__(self):
        return "<odd sip_+919812345678>"


@pytest.mark.parametrize("number", FORMS)
def test_no_digits_of_a_callers_number_are_in_a_line_whichever_part_of_it_holds_them(number):
    """Pins 50 of 70 lines of a call with the caller's number: LiveKit names the room and the participant after it."""
    try:
        raise LookupError(f"no room call-_{number}_KxYz")
    except LookupError as error:
        record = a_record((type(error), error, error.__traceback__))
    record.msg, record.args = "room %s of %s", (f"call-_{number}_KxYz", {"who": f"sip_{number}"})
    fields = {"room": f"call-_{number}_KxYz", "participant": f"sip_{number}", "name": f"Phone {number}", "odd": Odd(),
              "attributes": {"sip.phoneNumber": number, "all": [f"tel:{number}", (number,)]}, f"of_{number}": 1,
              "turn": 7, "seconds": 0.2468, "failed": False}  # fmt: skip
    record.__dict__.update({name: value for name, value in fields.items() if name != "name"})
    WithStackTrace().filter(record)
    assert WithoutPhoneNumbers("k").filter(record)
    line = a_line(record)
    text = json.dumps({name: value for name, value in line.items() if name != f"of_{number}"})
    digits = "".join(character for character in number if character.isdigit())[-10:]
    assert digits[:6] not in text
    assert digits[-6:] not in text
    assert number not in text
    assert line["room"] == f"call-_{fingerprint(number, 'k')}_KxYz"
    assert (line["turn"], line["seconds"], line["failed"]) == (7, 0.2468, False)


def test_every_form_of_a_number_has_one_fingerprint_and_every_number_its_own():
    assert len({fingerprint(number, "k") for number in FORMS}) == 1
    assert (
        len({fingerprint(number, "k") for number in ("+919812345678", "+919812345679", "+449812345678", "4711")}) == 4
    )
    assert fingerprint("+919812345678", "k") != fingerprint("+919812345678", "another")


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-29 10:53:12,123 the worker", "wss://10.0.0.12:7880/rtc took 0.123456789 s", "2026-11-29T10:53:12.123",
        "turn 7 of 12345", "AJ_x7Fq2kPz", "waited 12.345 s", "9f86d081884c7d659a2f fe", "port 65535, pid 123456",
    ],
)  # fmt: skip
def test_what_is_no_number_of_anybody_stays_in_the_line(line):
    record = a_record()
    record.msg = line
    WithoutPhoneNumbers("k").filter(record)
    assert record.getMessage() == line


def test_a_line_that_was_cleaned_is_not_cleaned_into_something_else():
    record = a_record()
    record.room = "call-_+919812345678_KxYz"
    WithoutPhoneNumbers("k").filter(record)
    once = record.room
    WithoutPhoneNumbers("k").filter(record)
    assert record.room == once


def test_short_codes_are_hidden_where_livekit_writes_the_callers_number():
    record = a_record()
    record.room, record.participant = "call-_1001_KxYz", "sip_1001"
    WithoutPhoneNumbers("k").filter(record)
    assert "1001" not in record.room + record.participant


def test_arguments_that_do_not_fit_cost_no_line():
    record = a_record()
    record.msg, record.args = "%d calls", ("sip_9812345678",)
    assert WithoutPhoneNumbers("k").filter(record)
    assert "9812345678" not in record.getMessage()


RANDOM_NAMES = [
    "vaani-" + "0123456789abcdef" * 2,
    "vaani-" + "98123456789012345678901234567890",
    "idle-4090172f",
    "a12345678",
]


@pytest.mark.parametrize("name", RANDOM_NAMES)
def test_a_random_name_is_no_phone_number(name):
    """Pins: of every third web call the log had another room than LiveKit; nothing about it could be found."""
    assert without_numbers(f"room {name} is over", "k") == f"room {name} is over"


@pytest.mark.parametrize("text", ["a919812345678", "sip_919812345678f", "+9812345f", "vaani-9812345678"])
def test_letters_around_a_number_do_not_save_it(text):
    digits = "".join(character for character in text if character.isdigit())
    assert digits not in without_numbers(text, "k")
