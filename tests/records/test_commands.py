"""`python -m records`: what people type, what they get, and what they are told when it cannot be."""

import csv
import io
import json
import sqlite3
from pathlib import Path

import pytest

from records.__main__ import main
from records.errors import BadSettings
from records.events import call_id_of
from records.settings import load_settings
from records.shipping import ShipperThread
from records.spool import SpoolWriter
from worker.record.checks import record_problems
from worker.settings import RecordsSettings as WorkerSettings


@pytest.fixture
def database(tmp_path, monkeypatch):
    """Two calls of Asha and one of somebody else, as a worker has kept them."""
    url = f"sqlite+aiosqlite:///{tmp_path}/calls.db"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VAANI_IGNORE_ENV_FILE", "true")
    monkeypatch.setenv("WORKER_RECORDS_URL", url)
    monkeypatch.setenv("WORKER_RECORDS_SPOOL_DIR", str(tmp_path / "spools"))
    folder = load_settings().spool_folder
    for number, caller in enumerate(("asha", "asha", "ravi")):
        writer = SpoolWriter(folder, call_id_of(f"RM_{number}"), 0, 1_000_000)
        writer.append("begun", {"room": f"room-{number}", "caller": caller, "words_kept": True}, at=1.8e9 + number)
        writer.append("heard", {"turn": 1, "heard": "=HYPERLINK(1)"}, at=1.8e9 + number)
        writer.append("tool", {"turn": 1, "name": "order_status", "outcome": "ok", "ms": 3}, at=1.8e9 + number)
        writer.append("replied", {"turn": 1, "reply": "yes", "reply_language": "hi-IN"}, at=1.8e9 + number)
        writer.append("outcome", {"summary": "=SUM(A1)", "outcome": {"resolved": True}}, at=1.8e9 + number)
        writer.append("ended", {"reason": "goodbye"}, at=1.8e9 + number + 60)
        writer.close()
    thread = ShipperThread(url, folder)
    thread.start()
    thread.stop(30)
    return tmp_path / "calls.db"


def run(capsys, *arguments):
    code = main([*arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_export_is_a_line_a_call(database, capsys):
    code, out, err = run(capsys, "export", "--since", "2027-01-01")
    records = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "3 calls\n")
    assert [record["caller"] for record in records] == ["asha", "asha", "ravi"]
    code, out, _ = run(capsys, "export", "--since", "2027-01-01", "--caller", "ravi")
    assert len(out.splitlines()) == 1
    code, out, _ = run(capsys, "export", "--since", "2028-01-01")
    assert (code, out) == (0, "")


def test_a_table_has_no_formula_that_a_caller_has_said(database, capsys):
    _, out, _ = run(capsys, "export", "--since", "2027-01-01", "--format", "csv")
    first = next(csv.DictReader(io.StringIO(out)))
    assert (first["summary"], first["turns"], first["languages"]) == ("'=SUM(A1)", "1", "hi-IN")
    assert json.loads(first["outcome"]) == {"resolved": True}


def test_whoever_exports_is_kept(database, capsys):
    run(capsys, "export", "--since", "2027-01-01", "--caller", "asha")
    rows = sqlite3.connect(database).execute("SELECT action, detail FROM access_log").fetchall()
    assert rows == [("export", "asha")]


def test_a_breach_names_who_has_looked_at_records_meanwhile(database, capsys):
    """Pins that the command broke as soon as anybody had looked at anything: one export was enough."""
    run(capsys, "export", "--since", "2020-01-01")
    code, out, _ = run(capsys, "breach", "--since", "2020-01-01", "--until", "2099-01-01")
    assert code == 0
    (look,) = json.loads(out)["looked_at"]
    assert look["action"] == "export"
    assert look["at"].endswith("Z")


def test_stats_and_breach(database, capsys):
    code, out, _ = run(capsys, "stats")
    numbers = json.loads(out)
    assert (code, numbers["calls"], numbers["seconds"]) == (0, 3, 180.0)
    assert numbers["by_language"] == {"hi-IN": 3}
    code, out, _ = run(capsys, "breach", "--since", "2027-01-15T07:59:00+00:00", "--until", "2027-01-15T08:30:00+00:00")
    touched = json.loads(out)
    assert (code, touched["calls"]) == (0, 3)
    assert [(about["caller"], len(about["calls"])) for about in touched["callers"]] == [("asha", 2), ("ravi", 1)]
    assert touched["callers"][0]["data"] == ["fingerprint", "outcome", "summary", "times and languages", "words"]
    code, out, _ = run(capsys, "breach", "--since", "2027-02-01", "--until", "2027-02-02")
    assert json.loads(out)["calls"] == 0


def test_erase_gives_a_receipt_and_keeps_not_whom_it_was_about(database, capsys):
    run(capsys, "export", "--since", "2027-01-01", "--caller", "asha")
    code, out, _ = run(capsys, "erase", "--caller", "asha")
    receipt = json.loads(out)
    assert (code, receipt["calls"], receipt["not_erased"]) == (0, 2, [])
    assert b"asha" not in b"".join(path.read_bytes() for path in database.parent.rglob("*") if path.is_file())
    assert json.loads(run(capsys, "export", "--since", "2027-01-01")[1])["caller"] == "ravi"


def test_hold_keeps_a_call_until_it_is_released(database, capsys):
    call = call_id_of("RM_2")
    assert run(capsys, "hold", "--call", call, "--reason", "court 12/2026")[0] == 0
    assert json.loads(run(capsys, "erase", "--caller", "ravi")[1])["held"] == 1
    assert run(capsys, "hold", "--call", call, "--release")[0] == 0
    assert json.loads(run(capsys, "erase", "--caller", "ravi")[1])["calls"] == 1
    code, _, err = run(capsys, "hold", "--call", "nobody", "--release")
    assert (code, "there is no call 'nobody'" in err) == (2, True)


def test_show_tells_a_record_in_a_few_lines(database, capsys):
    code, out, _ = run(capsys, "show", "--room", "room-1")
    assert code == 0
    assert "1 turns, hi-IN, price unknown, over: goodbye" in out
    assert "tools order_status ok" in out
    assert "summary: =SUM(A1)" in out
    assert run(capsys, "show", "--room", "no such")[0] == 1


def test_show_and_a_table_name_what_is_not_in_the_price(database, capsys):
    with sqlite3.connect(database) as connection:
        connection.execute("""UPDATE calls SET rupees = 1.5, unpriced = '["phone minutes", "livekit minutes"]'""")
    connection.close()
    assert "Rs 1.50 (without phone minutes, livekit minutes)" in run(capsys, "show", "--room", "room-1")[1]
    rows = list(csv.DictReader(io.StringIO(run(capsys, "export", "--since", "2027-01-01", "--format", "csv")[1])))
    assert {row["unpriced"] for row in rows} == {"phone minutes, livekit minutes"}


def test_a_file_of_a_newer_release_is_refused_by_name(database, capsys):
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    code, _, err = run(capsys, "stats")
    assert (code, "its schema is 9999" in err) == (2, True)


@pytest.mark.parametrize(
    ("variables", "code", "said"),
    [
        ({"WORKER_RECORDS_URL": ""}, 2, "WORKER_RECORDS_URL is not set"),
        ({"WORKER_RECORDS_URL": "calls.db", "WORKER_RETENTION_DAYS": "word=3"}, 2, "2 problem(s)"),
        ({"WORKER_RECORDS_URL": "postgresql+asyncpg://u:secret@127.0.0.1:1/vaani"}, 3, "Start the database"),
    ],
)
def test_what_is_wrong_is_said_by_name(monkeypatch, capsys, variables, code, said):
    monkeypatch.setenv("VAANI_IGNORE_ENV_FILE", "true")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    got, _, err = run(capsys, "stats")
    assert (got, said in err, "secret" in err) == (code, True, False)


def test_the_settings_come_from_the_env_file_too(tmp_path):
    (tmp_path / ".env").write_text("WORKER_RECORDS_URL=sqlite+aiosqlite:///calls.db\nWORKER_RETENTION_DAYS=words=7\n")
    settings = load_settings({}, tmp_path)
    assert (settings.url.file, settings.retention.words) == (Path("calls.db"), 7)
    with pytest.raises(BadSettings, match="WORKER_RECORDS_URL"):
        load_settings({"VAANI_IGNORE_ENV_FILE": "true"}, tmp_path)


@pytest.mark.parametrize(
    "arguments", [("export",), ("export", "--since", "soon"), ("erase",), ("breach", "--since", "2026-01-01")]
)
def test_a_command_that_lacks_something_says_what(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    assert left.value.code == 2
    assert "--since" in capsys.readouterr().err or arguments[0] in ("erase", "breach")


def test_a_worker_says_at_start_what_its_records_cannot_be_kept_in(database, tmp_path):
    def problems(file, spool=tmp_path / "spools"):
        settings = WorkerSettings(records_url=f"sqlite+aiosqlite:///{file}", records_spool_dir=spool)
        return "".join(record_problems(settings))

    assert problems(database) == ""
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "its schema is 9999" in problems(database)
    (tmp_path / "file").touch()
    assert "WORKER_RECORDS_URL: the folder" in problems(tmp_path / "file" / "calls.db")
    assert "WORKER_RECORDS_SPOOL_DIR: the folder" in problems(tmp_path / "new.db", spool=tmp_path / "file")
    reader = WorkerSettings(records_url=f"sqlite+aiosqlite:///{database}", records_reader="console")
    assert "WORKER_RECORDS_READER: SQLite knows no roles" in "".join(record_problems(reader))
    away = WorkerSettings(records_url="postgresql+asyncpg://u@127.0.0.1:1/v", records_spool_dir=tmp_path / "spools")
    assert record_problems(away) == []  # records wait


@pytest.mark.parametrize(("name", "value"), [("records_url", "mysql://h/v"), ("retention_days", "word=3")])
def test_a_worker_refuses_what_cannot_be_right(name, value):
    with pytest.raises(ValueError, match=name):
        WorkerSettings(**{name: value})


def test_the_outbox_is_counted_and_dead_letters_are_listed_without_what_they_say(database, capsys):
    call = call_id_of("RM_0")
    with sqlite3.connect(database) as connection:
        row = (
            "m1",
            call,
            "call.finished",
            "2026-11-29",
            '{"data": {"summary": "=SUM(A1)"}}',
            "2026-11-29",
            "2026-11-30",
            "HTTP 503",
        )
        columns = "id, call_id, kind, created_at, body, next_try_at, dead_at, last_error"
        connection.execute(f"INSERT INTO outbox ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    code, out, _ = run(capsys, "outbox")
    told = json.loads(out)
    assert (code, told["waiting"], told["delivered"], told["dead"]) == (1, 0, 0, 1)
    (letter,) = told["dead_letters"]
    assert (letter["id"], letter["call"], letter["last_error"]) == ("m1", call, "HTTP 503")
    assert "SUM" not in out
    assert run(capsys, "outbox", "--send-again")[:2] == (0, '{\n  "sent_again": 1\n}\n')
    code, out, _ = run(capsys, "outbox")
    assert (code, json.loads(out)["waiting"]) == (0, 1)


def test_show_waits_for_what_the_call_came_to(database, capsys):
    with sqlite3.connect(database) as connection:
        promise = '[{"what": "it is sent", "tool": "send", "status": "not_done"}]'
        connection.execute("UPDATE calls SET promises = ? WHERE room = 'room-1'", (promise,))
    code, out, _ = run(capsys, "show", "--room", "room-1", "--outcome")
    assert code == 0
    assert "summary: =SUM(A1)" in out
    assert "promised: it is sent (not_done)" in out
