"""Two hundred calls, fifty of them killed in their second turn, and a database that goes away: 200 whole records."""

import asyncio
import json
import subprocess
import sys

import pytest

from records.engine import new_engine
from records.events import call_id_of
from records.reading import CallFilter, every_record
from records.shipping import ShipperThread

pytestmark = pytest.mark.processes

CALLS, KILLED, TURNS = 200, 50, 4
# Forks a process a call, as the worker does; whoever is to be killed kills itself, as the kernel would.
CALLERS = """
import json, os, pathlib, signal, sys
from records.events import call_id_of
from records.spool import SpoolWriter

folder, calls, killed, turns = pathlib.Path(sys.argv[1]), *map(int, sys.argv[2:5])

def agent(number, generation, first, dies):
    writer = SpoolWriter(folder, call_id_of(f"RM_{number}"), generation, 64_000_000)
    writer.append("begun", {"room": f"room-{number}", "reason": "crashed" if generation else "first"})
    for turn in range(first, turns + 1):
        writer.append("heard", {"turn": turn, "heard": f"question {turn}"})
        if dies and turn == 2:
            while writer._events.qsize():
                pass
            os.kill(os.getpid(), signal.SIGKILL)
        writer.append("replied", {"turn": turn, "reply": f"answer {turn}", "reply_language": "hi-IN"})
    writer.append("ended", {"reason": "goodbye", "failed": False})
    writer.close()
    os._exit(0)

def all_of(agents):
    pids = []
    for arguments in agents:
        pids.append(os.fork())
        if pids[-1] == 0:
            agent(*arguments)
        if len(pids) >= 20:
            os.waitpid(pids.pop(0), 0)
    for pid in pids:
        os.waitpid(pid, 0)

all_of((number, 0, 1, number < killed) for number in range(calls))
print("told", flush=True)
sys.stdin.readline()
all_of((number, 1, 2, False) for number in range(killed))
"""


async def test_two_hundred_calls_of_which_fifty_are_killed_leave_two_hundred_whole_records(postgres, tmp_path):
    url, folder = await postgres.new_database(), tmp_path / "spool"
    thread = ShipperThread(url, folder)
    thread.start()
    command = [sys.executable, "-c", CALLERS, str(folder), *map(str, (CALLS, KILLED, TURNS))]
    callers = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert await callers.stdout.readline() == b"told\n"
    postgres.stop()  # the rescuers meet a database that is gone
    callers.stdin.write(b"\n")
    await callers.stdin.drain()
    assert await callers.wait() == 0
    postgres.start()
    engine, records = new_engine(url), []
    async with asyncio.timeout(60):
        while sum(record["end_reason"] == "goodbye" for record in records) < CALLS:
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.2)
            try:
                async with engine.connect() as connection:
                    records = [record async for record in every_record(connection, CallFilter())]
            except Exception:
                records = []  # it starts
    await asyncio.to_thread(thread.stop, 20)
    await engine.dispose()

    assert {record["id"] for record in records} == {call_id_of(f"RM_{number}") for number in range(CALLS)}
    assert len(records) == CALLS
    whole = [(number, f"question {number}", f"answer {number}") for number in range(1, TURNS + 1)]
    for record in records:
        assert [(turn["number"], turn["heard"], turn["reply"]) for turn in record["turns"]] == whole, json.dumps(record)
    assert sum(record["rescues"] for record in records) == KILLED
    assert not any(record["events_dropped"] for record in records)
    assert list(folder.glob("*.jsonl")) == []
