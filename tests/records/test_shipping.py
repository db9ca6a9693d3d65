"""What a call tells reaches the database, whatever becomes of the process, the disk, or the database meanwhile."""

import asyncio
import logging
import os
import sqlite3
import subprocess
import sys

from records import engine as engine_module
from records import spool as spool_module
from records.engine import new_engine, writing
from records.events import CallEvent, call_id_of
from records.reading import read_record
from records.shipping import Shipper, ShipperThread
from records.spool import Spool, SpoolWriter, spooled_bytes

CALL = call_id_of("RM_one")
MEGABYTE = 1_000_000


def writer_of(folder, call=CALL, generation=0, most_bytes=MEGABYTE):
    return SpoolWriter(folder, call, generation, most_bytes)


def tell_a_call(writer, turns=2):
    writer.append("begun", {"room": "room-1", "channel": "page", "direction": "in", "words_kept": True})
    for turn in range(1, turns + 1):
        writer.append("heard", {"turn": turn, "heard": f"question {turn}"})
        writer.append("replied", {"turn": turn, "reply": f"answer {turn}", "reply_language": "en-IN"})
    writer.append("ended", {"reason": "goodbye", "failed": False})
    writer.close()


async def record_of(engine, call=CALL):
    async with engine.connect() as connection:
        return await read_record(connection, call)


def waiting(folder):
    return [path.name for path in folder.iterdir() if path.suffix == ".jsonl"]


async def test_a_finished_call_is_in_the_database_and_no_longer_in_the_spool(engine, tmp_path):
    folder = tmp_path / "spool"
    tell_a_call(writer_of(folder))
    shipper = Shipper(engine, folder)
    assert await shipper.ship() == 6
    record = await record_of(engine)
    assert [turn["heard"] for turn in record["turns"]] == ["question 1", "question 2"]
    assert record["end_reason"] == "goodbye"
    assert waiting(folder) == []
    assert oct(folder.stat().st_mode)[-3:] == "700"


async def test_a_call_that_goes_on_is_in_the_database_turn_by_turn(engine, tmp_path):
    folder = tmp_path / "spool"
    writer, shipper = writer_of(folder), Shipper(engine, folder)
    for turn in (1, 2):
        writer.append("heard", {"turn": turn, "heard": "hello"})
        while not await shipper.ship():
            await moment()
        assert len((await record_of(engine))["turns"]) == turn
    assert len(waiting(folder)) == 1
    writer.close()
    await shipper.ship()


async def moment():
    """Let other threads have the machine."""
    await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.01)


KILLED = """
import os, signal, sys, pathlib
from records.spool import SpoolWriter
writer = SpoolWriter(pathlib.Path(sys.argv[1]), sys.argv[2], 0, 1_000_000)
writer.append("begun", {"room": "room-1"})
writer.append("heard", {"turn": 1, "heard": "hello"})
writer.append("replied", {"turn": 1, "reply": "good morning"})
writer.append("heard", {"turn": 2, "heard": "where is my order"})
print("told", flush=True)
sys.stdin.read()
"""


async def test_a_killed_process_takes_nothing_along(engine, tmp_path):
    folder = tmp_path / "spool"
    victim = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(folder), CALL], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert victim.stdout.readline() == b"told\n"
    shipper = Shipper(engine, folder)
    while len((await record_of(engine) or {"turns": ()})["turns"]) < 2:
        await shipper.ship()
    assert len(waiting(folder)) == 1  # it lives
    victim.kill()
    victim.wait()
    shipper.is_last = True
    await shipper.ship()
    assert waiting(folder) == []
    second = writer_of(folder, generation=1)
    second.append("begun", {"room": "room-1", "reason": "crashed"})
    second.append("heard", {"turn": 2, "heard": "where is my order"})
    second.append("replied", {"turn": 2, "reply": "it comes"})
    second.append("ended", {"reason": "goodbye"})
    second.close()
    await shipper.ship()
    record = await record_of(engine)
    assert [(turn["heard"], turn["reply"]) for turn in record["turns"]] == [
        ("hello", "good morning"),
        ("where is my order", "it comes"),
    ]
    assert (record["rescues"], record["end_reason"]) == (1, "goodbye")


async def test_a_worker_that_dies_between_writing_and_forgetting_doubles_nothing(engine, tmp_path):
    folder = tmp_path / "spool"
    tell_a_call(writer_of(folder), turns=3)
    kept = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".jsonl"}
    await Shipper(engine, folder).ship()
    before = await record_of(engine)
    for name, content in kept.items():
        (folder / name).write_bytes(content)
    again = Shipper(engine, folder)
    assert not again._spool.take()  # as long as the first one lives, nobody else reads
    again._spool = Spool(tmp_path / "other")
    (tmp_path / "other").mkdir()
    for name, content in kept.items():
        (tmp_path / "other" / name).write_bytes(content)
    assert await again.ship() == 8
    assert await record_of(engine) == before


async def test_a_line_that_a_kill_has_torn_costs_that_line_alone(engine, tmp_path, caplog):
    folder = tmp_path / "spool"
    folder.mkdir()
    lines = [CallEvent(CALL, 0, n, "heard", 1e9 + n, {"turn": n, "heard": "x"}).as_line() for n in (1, 2, 3)]
    torn = lines[1][:20] + b"\n"
    (folder / f"{CALL}.0.1.1.jsonl").write_bytes(lines[0] + torn + lines[2] + lines[1][:30])
    await Shipper(engine, folder).ship()
    assert [turn["number"] for turn in (await record_of(engine))["turns"]] == [1, 3]
    assert waiting(folder) == []
    assert [line.events for line in caplog.records if line.getMessage() == "records.dropped"] == [1, 1]


async def test_an_event_that_no_database_takes_is_dropped_and_said_and_holds_up_nobody(engine, tmp_path, caplog):
    folder = tmp_path / "spool"
    writer = writer_of(folder)
    writer.append("heard", {"turn": 1, "heard": "before"})
    writer.append("heard", {"heard": "a turn without a number"})
    writer.append("fault", {"code": None})
    writer.append("usage", {"usage": "no object", "rupees": "many"})
    writer.append("heard", {"turn": 2, "heard": "behind"})
    writer.close()
    await Shipper(engine, folder).ship()
    assert [turn["heard"] for turn in (await record_of(engine))["turns"]] == ["before", "behind"]
    assert waiting(folder) == []
    dropped = [line for line in caplog.records if line.getMessage() == "records.dropped"]
    assert {line.kind for line in dropped} == {"heard", "fault", "usage"}
    assert not any("number" in str(vars(line)) for line in dropped)  # whose words they may be is nobody's business


async def test_what_the_bound_drops_is_counted_logged_and_told_to_the_record(engine, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(spool_module, "LOOK_SECONDS", 0.0)
    folder = tmp_path / "spool"
    writer = writer_of(folder, most_bytes=2000)
    writer.append("begun", {"room": "room-1"})
    for turn in range(1, 31):
        writer.append("heard", {"turn": turn, "heard": "x" * 100})
    while writer._events.qsize():
        await moment()
    assert spooled_bytes(folder) < 2500
    shipper = Shipper(engine, folder)
    kept = await shipper.ship()
    assert kept < 31
    # There is room again.
    (path,) = (path for path in folder.iterdir() if path.suffix == ".jsonl")
    os.truncate(path, 0)
    writer.append("heard", {"turn": 31, "heard": "y"})
    writer.close()
    await shipper.ship()
    record = await record_of(engine)
    assert record["events_dropped"] == 31 - kept
    assert record["turns"][-1]["number"] == 31
    (line,) = (line for line in caplog.records if line.getMessage() == "records.dropped")
    assert "spool is full" in line.why


def test_a_disk_that_takes_nothing_disturbs_no_call(tmp_path, caplog):
    (tmp_path / "spool").write_text("a file where the folder should be")
    writer = writer_of(tmp_path / "spool")
    writer.append("begun", {"room": "room-1"})
    writer.close()
    (line,) = (line for line in caplog.records if line.getMessage() == "records.dropped")
    assert "FileExistsError" in line.why or "NotADirectoryError" in line.why


async def until(condition, seconds=20):
    async with asyncio.timeout(seconds):
        while not await condition():
            await moment()


async def test_a_database_that_is_locked_is_waited_for(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(engine_module, "BUSY_MS", 300)
    caplog.set_level(logging.WARNING)
    url, folder = f"sqlite+aiosqlite:///{tmp_path}/calls.db", tmp_path / "spool"
    engine = new_engine(url)
    thread = ShipperThread(url, folder)
    thread.start()
    tell_a_call(writer_of(folder))

    async def is_written():
        try:
            return (await record_of(engine) or {}).get("end_reason") == "goodbye"
        except Exception:
            return False

    await until(is_written)
    other = call_id_of("RM_two")
    locked = sqlite3.connect(tmp_path / "calls.db", isolation_level=None)
    locked.execute("BEGIN EXCLUSIVE")
    tell_a_call(writer_of(folder, other))

    async def is_said(name="records.waiting"):
        return any(line.getMessage() == name for line in caplog.records)

    await until(is_said)
    assert len(waiting(folder)) == 1
    locked.execute("COMMIT")

    async def is_written_too():
        return await record_of(engine, other) is not None and await is_said("records.written_again")

    await until(is_written_too)
    thread.stop(10)
    assert waiting(folder) == []
    await engine.dispose()


async def test_a_server_that_goes_away_and_comes_back_gets_everything_once(postgres, tmp_path, caplog):
    url, folder = await postgres.new_database(), tmp_path / "spool"
    thread = ShipperThread(url, folder)
    thread.start()
    calls = [call_id_of(f"RM_{number}") for number in range(12)]
    tell_a_call(writer_of(folder, calls[0]))
    engine = new_engine(url)

    async def is_written(call=calls[0]):
        try:
            return await record_of(engine, call) is not None
        except Exception:
            return False

    await until(is_written)
    postgres.stop()
    for call in calls[1:]:
        tell_a_call(writer_of(folder, call))
    postgres.start()
    await engine.dispose()
    for call in calls:
        await until(lambda call=call: is_written(call))
    thread.stop(10)
    async with writing(engine) as connection:
        count = (await connection.exec_driver_sql("SELECT count(*), sum(turn_count) FROM calls")).one()
    assert tuple(count) == (12, 24)
    assert waiting(folder) == []
    await engine.dispose()


async def test_a_worker_that_starts_writes_what_the_one_before_has_left(tmp_path):
    url, folder = f"sqlite+aiosqlite:///{tmp_path}/calls.db", tmp_path / "spool"
    tell_a_call(writer_of(folder))
    thread = ShipperThread(url, folder)
    thread.start()
    thread.stop(20)  # one whole pass, before it stops
    engine = new_engine(url)
    assert (await record_of(engine))["end_reason"] == "goodbye"
    await engine.dispose()
