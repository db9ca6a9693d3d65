"""A real livekit-server, a token endpoint, and an agent made of tones whose timing is known exactly."""

import asyncio
import contextlib
import secrets

import pytest
from aiohttp import web

from sandbox.caller import JoinToken
from sandbox.stack.processes import free_port
from tests.caller.tone_agent import API_KEY, API_SECRET, ToneAgentProcess, mint
from tests.livekit_server import LiveKitServer


@pytest.fixture(scope="session")
def livekit_server(tmp_path_factory):
    """Its ws:// address."""
    server = LiveKitServer(tmp_path_factory.mktemp("livekit"), API_KEY, API_SECRET)
    server.start()
    yield server.url
    server.stop()


@pytest.fixture
def join_room(livekit_server):
    """A token for a caller to a room, without any endpoint."""

    def join(room_name, *, secret=API_SECRET):
        return JoinToken(livekit_server, mint(room_name, "caller", secret=secret))

    return join


@pytest.fixture
def room_name():
    return f"room-{secrets.token_hex(4)}"


@pytest.fixture
async def tone_agent(livekit_server):
    """Send one into a room; what it did can be read from what is returned."""
    running = []

    async def start(room_name, **options):
        running.append(agent := ToneAgentProcess())
        await agent.start(url=livekit_server, room_name=room_name, **options)
        return agent

    yield start
    await asyncio.gather(*(agent.stop() for agent in running))


@pytest.fixture
async def token_endpoint(livekit_server, room_name):
    """The standard contract with a real signature. `endpoint.room` is the room, `endpoint.requests` what was asked."""

    class Endpoint:
        room = room_name
        status, reply = 201, None
        url = ""

        def __init__(self):
            self.requests = []

    endpoint = Endpoint()

    async def answer(request):
        endpoint.requests.append((request.method, request.path, dict(request.headers), await request.read()))
        token = mint(endpoint.room, f"caller-{len(endpoint.requests)}")
        ok = {"server_url": livekit_server, "participant_token": token}
        return web.json_response(ok if endpoint.reply is None else endpoint.reply, status=endpoint.status)

    async with serving(answer) as url:
        endpoint.url = f"{url}/token"
        yield endpoint


@contextlib.asynccontextmanager
async def serving(handler):
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
def closed_port():
    """A port that nothing listens on."""
    return free_port()


@pytest.fixture
def served():
    """`async with served(handler) as url`."""
    return serving
