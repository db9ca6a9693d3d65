"""The smallest stack that the page can call: a real livekit-server, the sandbox's control endpoint, a token endpoint.

For the states that a healthy worker and token function do not produce on demand: refusals, no agent, a restart.
"""

import asyncio
import contextlib
import os
import socket
import uuid
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from livekit import api
from page_agent import PageAgent

from sandbox import web_files
from sandbox.control import endpoint
from sandbox.control.scopes import Scopes
from sandbox.control.vendor import SCOPES, refusals
from sandbox.stack.livekit_server import configuration, find_server
from sandbox.stack.processes import Process, free_port
from sandbox.web_routes import add_web_routes

KEY, SECRET = "devkey", "a-secret-of-more-than-thirty-two-characters"
SCOPE = "sandbox-page"
ORIGIN_HEADERS = {
    "Access-Control-Allow-Headers": "Content-Type, Authorization",
    "Access-Control-Allow-Methods": "POST, OPTIONS",
}


class LivekitServer:
    """A livekit-server that keeps its ports, so that a test can restart it under a running call."""

    def __init__(self, folder):
        self.port = free_port()
        self.url = f"ws://127.0.0.1:{self.port}"
        config = folder / "livekit.yaml"
        config.write_text(configuration(self.port, free_port(socket.SOCK_DGRAM), KEY, SECRET), encoding="utf-8")
        command = [str(find_server()), "--config", str(config)]
        self._process = Process("livekit-server", command, folder / "livekit.log", dict(os.environ), folder)

    async def start(self):
        await self._process.start()
        async with aiohttp.ClientSession() as http:
            await self._process.until(lambda: self._answers(http), 15)

    async def _answers(self, http):
        with contextlib.suppress(aiohttp.ClientError):
            async with http.get(f"http://127.0.0.1:{self.port}/"):
                return True
        return False

    async def stop(self):
        await self._process.stop(grace_seconds=0)  # as a crash: what is under way is not ended in order


class PageStack:
    """Addresses of the parts, and what a test may change about them."""

    def __init__(self, folder):
        self.livekit = LivekitServer(folder)
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
        # The worker lets a caller set attributes where consent is asked; this agent asks for itself.
        grants = api.VideoGrants(room_join=True, room=room, can_update_own_metadata=True)
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
async def page_stack(folder):
    stack = PageStack(folder)
    await stack.livekit.start()
    token_app = web.Application()
    token_app.router.add_route("*", "/{path:.*}", stack.answer_token_request)
    stack.page_app[SCOPES] = Scopes()
    endpoint.install(stack.page_app)
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
