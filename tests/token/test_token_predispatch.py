"""TOKEN_PREDISPATCH: the agent is asked for ahead of the caller, never twice, and never at the caller's expense."""

from __future__ import annotations

import asyncio
import json
import threading
import time

import jwt
import pytest
from join_token import predispatch
from livekit import api, rtc

from sandbox.services.http_on_loopback import running_http
from tests.token.claims import agent_of, claims_of
from tests.token.environment import ANONYMOUS, HMAC, LIVEKIT_SECRET
from tests.token.test_token_hmac import signed


class DispatchApi:
    """LiveKit's dispatch API, answering as a test wants."""

    def __init__(self):
        self.asked = []
        self.status = 200
        self.may_answer = threading.Event()
        self.may_answer.set()

    def handle(self, method, path, headers, body):
        self.asked.append((method, path, headers, json.loads(body)))
        self.may_answer.wait(5)
        return self.status, {"Content-Type": "application/json"}, b"{}"


@pytest.fixture
def livekit():
    stand_in = DispatchApi()
    with running_http(stand_in.handle) as url:
        stand_in.url = url.replace("http://", "ws://")
        yield stand_in
        stand_in.may_answer.set()


def ahead(build, livekit, env=ANONYMOUS, **more):
    return build(env, LIVEKIT_URL=livekit.url, TOKEN_PREDISPATCH="true", **more)


def test_the_agent_is_asked_for_in_the_room_of_the_token(build, livekit):
    claims = claims_of(ahead(build, livekit, AGENT_NAME="vaani-7").post("/"))
    ((method, path, headers, body),) = livekit.asked
    assert (method, path) == ("POST", "/twirp/livekit.AgentDispatchService/CreateDispatch")
    metadata = json.loads(body.pop("metadata"))
    assert body == {"room": claims["video"]["room"], "agent_name": "vaani-7"}
    assert set(metadata) == {"at", "caller", "ahead"}
    assert metadata["ahead"] is True
    assert metadata["at"] == pytest.approx(time.time(), abs=5)
    ours = jwt.decode(headers["Authorization"].removeprefix("Bearer "), LIVEKIT_SECRET, algorithms=["HS256"], leeway=60)
    assert ours["video"] == {"roomAdmin": True, "room": claims["video"]["room"]}


def test_the_token_still_names_the_agent_for_a_caller_who_comes_late(build, livekit):
    """LiveKit reads it only when the join creates the room: after the waiting agent has closed the first one."""
    claims = claims_of(ahead(build, livekit).post("/"))
    name, metadata = agent_of(claims)
    assert (name, set(metadata)) == ("vaani", {"at", "caller"})


def test_a_slow_api_costs_300_ms_and_its_room_is_given_up(build, livekit, capsys):
    """Pins: the slow request may still arrive; with its room in the token, two agents would answer one caller."""
    client = ahead(build, livekit)
    livekit.may_answer.clear()
    started = time.monotonic()
    claims = claims_of(client.post("/"))
    assert time.monotonic() - started < predispatch.BUDGET_SECONDS + 0.5
    assert claims["video"]["room"] != livekit.asked[0][3]["room"]
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["predispatch"] == "too_slow"


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_a_refusal_is_harmless_and_its_room_is_given_up(build, livekit, status):
    livekit.status = status
    reply = ahead(build, livekit).post("/")
    assert reply.status_code == 201
    assert claims_of(reply)["video"]["room"] != livekit.asked[0][3]["room"]


def test_a_closed_port_is_harmless(build):
    reply = build(LIVEKIT_URL="ws://127.0.0.1:9", TOKEN_PREDISPATCH="true").post("/")
    assert reply.status_code == 201


def test_one_connection_serves_many_requests(build, livekit):
    client = ahead(build, livekit)
    for _ in range(3):
        assert client.post("/").status_code == 201
    assert len({room for *_, body in livekit.asked for room in [body["room"]]}) == 3


def test_a_room_that_the_caller_chose_gets_no_agent_ahead(build, livekit):
    """It may have one already, and CreateDispatch twice is two agents."""
    client = ahead(build, livekit, HMAC, TOKEN_CLIENT_FIELDS="room_name")
    body = b'{"room_name":"order-9"}'
    reply = client.post("/", data=body, content_type="application/json", headers=signed(body=body))
    assert reply.status_code == 201
    assert livekit.asked == []


def test_a_refused_request_sends_nobody(build, livekit):
    assert ahead(build, livekit).post("/", json={"room_config": {"egress": {}}}).status_code == 400
    assert livekit.asked == []


def test_callers_beyond_the_first_eight_do_not_queue(build, livekit, capsys):
    client = ahead(build, livekit)
    livekit.may_answer.clear()
    app = client.application
    threads = [threading.Thread(target=lambda: app.test_client().post("/")) for _ in range(12)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert time.monotonic() - started < 3
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    outcomes = [line["predispatch"] for line in lines if line["event"] == "token.request"]
    assert len(outcomes) == 12
    assert set(outcomes) <= {"too_slow", "busy", "failed_TimeoutError"}
    assert "busy" in outcomes


async def test_the_real_server_sends_one_agent_before_and_after_the_caller_joins(build, livekit_server):
    """Pins: roomConfig.agents in the token must not become a second dispatch in the room that exists already."""
    client = build(LIVEKIT_URL=livekit_server.url, TOKEN_PREDISPATCH="true")
    client.post("/")  # opens the connection, which is not what is measured here
    reply = client.post("/")
    room_name = claims_of(reply)["video"]["room"]

    async def our_dispatches():
        found = await server.agent_dispatch.list_dispatch(room_name)
        return [dispatch.agent_name for dispatch in found if dispatch.agent_name]

    room = rtc.Room()
    async with asyncio.timeout(20), api.LiveKitAPI(livekit_server.http_url, "devkey", LIVEKIT_SECRET) as server:
        assert await our_dispatches() == ["vaani"]
        await room.connect(livekit_server.url, reply.get_json()["participant_token"])
        try:
            assert await our_dispatches() == ["vaani"]
        finally:
            await room.disconnect()
