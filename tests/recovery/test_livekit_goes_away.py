"""livekit-server restarted in mid-call: the worker says so, comes back by itself, and takes calls again."""

import aiohttp
import pytest

from sandbox.caller import Turn
from tests.recovery.conftest import until_health

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(150)]


async def health(stack, path=""):
    async with stack.http.get(stack.health_url() + path, timeout=aiohttp.ClientTimeout(total=10)) as reply:
        return reply.status, await reply.json()


async def test_health_follows_the_registration_and_calls_are_taken_again(sandbox, call):
    """Pins the trap that the framework's health endpoint says 200 while the worker gets no calls."""
    well = {
        "status": "ok",
        "registered": True,
        "calls": 0,
        "most_calls": 20,
        "takes_calls": True,
        "agent_name": "vaani",
    }
    status, said = await health(sandbox)
    assert status == 200
    assert said == well | {name: said[name] for name in ("loop_lag_p99_ms", "cpu_share")}
    seen = {}

    async def restart_livekit(turn):
        if turn == 1:
            await sandbox.processes["livekit-server"].stop()
            await until_health(sandbox, 503)
            seen["live"] = await health(sandbox, "live")
            await sandbox.start_livekit()

    interrupted = await call(
        "Can you help me with my bill?", Turn(text="Hello?", language="en-IN", wait_seconds=1), goodbye=False,
        before_turn=restart_livekit,
    )  # fmt: skip
    await until_health(sandbox, 200)
    # What the interrupted caller said was not heard; the next caller must not be taken to have said it.
    await sandbox.http.delete(f"{sandbox.sandbox_url}/control/scopes/{sandbox.options.scope}")
    await sandbox.configure()
    again = await call("Can you help me with my bill?")

    assert seen["live"][0] == 200
    answered = len(interrupted.turns) == 2 and interrupted.turns[1].voice_to_voice_seconds is not None
    assert interrupted.errors or answered, "the caller was neither told that the call is over nor reconnected"
    assert again.good, again.errors
    assert sandbox.processes["worker"].exit_code is None
