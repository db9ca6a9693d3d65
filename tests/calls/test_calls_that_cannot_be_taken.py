"""What a caller and an operator see when something basic is wrong: never a silent room."""

import pytest

from sandbox.caller import CallPlan, Patience, Turn, place_call
from sandbox.stack import ProcessFailed

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]
HELLO = CallPlan(turns=(Turn(text="Hello?", language="en-IN"),))
IMPATIENT = Patience(agent_join_seconds=4)


async def test_without_a_worker_the_caller_is_told_within_a_bounded_wait(sandbox, join):
    result = await place_call(HELLO, join=join("a-worker-that-nobody-has-started"), patience=IMPATIENT)

    assert [error.code for error in result.errors] == ["no_agent"]
    assert result.errors[0].at_seconds < 15
    assert "worker" in result.errors[0].message


async def test_a_worker_with_the_wrong_livekit_secret_exits_with_1_and_says_so(stack):
    """Pins the trap that livekit-agents' own runner exits 0 after it has given up on the server."""
    environment = {"LIVEKIT_API_SECRET": "x" * 48, "WORKER_RECONNECT_TRIES": "1", "WORKER_IDLE_PROCESSES": "1"}
    with pytest.raises(ProcessFailed):
        await stack.start_worker("worker-wrong", environment)

    worker = stack.processes["worker-wrong"]
    assert await worker.wait(60) == 1
    assert "worker.gave_up" in worker.log_text()
    assert "x" * 48 not in worker.log_text()


async def test_a_refused_provider_key_ends_in_an_audible_end_and_a_logged_fault(sandbox, worker_with, join):
    """Pins the trap that a dead model gives silent turns: every provider refuses, and the caller still hears why."""
    async with worker_with("refused", scope="invalid", WORKER_GIVE_UP_SECONDS="3") as worker:
        until_the_end = CallPlan(turns=(Turn(text="Hello?", language="en-IN", expects_end=True),))
        result = await place_call(until_the_end, join=join("refused"), patience=Patience(answer_seconds=15))
        log = worker.log_text()

    assert result.ended_by == "agent", result.errors
    assert '"kind": "refused"' in log


async def test_an_exception_in_the_entrypoint_ends_the_call_for_the_caller_too(sandbox, worker_with, join, tmp_path):
    """Pins the trap that the framework reports such a job as a success and leaves the caller in a silent room."""
    (tmp_path / "broken_tools.py").write_text("raise RuntimeError('no tools today')\n")
    async with worker_with("broken", WORKER_TOOLS_MODULE="broken_tools", PYTHONPATH=str(tmp_path)) as worker:
        result = await place_call(HELLO, join=join("broken"), patience=Patience(greeting_seconds=10))
        log = worker.log_text()

    assert result.errors
    assert result.agent_audio, "no apology was heard"
    assert result.ended_by == "agent"
    assert result.duration_seconds < 25
    assert "call.failed" in log
