"""How the agent behaves beside answering: acknowledgements, barge-in, silence, time limits, tools of one's own."""

import sys

import pytest

from sandbox.caller import CallPlan, Noise, Patience, Turn, place_call

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]
STORY = Turn(text="Please tell me a story.", language="en-IN")


def spoken_seconds(result, since):
    return sum(end - max(start, since) for start, end in result.agent_audio if end > since)


async def test_an_acknowledgement_does_not_stop_the_story_and_wants_no_answer(sandbox, call):
    whole = await call(STORY)
    assert whole.good, whole.errors
    acknowledged = await call(
        STORY,
        Turn(text="haan", language="hi-IN", barge_in_after_seconds=2.0),
        patience=Patience(answer_seconds=6, polite_silence_seconds=4),  # a pause is not the end of the story
    )

    story = spoken_seconds(whole, whole.turns[0].ended_seconds)
    heard = spoken_seconds(acknowledged, acknowledged.turns[0].ended_seconds)
    assert heard > 0.8 * story, f"{heard:.1f} s of a story of {story:.1f} s were told"
    replies = [line["text"] for line in acknowledged.transcript if line["by"] == "agent"]
    assert not any("haan" in reply for reply in replies), "it was answered"


async def test_a_real_interruption_stops_the_agent_and_is_answered(sandbox, call):
    result = await call(STORY, Turn(text="Stop, what time is it now?", language="en-IN", barge_in_after_seconds=2.0))

    interruption = result.turns[1]
    assert interruption.answered, result.errors
    told = [line["text"] for line in result.transcript if line["by"] == "agent"]
    assert any(":" in text for text in told), f"nobody said the time: {told}"
    assert not any("flew away happily" in text for text in told), "the story was told to its end all the same"


async def test_a_silent_caller_is_asked_once_then_said_goodbye_to(sandbox, worker_with, join):
    async with worker_with("quiet", WORKER_SILENCE_SECONDS="2"):
        silence = CallPlan(turns=(Turn(text="Hello.", language="en-IN", wait_seconds=25.0),))
        result = await place_call(silence, join=join("quiet"), patience=Patience(call_seconds=40))

    said = [line["text"] for line in result.transcript if line["by"] == "agent"]
    assert any("still there" in text for text in said), said
    assert any("can't hear you" in text for text in said), said
    assert result.ended_by == "agent"


async def test_the_longest_call_ends_with_a_warning_and_a_goodbye(sandbox, worker_with, join):
    async with worker_with("brief", WORKER_MAX_CALL_SECONDS="12", WORKER_CALL_WARNING_SECONDS="6"):
        plan = CallPlan(turns=(Turn(text="Hello.", language="en-IN", wait_seconds=30.0),))
        result = await place_call(plan, join=join("brief"), patience=Patience(call_seconds=45))

    said = [line["text"] for line in result.transcript if line["by"] == "agent"]
    assert any("about a minute left" in text for text in said), said
    assert any("time for this call is over" in text for text in said), said
    assert result.ended_by == "agent"


async def test_background_noise_opens_no_turn(sandbox, call):
    noisy = Turn(text="Where is my order 4521?", language="en-IN", noise=Noise(snr_db=15.0))
    goodbye = Turn(text="Thank you, goodbye.", language="en-IN", wait_seconds=4.0, expects_end=True)
    result = await call(noisy, goodbye, goodbye=False)  # the noise goes on until the goodbye

    assert result.good, result.errors
    heard = " ".join(line["text"] for line in result.transcript if line["by"] == "caller")
    assert heard == "Where is my order 4521? Thank you, goodbye.", "something was heard out of the noise"


async def test_tools_of_ones_own_and_of_an_mcp_server_are_offered(sandbox, worker_with, join, tmp_path):
    """The README's "make it yours": tools from a module, instructions, a greeting; and a real MCP server's tools."""
    (tmp_path / "bakery_tools.py").write_text(
        "from livekit.agents import RunContext, function_tool\n\n@function_tool\n"
        "async def cake_price(ctx: RunContext, flavour: str) -> str:\n"
        '    """Look up the price of a cake."""\n    return "₹650"\n'
    )
    (tmp_path / "mcp_shop.py").write_text(
        "from mcp.server import MCPServer\n\nserver = MCPServer('shop')\n\n@server.tool()\n"
        "def shop_hours(day: str) -> str:\n"
        '    """When the shop is open."""\n    return "nine to six"\n\n'
        "if __name__ == '__main__':\n    server.run()\n"
    )
    (tmp_path / "instructions.md").write_text("You are Asha, who answers the phone for a bakery in Pune.")
    (tmp_path / "phrases.json").write_text('{"en-IN": {"greeting": "Good morning, Asha\'s bakery!"}}')
    mcp = f'[{{"name": "shop", "command": ["{sys.executable}", "{tmp_path / "mcp_shop.py"}"]}}]'
    async with worker_with(
        "bakery", scope="sandbox-bakery", WORKER_TOOLS_MODULE="bakery_tools", PYTHONPATH=str(tmp_path),
        WORKER_INSTRUCTIONS_FILE=str(tmp_path / "instructions.md"), WORKER_MCP_SERVERS=mcp,
        WORKER_PHRASES_FILE=str(tmp_path / "phrases.json"),
    ):  # fmt: skip
        await sandbox.configure("sandbox-bakery")
        plan = CallPlan(turns=(Turn(text="Hello, are you open?", language="en-IN", scripted=False),))
        result = await place_call(plan, join=join("bakery"))

    assert result.greeting == "Good morning, Asha's bakery!"
    asked = [event for event in await sandbox.seen("sandbox-bakery") if event.get("tools")]
    assert {"cake_price", "shop_hours", "end_call", "current_time"} <= set(asked[-1]["tools"])
