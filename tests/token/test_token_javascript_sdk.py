"""LiveKit's JavaScript SDK fetches tokens from the function, and the real server lets their bearers in."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import time
from pathlib import Path

import jwt
import pytest
from livekit import api, rtc

from sandbox.stack.served_function import ServedFunction
from tests.needs import missing
from tests.token.claims import agent_of
from tests.token.environment import ANONYMOUS, BASE_ENV, LIVEKIT_SECRET, leak_in

ROOT = Path(__file__).resolve().parents[2]
SDK = ROOT / "sandbox" / "web" / "node_modules" / "livekit-client" / "dist" / "livekit-client.esm.mjs"


@pytest.fixture(scope="module")
def served(livekit_server, tmp_path_factory):
    env = {**BASE_ENV, **ANONYMOUS, "LIVEKIT_URL": livekit_server.url}
    function = ServedFunction(tmp_path_factory.mktemp("served"), ROOT / "functions" / "token" / "main.py", env)
    yield function
    function.stop()
    assert not leak_in(function.output())


@pytest.fixture(scope="module")
def fetched(served):
    node = shutil.which("node")
    if node is None:
        missing("Node is missing: apt-get install nodejs (version 20 or newer)")
    assert SDK.is_file(), "livekit-client is missing: npm ci --prefix sandbox/web"
    script = Path(__file__).with_name("token_source.mjs")
    command = [node, str(script), str(SDK), served.url, json.dumps({"X-Custom": "1"})]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def claims(case):
    return jwt.decode(case["participantToken"], LIVEKIT_SECRET, algorithms=["HS256"], leeway=60)


def test_it_reads_our_reply_with_and_without_an_agents_name(fetched, livekit_server):
    for case in ("plain", "agent", "everything"):
        assert fetched[case]["serverUrl"] == livekit_server.url
        assert agent_of(claims(fetched[case]))[0] == "vaani"


def test_its_options_arrive_in_the_token(fetched):
    everything = claims(fetched["everything"])
    assert (everything["name"], everything["attributes"]) == ("आशा", {"language": "hi-IN"})


def test_it_keeps_a_token_until_it_expires(fetched):
    """Pins: with nbf in the future of a slow clock, or a short life, it would fetch before every use."""
    assert fetched["cached"] is True


def test_it_shows_our_refusals_to_the_developer(fetched):
    assert "403" in fetched["otherAgent"]["error"]
    assert "agent_not_allowed" in fetched["otherAgent"]["error"]
    assert "room_config.agents[0].metadata" in fetched["agentMetadata"]["error"]


@pytest.mark.parametrize("case", ["plain", "agent", "everything"])
def test_the_real_server_would_let_the_bearer_join(fetched, livekit_server, case):
    assert livekit_server.validate(fetched[case]["participantToken"]) == (200, "success")


def test_the_real_server_refuses_the_token_once_it_has_been_changed(fetched, livekit_server):
    header, payload, signature = fetched["plain"]["participantToken"].split(".")
    assert livekit_server.validate(f"{header}.{payload}.{signature[::-1]}")[0] == 401


async def test_a_fetched_token_joins_with_a_microphone_only_and_calls_for_our_agent(fetched, livekit_server):
    case = fetched["everything"]
    identity, room_name = claims(case)["sub"], claims(case)["video"]["room"]
    room = rtc.Room()
    async with asyncio.timeout(20), api.LiveKitAPI(livekit_server.http_url, "devkey", LIVEKIT_SECRET) as server:
        await room.connect(case["serverUrl"], case["participantToken"])
        try:
            assert room.name == room_name
            me = await server.room.get_participant(api.RoomParticipantIdentity(room=room_name, identity=identity))
            assert (me.name, dict(me.attributes)) == ("आशा", {"language": "hi-IN"})
            assert list(me.permission.can_publish_sources) == [api.TrackSource.MICROPHONE]
            assert not me.permission.can_publish_data
            assert not me.permission.can_update_metadata
            dispatches = await server.agent_dispatch.list_dispatch(room_name)
            assert [dispatch.agent_name for dispatch in dispatches] == ["vaani"]
        finally:
            await room.disconnect()


def test_the_server_accepts_a_token_minted_for_a_clock_that_is_a_minute_off(livekit_server, build):
    reply = build(LIVEKIT_URL=livekit_server.url).post("/")
    token = reply.get_json()["participant_token"]
    assert livekit_server.validate(token)[0] == 200
    assert jwt.decode(token, options={"verify_signature": False})["nbf"] <= time.time() - 59
