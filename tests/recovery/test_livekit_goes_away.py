"""livekit-server restarted in mid-call: the worker says so, comes back by itself, and takes calls again."""

import asyncio

import aiohttp
import pytest
from livekit import api

from sandbox.caller import Turn
from tests.recovery.conftest import until_health
from worker.recovery.rooms import people_in

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(150)]


async def health(stack, path=""):
    async with stack.http.get(stack.health_url() + path, timeout=aiohttp.ClientTimeout(total=10)) as reply:
        return reply.status, await reply.json()


async def speakers(stack):
    """Those with a track in any room."""
    url = stack.livekit_url.replace("ws:", "http:")
    async with api.LiveKitAPI(url, stack.api_key, stack.api_secret) as livekit:
        rooms = (await livekit.room.list_rooms(api.ListRoomsRequest())).rooms
        return [person for room in rooms for person in await people_in(livekit, room.name) if person.tracks]


async def test_health_follows_the_registration_and_calls_are_taken_again(sandbox, call):
    """Pins the trap that the framework's health endpoint says 200 while the worker gets no calls.

    And an agent that was deaf from then on, in three restarts of five: it had asked for the caller's sound before its
    connection was whole again.
    """
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
            async with asyncio.timeout(20):
                while len(await speakers(sandbox)) < 2:  # caller and agent
                    await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.1)

    interrupted = await call(
        "Can you help me with my bill?", Turn(text="Hello?", language="en-IN", wait_seconds=1), goodbye=False,
        before_turn=restart_livekit,
    )  # fmt: skip
    await until_health(sandbox, 200)
    again = await call("Can you help me with my bill?")

    assert seen["live"][0] == 200
    assert interrupted.turns[1].answered, interrupted.errors
    assert again.good, again.errors
    assert sandbox.processes["worker"].exit_code is None
