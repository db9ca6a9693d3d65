"""SIGTERM in mid-call: another worker goes on with the conversation; without another, the caller is told."""

import signal

import pytest

from sandbox.caller import Turn
from tests.recovery.conftest import longest_silence, said_after

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(150)]
SILENCE_SECONDS = 1.5


async def test_a_call_is_handed_over_with_its_conversation_and_without_a_pause(sandbox, operator, call):
    other = await sandbox.start_worker("worker-other")
    stopped = {}

    def stop_its_worker(event):
        if event.kind == "turn_started" and event.turn == 1:
            room = result_room["room"]
            stopped["name"] = "worker" if operator.carries("worker", room) else "worker-other"
            stopped["at"] = event.at_seconds
            sandbox.processes[stopped["name"]].signal(signal.SIGTERM)
        elif event.kind == "connected":
            result_room["room"] = event.data["room"]

    result_room = {}
    try:
        result = await call(
            "Can you help me with my bill?",
            "When do I have to pay it?",
            "And how much is it?",
            on_event=stop_its_worker,
        )
        assert await sandbox.processes[stopped["name"]].wait(20) == 0
    finally:
        await other.stop()

    taker = "worker-other" if stopped["name"] == "worker" else "worker"
    assert result.good, result.errors
    assert operator.events("call.handover", stopped["name"])[-1]["outcome"] == "done"
    resumed = operator.events("call.resumed", taker)[-1]
    assert resumed["reason"] == "handover"
    assert resumed["turns"] >= 1
    # The last answer comes from the other worker: as fast as any, and with nothing said twice.
    assert result.turns[2].voice_to_voice_seconds < 2 * (SILENCE_SECONDS + 1.0)
    assert said_after(result, 0)[0].startswith("Hello")
    assert not any(text.startswith("Hello, this is") for text in said_after(result, stopped["at"])), "greeted again"
    assert longest_silence(result, stopped["at"]) < 2 * (SILENCE_SECONDS + 1.0)


async def test_without_another_worker_the_caller_hears_an_apology_and_the_call_ends(sandbox, operator, call):
    def stop(event):
        if event.kind == "turn_done" and event.turn == 0:
            sandbox.processes["worker"].signal(signal.SIGTERM)

    result = await call(
        "Can you help me with my bill?", Turn(text="Hello?", language="en-IN", wait_seconds=20), goodbye=False,
        on_event=stop,
    )  # fmt: skip

    assert await sandbox.processes["worker"].wait(20) == 0
    assert operator.events("call.handover")[-1]["outcome"] == "nobody_came"
    assert any("Please call again" in text for text in said_after(result, 0)), result.transcript
    assert result.ended_by == "agent"
