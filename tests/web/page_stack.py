"""The smallest stack that the page can call: a real livekit-server, the sandbox's control endpoint, a token endpoint.

For the states that a healthy worker and token function do not produce on demand: refusals, no agent, a restart.
"""

import asyncio
import contextlib
import json
import os
import shutil
import socket
import uuid
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import web
from livekit import api
from page_agent import PageAgent

from sandbox import control, web_files
from sandbox.scopes import Scopes
from sandbox.vendor import SCOPES, refusals
from sandbox.web_routes import add_web_routes

ROOT = Path(__file__).parents[2]
KEY, SECRET = "devkey", "a-secret-of-more-than-thirty-two-characters"
SCOPE = "sandbox-page"
ORIGIN_HEADERS = {
    "Access-Control-Allow-Headers": "Content-Type, Authorization",
    "Access-Control-Allow-Methods": "POST, OPTIONS",
}


def livekit_server_binary():
    built = (os.environ.get("LIVEKIT_SERVER_BIN"), ROOT / ".cache/go-bin/server", ROOT / ".cache/go-bin/livekit-server")
    found = next((str(path) for path in built if path and Path(path).is_file()), None)
    return found or shutil.which("livekit-server")


class LivekitServer:
    """A livekit-server that keeps its ports, so that a test can restart it under a running call."""

    def __init__(self):
        self.port, self.udp_port = _free_port(), _free_port()
        self.url = f"ws://127.0.0.1:{self.port}"
        self.process = None

    async def start(self):
        config = {
            "port": self.port, "bind_addresses": ["127.0.0.1"], "development": True, "keys": {KEY: SECRET},
            "rtc": {"use_external_ip": False, "node_ip": "127.0.0.1", "enable_loopback_candidate": True,
                    "interfaces": {"includes": ["lo"]}, "udp_port": self.udp_port, "tcp_port": 0},
            "logging": {"level": "warn"},
        }  # fmt: skip
        self.process = await asyncio.create_subprocess_exec(
            livekit_server_binary(),
            env={**os.environ, "LIVEKIT_CONFIG": json.dumps(config)},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(15), aiohttp.ClientSession() as http:
            while not await self._answers(http):
                assert self.process.returncode is None, "livekit-server stopped at once"

    async def _answers(self, http):
        with contextlib.suppress(aiohttp.ClientError):
            async with http.get(f"http://127.0.0.1:{self.port}/"):
                return True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.process.wait(), 0.05)  # its end is news too
        return False

    async def stop(self):
        if self.process and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


class PageStack:
    """Addresses of the parts, and what a test may change about them."""

    def __init__(self):
        self.livekit = LivekitServer()
        self.agents = []
        self.page_app = web.Application(middlewares=[refusals])
        self.page_url = self.token_url = ""
        self.reset()

    def reset(self):
        self.agent_comes = True
        self.refusal = None  # (status, code, message)
        self.cors = True
        self.token_requests = []

    @property
    def scope(self):
        return self.page_app[SCOPES].get_or_create(SCOPE)

    @property
    def agent(self):
        return self.agents[-1][0]

    async def answer_token_request(self, request):
        headers = (
            {**ORIGIN_HEADERS, "Access-Control-Allow-Origin": request.headers.get("Origin", "")} if self.cors else {}
        )
        if request.method == "OPTIONS":
            return web.Response(status=204, headers=headers)
        authorization = request.headers.get("Authorization")
        self.token_requests.append({"authorization": authorization, "body": await request.json()})
        if self.refusal:
            status, code, message = self.refusal
            error = {"code": code, "message": message, "field": None}
            return web.json_response({"error": error}, status=status, headers=headers)
        room = f"room-{uuid.uuid4().hex}"
        grants = api.VideoGrants(room_join=True, room=room)
        token = api.AccessToken(KEY, SECRET).with_identity(f"caller-{uuid.uuid4().hex[:8]}").with_grants(grants)
        if self.agent_comes:
            self.send_agent(room)
        reply = {"server_url": self.livekit.url, "participant_token": token.to_jwt()}
        return web.json_response(reply, status=201, headers=headers)

    def send_agent(self, room):
        agent = PageAgent(self.livekit.url, KEY, SECRET, room, self.scope.queue)
        self.agents.append((agent, asyncio.create_task(agent.run())))

    async def aclose(self):
        for agent, task in self.agents:
            task.cancel()
            await agent.leave()
        await self.livekit.stop()


@asynccontextmanager
async def page_stack():
    stack = PageStack()
    await stack.livekit.start()
    token_app = web.Application()
    token_app.router.add_route("*", "/{path:.*}", stack.answer_token_request)
    stack.page_app[SCOPES] = Scopes()
    control.install(stack.page_app)
    add_web_routes(stack.page_app)
    stack.page_app.router.add_get("/{path:.*}", web_files.serve)
    async with _serving(token_app) as stack.token_url, _serving(stack.page_app) as stack.page_url:
        os.environ["SANDBOX_TOKEN_ENDPOINT"] = stack.token_url
        os.environ["SANDBOX_PAGE_SCOPE"] = SCOPE
        try:
            yield stack
        finally:
            del os.environ["SANDBOX_TOKEN_ENDPOINT"], os.environ["SANDBOX_PAGE_SCOPE"]
            await stack.aclose()


@asynccontextmanager
async def _serving(app):
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


def _free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
