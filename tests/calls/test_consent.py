"""A person says yes, talks, says "delete the recording", and nothing is left; an auditor finds the proof of both."""

from __future__ import annotations

import json
import sqlite3

import numpy as np
import pytest

from sandbox.caller import CallPlan, Patience, Turn, place_call
from sandbox.services.http_on_loopback import running_http
from tests.calls.overheard import OverheardLine
from tests.recording.decoded import loud_seconds, parts_in, samples_of
from worker.recording.channel import RATE_HZ

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


@pytest.fixture
def observatory():
    """Where the framework would upload calls to, if anything told it to; what was sent there."""
    sent = []

    def take(method, path, headers, body):
        sent.append((method, path, len(body)))
        return 200, {}, b"{}"

    with running_http(take) as url:
        yield url, sent


async def test_a_yes_a_talk_and_a_withdrawal_leave_the_proof_and_not_a_word(
    sandbox, worker_with, join, tmp_path, observatory
):
    url, uploaded = observatory
    settings = {
        "LIVEKIT_OBSERVABILITY_URL": url,
        "WORKER_CONSENT": "asked",
        "WORKER_RECORDS_URL": f"sqlite+aiosqlite:///{tmp_path}/calls.db",
        "WORKER_RECORDS_WORDS": "true",
        "WORKER_RECORDS_SPOOL_DIR": str(tmp_path / "spool"),
        "WORKER_LOG_PII": "true",
        "WORKER_RECORD": "on",
        "WORKER_RECORDINGS_URL": f"file://{tmp_path}/sound",
    }
    async with worker_with("consent", **settings) as worker:
        line = OverheardLine(join("consent"))
        result = await place_call(PLAN, line=line, control=sandbox.control, patience=Patience(call_seconds=80))
    proof = of_the_database(tmp_path / "calls.db")  # a worker that has stopped has told all of it
    said = [line["text"] for line in result.transcript]
    assert [(state, by) for state, by in proof] == [("given", "voice"), ("withdrawn", "voice")], (proof, result.errors)
    assert "recording.erased" in worker.log.read_text(encoding="utf-8")
    assert [path for path in (tmp_path / "sound").rglob("*") if path.is_file()] == []
    assert any(KEPT in text for text in said), said  # agreed to, so the room's transcript has it
    assert not any("delete the recording" in text or "tell me the day" in text for text in said), said
    assert uploaded == []
    assert TAKEN_BACK.encode() not in line.everything
    assert b"tell me the day" not in line.everything
    everything = b"".join(path.read_bytes() for path in (worker.log, *tmp_path.rglob("*")) if path.is_file())
    for words in (KEPT, TAKEN_BACK, "tell me the day"):
        for spelling in (words, json.dumps(words)[1:-1]):
            assert spelling.encode() not in everything, words


@pytest.mark.nightly  # compares two clocks, which wants a quiet machine; the gate holds it on fake time
async def test_a_recorded_call_has_both_sides_as_the_caller_heard_them(sandbox, worker_with, join, tmp_path):
    own = {"WORKER_RECORD": "on", "WORKER_RECORDINGS_URL": f"file://{tmp_path}", "WORKER_CONSENT": "announced"}
    turns = (Turn(text=KEPT, language="en-IN"), Turn(text="Thank you, goodbye.", language="en-IN", expects_end=True))
    async with worker_with("recorded", **own):
        result = await place_call(CallPlan(turns=turns), join=join("recorded"), control=sandbox.control)
    assert result.good, result.errors
    caller, agent = np.concatenate([samples_of(part) for part in parts_in(tmp_path)], axis=1)
    said, heard = loud_seconds(caller, threshold=300), loud_seconds(agent, threshold=300)
    assert said is not None
    assert heard is not None
    # The same two moments on the caller's own clock: the first turn's end, and the last of the agent's goodbye.
    between = result.agent_audio[-1][1] - result.turns[0].ended_seconds
    first_turn = loud_seconds(caller[: round((said[1] - 1.5) * RATE_HZ)], threshold=300)
    assert first_turn is not None
    # By two seconds: a busy machine's caller hears late. What is in step by a tenth is held on fake time.
    assert heard[1] - first_turn[1] == pytest.approx(between, abs=2.0)


def of_the_database(path):
    """What the database says of the call's consent, in order."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        return database.execute("SELECT state, \"by\" FROM consents WHERE purpose = 'words' ORDER BY at").fetchall()
