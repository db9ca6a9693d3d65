"""A call whose process is killed in its second turn leaves one whole record."""

import json
import subprocess
import sys

import pytest

from sandbox.caller import Turn
from sandbox.stack.stack import ROOT
from tests.recovery.conftest import started_again

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]


async def test_a_call_killed_in_its_second_turn_has_one_record_with_every_turn_once(sandbox, operator, call, tmp_path):
    environment = {
        "WORKER_RECORDS_URL": f"sqlite+aiosqlite:///{tmp_path}/calls.db",
        "WORKER_RECORDS_SPOOL_DIR": str(tmp_path / "spool"),
        "WORKER_RECORDS_WORDS": "true",
    }
    await sandbox.processes["worker"].stop()
    await started_again(sandbox, environment)

    def kill_in_the_second_turn(event):
        if event.kind == "agent_heard" and event.turn == 1:
            operator.kill_call()

    result = await call(
        "Can you help me with my bill?",
        "When do I have to pay it?",
        # Said once somebody is there again: what is said to nobody is in nobody's record.
        Turn(text="Thank you, goodbye.", language="en-IN", wait_seconds=12, expects_end=True),
        goodbye=False,
        on_event=kill_in_the_second_turn,
    )
    shown = subprocess.run(
        [sys.executable, "-m", "records", "show", "--room", result.room, "--wait", "30"], cwd=ROOT, timeout=60,
        env=environment | {"VAANI_IGNORE_ENV_FILE": "true", "PATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    exported = subprocess.run(
        [sys.executable, "-m", "records", "export", "--since", "2020-01-01"], cwd=ROOT, timeout=60,
        env=environment | {"VAANI_IGNORE_ENV_FILE": "true", "PATH": ""}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert result.good, result.errors
    assert shown.returncode == 0, shown.stdout + shown.stderr
    (record,) = map(json.loads, exported.stdout.splitlines())
    heard = [turn["heard"].casefold().strip(" .?!") for turn in record["turns"]]
    assert len(heard) == len(set(heard)) == 3, heard
    assert all(turn["reply"] for turn in record["turns"]), record["turns"]
    assert (record["rescues"], record["failed"], record["events_dropped"]) == (1, False, 0)
    assert record["end_reason"]
    await sandbox.processes["worker"].stop()  # the next test's worker keeps no records
