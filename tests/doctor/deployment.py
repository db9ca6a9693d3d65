"""A deployment to examine, all on loopback and in this process: LiveKit without media, the providers' stand-ins, and
what the operator runs (a token endpoint, a webhook's receiver, a worker's health). Each may be made ill."""

import asyncio
import itertools
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import jwt
from aiohttp import web

from doctor.checking import run
from doctor.checks import CHECKS
from doctor.surroundings import CallSeen, Surroundings
from records.engine import new_engine, upgrade
from sandbox.caller.settings import CallerSettings
from sandbox.control.endpoint import READY
from sandbox.control.untrusted_certificate import server_context
from sandbox.control.vendor import SCOPES
from sandbox.server import create_app
from tests.doctor.fake_livekit import KEY, SECRET, FakeLiveKit
from worker.environment import load_settings

WELL = CallSeen(connected=True, transport="udp", agent_seconds=0.4, greeting_seconds=0.6)
WEBHOOK_SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS13ZWJob29rLTMyLWJ5dGVzIQ=="
_numbers = itertools.count()


def minted(key=KEY, secret=SECRET, agent="vaani"):
    claims = {"iss": key, "sub": "caller", "exp": int(time.time()) + 600, "video": {"roomJoin": True, "room": "r"}}
    return jwt.encode(claims | {"roomConfig": {"agents": [{"agentName": agent}]}}, secret, algorithm="HS256")


@dataclass
class Deployment:
    """What a seed changes; well as it is built."""

    sandbox_url: str
    scopes: object
    folder: object
    livekit: FakeLiveKit = field(default_factory=FakeLiveKit)
    environ: dict = field(default_factory=dict)
    call: CallSeen = WELL
    hanging: tuple = ()
    nameless: tuple = ()
    clock_ahead_seconds: float = 0.0
    token_status: int = 201
    token_says: dict = field(default_factory=dict)
    webhook_status: int = 204
    health: dict | None = None
    hooked: list = field(default_factory=list)
    send_webhook: bool = False
    bad_tls: int = 0
    mute: int = 0
    key: str = field(default_factory=lambda: f"sandbox-key-{next(_numbers)}")

    def __post_init__(self):
        self.folder = self.folder / self.key
        self.folder.mkdir()
        self.scope = self.scopes.get_or_create(self.key)
        self.scope.patch({"llm_first_token_seconds": 0.01, "tts_first_byte_seconds": 0.01, "tts_realtime_factor": 0})

    def fault(self, provider, name, **more):
        self.scope.patch({"faults": [{"provider": provider, "fault": name, **more}]})

    def moves(self, **catalogue):
        self.scope.patch({"catalogue": catalogue})

    def slow(self, **seconds):
        self.scope.patch(seconds)

    @asynccontextmanager
    async def surroundings(self):
        async with AsyncExitStack() as stack:
            port = await served(stack, self.livekit.app())
            operator = await served(stack, self._operator())
            database = self.folder / f"{self.key}.db"
            database.write_bytes(self.folder.parent.joinpath("well.db").read_bytes())
            environ = {
                "LIVEKIT_URL": f"ws://127.0.0.1:{port}", "LIVEKIT_API_KEY": KEY, "LIVEKIT_API_SECRET": SECRET,
                "SARVAM_API_KEY": self.key, "SARVAM_BASE_URL": self.sandbox_url,
                "OPENAI_API_KEY": self.key, "OPENAI_BASE_URL": f"{self.sandbox_url}/v1",
                "WORKER_HEALTH_PORT": str(operator), "CALL_TOKEN_URL": f"http://127.0.0.1:{operator}/token",
                "WORKER_RECORDS_URL": f"sqlite+aiosqlite:///{database}",
                "WORKER_OUTCOME_WEBHOOK_URL": f"http://127.0.0.1:{operator}/hook",
                "STT_CONNECT_SECONDS": "20", "TTS_FIRST_BYTE_SECONDS": "20", "LLM_FIRST_TOKEN_SECONDS": "20",
                "WORKER_OUTCOME_WEBHOOK_SECRET": WEBHOOK_SECRET, "WORKER_OUTCOME_WEBHOOK_INSECURE": "true",
            } | self.environ  # fmt: skip
            environ = {name: value.replace("{operator}", str(operator)) for name, value in environ.items()}
            self.scope.queue.clear()
            await self._told("good morning how are you")
            http = await stack.enter_async_context(aiohttp.ClientSession())
            yield Surroundings(
                load_settings({name: value for name, value in environ.items() if not name.startswith("CALL_")}),
                http, self._join, CallerSettings.from_environment(environ), now=self._now, resolve=self._resolve,
                send_webhook=self.send_webhook,
            )  # fmt: skip

    async def examined(self, checks=CHECKS):
        """Every check's result, by name."""
        async with self.surroundings() as around:
            self.around = around
            return {result.name: result for result in await run(checks, around, lambda _: None)}

    async def _told(self, text):
        async with aiohttp.ClientSession() as http:
            url = f"{self.sandbox_url}/control/scopes/{self.key}/transcripts"
            async with http.post(url, json={"transcripts": [{"text": text, "language": "en-IN"}]}) as answer:
                assert answer.status == 200

    async def _join(self, url, join_token):
        return self.call

    def _now(self):
        return time.time() + self.clock_ahead_seconds

    async def _resolve(self, host):
        if host in self.hanging:
            await asyncio.Event().wait()
        if host in self.nameless:
            raise OSError(-2, "Name or service not known")
        return ["192.0.2.7"]

    def _operator(self):
        async def token(_):
            if self.token_status != 201:
                error = {"code": "unauthenticated", "message": "no identity", "field": None}
                return web.json_response({"error": error}, status=self.token_status)
            url = self.around.settings.livekit.url
            return web.json_response({"server_url": url, "participant_token": minted()} | self.token_says, status=201)

        async def hook(request):
            self.hooked.append((request.method, request.headers.copy(), await request.text()))
            return web.Response(status=self.webhook_status)

        async def health(_):
            return web.json_response(self.health) if self.health else web.Response(status=404)

        app = web.Application()
        app.add_routes([web.post("/token", token), web.route("*", "/hook", hook), web.get("/", health)])
        return app


async def served(stack, app):
    """The port at which an application is served until the stack is left."""
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner.addresses[0][1]


@asynccontextmanager
async def stand_ins(folder):
    """The providers' stand-ins, without the recogniser that takes seconds to load: they are told what they hear.

    Beside the folders of deployments, a database of this release is made, for all to copy: one upgrade at a time.
    """
    engine = new_engine(f"sqlite+aiosqlite:///{folder / 'well.db'}")
    await upgrade(engine)
    await engine.dispose()
    app = create_app()
    app.on_startup.clear()
    app.on_cleanup.clear()
    app[READY].set()
    async with AsyncExitStack() as stack:
        port = await served(stack, app)
        yield f"http://127.0.0.1:{port}", app[SCOPES]


async def mute_port(stack):
    """A port that takes connections and never says a word."""
    gone = asyncio.Event()

    async def listens(_, writer):
        await gone.wait()
        writer.close()

    server = await asyncio.start_server(listens, "127.0.0.1", 0)
    stack.callback(server.close)
    stack.callback(gone.set)
    return server.sockets[0].getsockname()[1]


async def bad_tls_port(stack):
    """A port with a certificate that nobody trusts."""

    async def never(_, writer):
        writer.close()

    server = await asyncio.start_server(never, "127.0.0.1", 0, ssl=server_context())
    stack.callback(server.close)
    return server.sockets[0].getsockname()[1]
