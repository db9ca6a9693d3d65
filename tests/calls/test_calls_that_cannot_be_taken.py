"""What a caller and an operator see when something basic is wrong: never a silent room."""

import asyncio

import pytest

from sandbox.caller import CallPlan, Patience, Turn, place_call
from sandbox.stack import Stack, StackOptions

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]
HELLO = CallPlan(turns=(Turn(text="Hello?", language="en-IN"),))
IMPATIENT = Patience(agent_join_seconds=4)


@pytest.fixture
async def bare_stack():
    """Everything but a worker."""
    async with Stack(StackOptions(scope="sandbox-bare", worker=False)) as stack:
        yield stack


@pytest.mark.asyncio(loop_scope="function")
async def test_without_a_worker_the_caller_is_told_within_a_bounded_wait(bare_stack):
    result = await place_call(HELLO, token_url=bare_stack.token_url, patience=IMPATIENT)

    assert [error.code for error in result.errors] == ["no_agent"]
    assert result.errors[0].at_seconds < 15
    assert "worker" in result.errors[0].message


@pytest.mark.asyncio(loop_scope="function")
async def test_a_worker_with_the_wrong_livekit_secret_exits_with_1_and_says_so(bare_stack):
    """Pins the trap that livekit-agents' own runner exits 0 after it has given up on the server."""
    environment = {"LIVEKIT_API_SECRET": "x" * 48, "WORKER_RECONNECT_TRIES": "1"}
    starting = asyncio.create_task(bare_stack.start_worker("worker-wrong", environment))
    while "worker-wrong" not in bare_stack.processes:
        await asyncio.wait({starting}, timeout=0.1)
    await asyncio.gather(starting, return_exceptions=True)

    worker = bare_stack.processes["worker-wrong"]
    assert await worker.wait(60) == 1
    assert "worker.gave_up" in worker.log_text()
    assert "x" * 48 not in worker.log_text()


async def test_a_refused_provider_key_ends_in_a_spoken_goodbye_and_a_logged_fault(stack):
    """Pins the trap that a dead model gives silent turns: HTTP 403 from every provider but the caller hears why."""
    worker = await stack.start_worker(
        "worker-refused", {"AGENT_NAME": "refused", "WORKER_GIVE_UP_SECONDS": "3"}, scope="invalid"
    )
    token = Stack(StackOptions(worker=False, scope="invalid"))
    token.processes, token._http = {}, stack._http  # the same stack, another token function that dispatches `refused`
    token._ports = dict(stack._ports) | {"token": token.port("token")}
    token.api_key, token.api_secret = stack.api_key, stack.api_secret
    token.options = StackOptions(worker=False, token_environment={"AGENT_NAME": "refused"})
    process = await token.start_token()
    try:
        result = await place_call(HELLO, token_url=token.token_url, patience=Patience(answer_seconds=15))
    finally:
        await asyncio.gather(process.stop(), worker.stop())

    assert result.ended_by == "agent"
    assert result.agent_audio, "the caller heard nothing at all"
    assert '"kind": "refused"' in worker.log_text()


async def test_an_exception_in_the_entrypoint_ends_the_call_for_the_caller_too(stack, tmp_path):
    """Pins the trap that the framework reports such a job as a success and leaves the caller in a silent room."""
    (tmp_path / "broken_tools.py").write_text("raise RuntimeError('no tools today')\n")
    worker = await stack.start_worker(
        "worker-broken",
        {"AGENT_NAME": "broken", "WORKER_TOOLS_MODULE": "broken_tools", "PYTHONPATH": str(tmp_path)},
    )
    token = Stack(StackOptions(worker=False, token_environment={"AGENT_NAME": "broken"}))
    token._http, token._ports = stack._http, dict(stack._ports) | {"token": token.port("token")}
    token.api_key, token.api_secret = stack.api_key, stack.api_secret
    process = await token.start_token()
    try:
        result = await place_call(HELLO, token_url=token.token_url, patience=Patience(greeting_seconds=10))
    finally:
        await asyncio.gather(process.stop(), worker.stop())

    assert result.errors
    assert result.duration_seconds < 15
    assert "call.failed" in worker.log_text()
