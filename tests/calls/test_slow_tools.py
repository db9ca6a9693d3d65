"""A call with tools that are slow, or hang: the greeting does not wait for them, and the caller is told."""

import asyncio

import pytest

from sandbox.caller import CallPlan, Control, Patience, Turn, place_call

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]
SCOPE = "sandbox-slow-tools"
TOOL_SECONDS = 4
DESK = """
import asyncio
from livekit.agents import function_tool

calls = 0

@function_tool
async def human_desk() -> str:
    \"\"\"Ask for somebody of flesh and blood.\"\"\"
    global calls
    calls += 1
    await asyncio.sleep(2.5 if calls == 1 else 3600)
    return "They are free."
"""


async def test_a_slow_tool_is_bridged_and_told_a_hanging_one_too_and_a_hanging_mcp_server_delays_nothing(
    sandbox, worker_with, join, tmp_path
):
    """Pins 25 s of silence over a slow tool of WORKER_TOOLS_MODULE, and a greeting 8 s late over an MCP server."""
    (tmp_path / "desk.py").write_text(DESK)
    connected = asyncio.Event()

    async def never_answers(reader, writer):
        connected.set()
        await reader.read()  # until the other side goes
        writer.close()

    mute = await asyncio.start_server(never_answers, "127.0.0.1", 0)
    mcp = f'[{{"name": "mute", "url": "http://127.0.0.1:{mute.sockets[0].getsockname()[1]}/mcp"}}]'
    environment = {
        "PYTHONPATH": str(tmp_path), "WORKER_TOOLS_MODULE": "desk", "WORKER_MCP_SERVERS": mcp,
        "WORKER_TOOL_SECONDS": str(TOOL_SECONDS),
    }  # fmt: skip
    async with mute, worker_with("slow-tools", scope=SCOPE, **environment) as worker:
        await sandbox.configure(SCOPE)
        ask = Turn(text="I want to talk to someone, please.", language="en-IN")
        goodbye = Turn(text="Thank you, goodbye.", language="en-IN", expects_end=True)
        # A filler is no answer: the caller listens on until the tool has had its time.
        patience = Patience(polite_silence_seconds=TOOL_SECONDS + 1)
        result = await place_call(
            CallPlan(turns=(ask, ask, goodbye)), join=join("slow-tools"), patience=patience,
            control=Control(sandbox.sandbox_url, SCOPE),
        )  # fmt: skip
        log = worker.log_text()

    assert result.good, result.errors
    assert connected.is_set(), "nobody asked the MCP server"
    assert result.greeting_seconds < 4, "the greeting came late"
    for turn in result.turns[:2]:
        filler, told = turn.reply.find("One moment"), turn.reply.find("connecting you to a person")
        assert 0 <= filler < told, turn.reply
        assert turn.voice_to_voice_seconds < 5
    failed = [line for line in log.splitlines() if "tool.failed" in line and "human_desk" in line]
    assert len(failed) == 1, "the second call alone was out of time"
    assert "it took too long" in failed[0]
