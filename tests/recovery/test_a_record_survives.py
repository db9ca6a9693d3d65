"""A call whose process is killed in its second turn leaves one whole record, with what it came to."""

import asyncio
import contextlib
import json
import subprocess
import sys

import pytest
import pytest_asyncio

from sandbox.caller import Turn
from sandbox.stack.stack import ROOT
from tests.records.conftest import postgres  # noqa: F401 - a fixture

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]
OUTCOME_SECONDS = 20
"""Twice what is promised: ten seconds after the end."""
BILL = "Can you help me with my bill?"
WHEN = "When do I have to pay it?"


class Records:
    """What a worker keeps, as an operator reads it."""

    def __init__(self, environment):
        self.environment = environment

    def _run(self, *arguments):
        return subprocess.run(
            [sys.executable, "-m", "records", *arguments], cwd=ROOT, timeout=90, capture_output=True, text=True,
            env=self.environment | {"VAANI_IGNORE_ENV_FILE": "true", "PATH": ""}, check=True,
        ).stdout  # fmt: skip

    async def of(self, room):
        """The one record of a room's call, when it is over and has an outcome."""
        await asyncio.to_thread(self._run, "show", "--room", room, "--wait", "60")
        shown = await asyncio.to_thread(self._run, "show", "--room", room, "--wait", str(OUTCOME_SECONDS), "--outcome")
        exported = await asyncio.to_thread(self._run, "export", "--since", "2020-01-01")
        (record,) = [record for record in map(json.loads, exported.splitlines()) if record["room"] == room]
        assert record["outcome_status"] == "ok", shown
        return record


@pytest_asyncio.fixture(loop_scope="session", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.nightly)])
async def worker_environment(request, tmp_path):
    """The worker keeps records, in either database."""
    url = f"sqlite+aiosqlite:///{tmp_path}/calls.db"
    if request.param == "postgresql":
        url = await request.getfixturevalue("postgres").new_database()
    return {
        "WORKER_RECORDS_URL": url, "WORKER_RECORDS_SPOOL_DIR": str(tmp_path / "spool"),
        "WORKER_RECORDS_WORDS": "true", "WORKER_OUTCOME": "on",
    }  # fmt: skip


@pytest.fixture
def records(sandbox, worker_environment):
    return Records(worker_environment)


async def test_calls_killed_in_their_second_turn_have_one_record_each_with_every_turn_once_and_an_outcome(
    records, operator, call
):
    def kill_in_the_second_turn(event):
        if event.kind == "agent_heard" and event.turn == 1:
            operator.kill_call()

    rescued = await call(
        BILL, WHEN,
        # Said once somebody is there again: what is said to nobody is in nobody's record.
        Turn(text="Thank you, goodbye.", language="en-IN", wait_seconds=12, expects_end=True),
        goodbye=False,
        on_event=kill_in_the_second_turn,
    )  # fmt: skip
    assert rescued.good, rescued.errors
    record = await records.of(rescued.room)
    heard = [turn["heard"].casefold().strip(" .?!") for turn in record["turns"]]
    assert len(heard) == len(set(heard)) == 3, heard
    assert all(turn["reply"] for turn in record["turns"]), record["turns"]
    assert (record["rescues"], record["failed"], record["events_dropped"]) == (1, False, 0)
    assert record["end_reason"]

    room = await hung_up_at_the_kill(call, operator)
    record = await records.of(room)
    assert [turn["number"] for turn in record["turns"]] == [1, 2]
    assert record["turns"][0]["reply"]
    assert record["events_dropped"] == 0


async def hung_up_at_the_kill(call, operator):
    """A caller who has had enough when the agent falls silent in the second turn; returns the room."""
    room = asyncio.get_running_loop().create_future()

    def hang_up_when_it_dies(event):
        if event.kind == "connected":
            room.set_result(event.data["room"])
        if event.kind == "agent_heard" and event.turn == 1:
            operator.kill_call()
            calling.cancel()

    calling = asyncio.ensure_future(call(BILL, WHEN, goodbye=False, on_event=hang_up_when_it_dies))
    with contextlib.suppress(asyncio.CancelledError):
        await calling
    assert calling.cancelled()
    return await room
