"""A call's process that is killed in mid-call: the caller gets another agent, which knows what was said."""

import pytest

from sandbox.caller import Turn
from tests.recovery.conftest import said_after

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]


async def test_a_killed_call_process_is_replaced_by_an_agent_that_says_so_and_knows_the_conversation(
    sandbox, operator, call
):
    """Pins the trap that the server notices a killed agent after 20 s and never sends another."""
    killed = {}

    def kill_after_the_first_answer(event):
        if event.kind == "turn_done" and event.turn == 0:
            killed["at"] = event.at_seconds
            operator.kill_call()

    result = await call(
        "Can you help me with my bill?",
        Turn(text="When do I have to pay it?", language="en-IN", wait_seconds=8),
        on_event=kill_after_the_first_answer,
    )

    assert result.good, result.errors
    died, resumed = operator.events("call.process_died")[-1], operator.events("call.resumed")[-1]
    assert (resumed["reason"], resumed["turns"]) == ("crashed", 1)
    assert seconds_between(died, resumed) < 6, "a new agent within 3 s is the promise"
    assert any("cut off" in text or "I'm back" in text for text in said_after(result, killed["at"])), result.transcript
    back = min(start for start, _ in result.agent_audio if start > killed["at"])
    assert back - killed["at"] < 6
    asked = [event for event in await sandbox.seen() if event["provider"] == "llm" and event.get("messages")]
    assert asked[-1]["messages"] >= 6, f"the model was not told the conversation: {asked[-1]}"


async def test_a_process_that_ended_its_call_by_itself_is_not_replaced(operator, call):
    before = len(operator.events("call.rescued"))

    result = await call()

    assert result.good, result.errors
    assert result.ended_by == "agent"
    assert len(operator.events("call.rescued")) == before


async def test_a_call_whose_agents_keep_dying_is_ended_after_two_replacements(operator, call):
    """Pins the trap that a call which crashes its process at start would be dispatched for ever."""
    before = len(operator.events("call.rescued"))
    seen = {operator.last_call_pid()} if operator.events("call.started") else set()

    async def kill_three_times(turn):
        for _ in range(3):
            await operator.until(lambda: operator.last_call_pid() not in seen)
            await operator.until(lambda: operator.events("call.started")[-1]["job_id"] in operator.greeted())
            seen.add(operator.last_call_pid())
            operator.kill_call()

    result = await call("Hello?", goodbye=False, before_turn=kill_three_times)

    assert len(operator.events("call.rescued")) == before + 2
    assert "agents were lost before" in operator.events("call.lost")[-1]["why"]
    assert result.errors, "the caller was left in a room without an agent"
    assert result.ended_by == "agent"


def seconds_between(first, second):
    from datetime import datetime

    return (datetime.fromisoformat(second["timestamp"]) - datetime.fromisoformat(first["timestamp"])).total_seconds()
