"""A whole worker that is killed, parent and calls: the other workers bring its callers a new agent."""

import asyncio

import pytest

from sandbox.caller import Patience, Turn
from tests.recovery.conftest import longest_silence

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(200)]
SILENCE_SECONDS = 30.0


async def test_the_calls_of_a_killed_worker_go_on_with_another_within_30_s(sandbox, operator, call):
    """Pins the trap that nobody notices a dead machine: its callers would wait in silence, for ever."""
    await sandbox.start_worker("worker-peer")
    killed, rooms = {}, {}

    def kill_its_machine(event):
        if event.kind == "connected":
            rooms["room"] = event.data["room"]
        elif event.kind == "turn_done" and event.turn == 0:
            killed["name"] = "worker" if operator.carries("worker", rooms["room"]) else "worker-peer"
            killed["at"] = event.at_seconds
            operator.kill_machine(killed["name"])

    try:
        # Longer than the promise, so that the caller is silent when the new agent comes.
        result = await call(
            "Can you help me with my bill?",
            Turn(text="When do I have to pay it?", language="en-IN", wait_seconds=SILENCE_SECONDS),
            patience=Patience(agent_return_seconds=SILENCE_SECONDS),
            on_event=kill_its_machine,
        )
        survivor = "worker-peer" if killed["name"] == "worker" else "worker"
        agents = [event for event in operator.events("call.resumed", survivor) if event.get("room") == rooms["room"]]
    finally:
        await asyncio.gather(*(sandbox.processes[name].stop() for name in ("worker", "worker-peer")))

    assert result.good, result.errors
    assert [(agent["reason"], agent["turns"]) for agent in agents] == [("lost", 1)], "one agent, and one only"
    assert longest_silence(result, killed["at"]) < SILENCE_SECONDS
