"""A person says yes, talks, says "delete the recording", and nothing is left; an auditor finds the proof of both."""

from __future__ import annotations

import json
import sqlite3

import pytest

from sandbox.caller import CallPlan, Patience, Turn, place_call

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]
KEPT, TAKEN_BACK = "What time is it now?", "Please delete the recording."
PLAN = CallPlan(
    turns=(
        Turn(text="Yes.", language="en-IN"),
        Turn(text=KEPT, language="en-IN"),
        Turn(text=TAKEN_BACK, language="en-IN"),
        Turn(text="Please tell me the day.", language="en-IN"),
        Turn(text="Thank you, goodbye.", language="en-IN", expects_end=True),
    )
)


async def test_a_yes_a_talk_and_a_withdrawal_leave_the_proof_and_not_a_word(sandbox, worker_with, join, tmp_path):
    settings = {
        "WORKER_CONSENT": "asked",
        "WORKER_RECORDS_URL": f"sqlite+aiosqlite:///{tmp_path}/calls.db",
        "WORKER_RECORDS_WORDS": "true",
        "WORKER_RECORDS_SPOOL_DIR": str(tmp_path / "spool"),
        "WORKER_LOG_PII": "true",
    }
    async with worker_with("consent", **settings):
        result = await place_call(
            PLAN, join=join("consent"), control=sandbox.control, patience=Patience(call_seconds=80)
        )
    proof = of_the_database(tmp_path / "calls.db")  # a worker that has stopped has told all of it
    said = [line["text"] for line in result.transcript]
    assert [(state, by) for state, by in proof] == [("given", "voice"), ("withdrawn", "voice")], (proof, result.errors)
    assert any(KEPT in text for text in said), said  # agreed to, so the room's transcript has it
    assert not any("delete the recording" in text or "tell me the day" in text for text in said), said
    everything = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for words in (KEPT, TAKEN_BACK, "tell me the day"):
        for spelling in (words, json.dumps(words)[1:-1]):
            assert spelling.encode() not in everything, words


def of_the_database(path):
    """What the database says of the call's consent, in order."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        return database.execute("SELECT state, \"by\" FROM consents WHERE purpose = 'words' ORDER BY at").fetchall()
