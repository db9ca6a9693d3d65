"""The stack as one thing: livekit-server, the stand-ins, the token function and a worker, on free loopback ports."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from sandbox.caller import Control
from sandbox.stack.livekit_server import HOW_TO_GET_IT, configuration, find_server
from sandbox.stack.processes import Process, ProcessFailed, free_port, python
from sandbox.stack.telephony import TelephoneNetwork, redis_command, sip_command, sip_configuration

ROOT = Path(__file__).parents[2]
PHRASE_CACHE = ROOT / ".cache" / "phrases"
START_SECONDS = 90.0
UDP_PARTS = ("livekit_udp", "sip")
OWN_PREFIXES = (
    "LIVEKIT_",
    "SARVAM_",
    "OPENAI_",
    "TOKEN_",
    "WORKER_",
    "STT_",
    "LLM_",
    "TTS_",
    "SANDBOX_",
    "AGENT_",
    "CALL_",
    "CONSOLE_",
    "OTEL_",
)


@dataclass(frozen=True)
class StackOptions:
    """What differs from the plain stack. Environments are laid over the defaults of their process."""

    scope: str = "sandbox-demo"
    worker: bool = True
    telephone: bool = False
    """Whether calls can come and go by telephone: Redis, and livekit-sip or its stand-in."""
    worker_environment: Mapping[str, str] = field(default_factory=dict)
    token_environment: Mapping[str, str] = field(default_factory=dict)
    sandbox_environment: Mapping[str, str] = field(default_factory=dict)
    livekit_secret: str | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    """Fixed ports by part: livekit, sandbox, token."""
    logs: Path | None = None
    """Where the processes' logs are kept; without it they go with the stack."""
    records: Path | None = None
    """Where the worker keeps what remains of calls, words included, and the console shows it; None keeps nothing."""
    on_progress: Callable[[str], None] = lambda _: None


class Stack:
    """Starts on entering, stops on leaving, whatever happened in between."""

    def __init__(self, options: StackOptions | None = None) -> None:
        self.options = options or StackOptions()
        self.api_key = "sandboxkey"
        self.api_secret = self.options.livekit_secret or secrets.token_hex(24)
        self._folder = Path(tempfile.mkdtemp(prefix="vaani-stack-"))
        self._ports = dict(self.options.ports)
        self.processes: dict[str, Process] = {}
        self._http: aiohttp.ClientSession | None = None

    # ---- addresses

    def port(self, part: str) -> int:
        """The port of a part; chosen free at first use."""
        if part not in self._ports:
            self._ports[part] = free_port(socket.SOCK_DGRAM if part in UDP_PARTS else socket.SOCK_STREAM)
        return self._ports[part]

    @property
    def livekit_url(self) -> str:
        return f"ws://127.0.0.1:{self.port('livekit')}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.port('sandbox')}"

    @property
    def token_url(self) -> str:
        return f"http://127.0.0.1:{self.port('token')}/"

    @property
    def console_url(self) -> str:
        return f"http://127.0.0.1:{self.port('console')}/"

    @property
    def control(self) -> Control:
        """For the scripted caller: where it tells the stand-in recogniser what it will hear."""
        return Control(self.sandbox_url, self.options.scope)

    @property
    def telephone(self) -> TelephoneNetwork:
        """Its numbers, and where a phone dials them."""
        assert self.options.telephone, "the stack has no telephone: StackOptions(telephone=True)"
        http_url = self.livekit_url.replace("ws:", "http:")
        return TelephoneNetwork(http_url, self.api_key, self.api_secret, ("127.0.0.1", self.port("sip")))

    @property
    def http(self) -> aiohttp.ClientSession:
        """A client for control requests, open as long as the stack."""
        assert self._http is not None, "the stack is not running"
        return self._http

    # ---- life

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession()
        try:
            await self.start()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def start(self) -> None:
        """Start all parts side by side and wait until a call can be placed."""
        self.options.on_progress("starting livekit-server, the stand-ins and the token function")
        if self.options.telephone:
            await self.start_redis()
        await asyncio.gather(self.start_livekit(), self.start_sandbox(), self.start_token())
        if self.options.telephone:
            await self.start_sip()
        if self.options.worker:
            self.options.on_progress("starting the worker")
            await self.start_worker()

    async def aclose(self) -> None:
        """Stop everything, workers first so that their calls end in order."""
        workers = [process for name, process in self.processes.items() if name.startswith("worker")]
        others = [process for process in self.processes.values() if process not in workers]
        await asyncio.gather(*(process.stop() for process in workers))
        await asyncio.gather(*(process.stop() for process in others))
        if self._http is not None:
            await self._http.close()
        if self.options.logs is not None:
            self.options.logs.mkdir(parents=True, exist_ok=True)
            for log in self._folder.glob("*.log"):
                shutil.copy(log, self.options.logs)
        shutil.rmtree(self._folder, ignore_errors=True)

    # ---- parts

    async def start_livekit(self) -> Process:
        """The SFU. Can be stopped and started again on the same port, to see calls survive or end."""
        binary = find_server()
        if binary is None:
            raise ProcessFailed("livekit-server", f"cannot be started: {HOW_TO_GET_IT}", self._folder / "none")
        config = self._folder / "livekit.yaml"
        redis_port = self.port("redis") if self.options.telephone else None
        ports = self.port("livekit"), self.port("livekit_udp")
        config.write_text(configuration(*ports, self.api_key, self.api_secret, redis_port))
        process = await self._start("livekit-server", [str(binary), "--config", str(config)], self._base())
        await process.until(lambda: self._answers(f"http://127.0.0.1:{self.port('livekit')}/"), START_SECONDS)
        return process

    async def start_redis(self) -> Process:
        """Redis, over which livekit-server and livekit-sip talk; it keeps nothing."""
        process = await self._start("redis", redis_command(self.port("redis")), self._base())
        await process.until(lambda: _accepts(self.port("redis")), START_SECONDS)
        return process

    async def start_sip(self) -> Process:
        """livekit-sip where there is one, else its stand-in."""
        config = self._folder / "sip.json"
        addresses = (self.livekit_url, self.port("redis"), self.port("sip"), self.port("sip_health"))
        config.write_text(sip_configuration(self.api_key, self.api_secret, *addresses))
        process = await self._start("livekit-sip", sip_command(config), self._base())
        await process.until(lambda: self._answers(f"http://127.0.0.1:{self.port('sip_health')}/"), START_SECONDS)
        return process

    async def start_sandbox(self) -> Process:
        """The stand-ins for Sarvam and OpenAI, the tool's endpoint, and the page."""
        environment = self._base() | {
            "SANDBOX_TOKEN_ENDPOINT": self.token_url,
            "SANDBOX_PAGE_SCOPE": self.options.scope,
            **self.options.sandbox_environment,
        }
        command = [python(), "-m", "sandbox", "serve", "--port", str(self.port("sandbox"))]
        process = await self._start("sandbox", command, environment)
        await process.until(lambda: self._answers(f"{self.sandbox_url}/control/health"), START_SECONDS)
        await self.configure()  # from now on the worker's key is a scope of its own
        return process

    async def start_token(self) -> Process:
        """The token function, as its users start it by hand."""
        environment = self._base() | {
            "LIVEKIT_URL": self.livekit_url,
            "LIVEKIT_API_KEY": self.api_key,
            "LIVEKIT_API_SECRET": self.api_secret,
            "TOKEN_AUTH": "none",
            "TOKEN_ALLOW_ANONYMOUS": "true",
            "TOKEN_RATE_PER_ADDRESS": "6000",
            "TOKEN_RATE_PER_CALLER": "6000",
            "TOKEN_ALLOWED_ORIGINS": self.sandbox_url,
            **self.options.token_environment,
        }
        source = str(ROOT / "functions" / "token" / "main.py")
        port = str(self.port("token"))
        command = [
            str(Path(python()).parent / "functions-framework"),
            *("--target=token", f"--source={source}", "--host=127.0.0.1", f"--port={port}"),
        ]
        process = await self._start("token function", command, environment)
        await process.until(lambda: self._answers(f"{self.token_url}health"), START_SECONDS)
        return process

    async def start_worker(
        self, name: str = "worker", environment: Mapping[str, str] | None = None, *, scope: str | None = None
    ) -> Process:
        """A worker; more than one may run under different names. Ready means registered with LiveKit."""
        key = scope or self.options.scope
        merged = self._base() | {
            "LIVEKIT_URL": self.livekit_url,
            "LIVEKIT_API_KEY": self.api_key,
            "LIVEKIT_API_SECRET": self.api_secret,
            "SARVAM_API_KEY": key,
            "OPENAI_API_KEY": key,
            "SARVAM_BASE_URL": self.sandbox_url,
            "OPENAI_BASE_URL": f"{self.sandbox_url}/v1",
            "WORKER_ORDERS_URL": self.sandbox_url,
            # The stand-in recogniser really recognises what it was not told, which takes it up to a second more.
            "WORKER_USUAL_LATENCY_SECONDS": "2",
            "WORKER_LIVEKIT_RUPEES_PER_MINUTE": "0",  # the server is our own
            # Everything else runs on this machine, too, and makes the worker late: it is to take calls all the same.
            "WORKER_LATE_SECONDS": "0",
            "WORKER_IDLE_PROCESSES": "2",  # nobody calls six times in one instant
            "WORKER_HEALTH_PORT": str(self.port(f"{name}_health")),
            "WORKER_PHRASE_CACHE_DIR": str(PHRASE_CACHE),
            **self._records(),
            **self.options.worker_environment,
            **(environment or {}),
        }
        process = await self._start(name, [python(), "-m", "worker", "start"], merged)
        await process.until_logged("worker.registered", START_SECONDS)
        return process

    async def start_console(self) -> Process:
        """The page for those who answer for the calls; a worker must have made the database."""
        environment = self._base() | self._records() | {"PORT": str(self.port("console"))}
        process = await self._start("console", [python(), "-m", "console"], environment)
        await process.until(lambda: self._answers(f"{self.console_url}health"), START_SECONDS)
        return process

    def _records(self) -> dict[str, str]:
        """What the worker and the console are told about records."""
        if (records := self.options.records) is None:
            return {}
        return {
            "WORKER_RECORDS_URL": f"sqlite+aiosqlite:///{records.absolute()}",
            "WORKER_RECORDS_WORDS": "true",
            "WORKER_OUTCOME": "on",
            "WORKER_RECORDS_SPOOL_DIR": str(records.absolute().parent / "spool"),
        }

    def health_url(self, worker: str = "worker") -> str:
        """The worker's health endpoint."""
        return f"http://127.0.0.1:{self.port(f'{worker}_health')}/"

    async def _start(self, name: str, command: list[str], environment: Mapping[str, str]) -> Process:
        log = self._folder / f"{name.replace(' ', '-')}.log"
        process = Process(name, command, log, environment, ROOT)
        self.processes[name] = process
        await process.start()
        return process

    def _base(self) -> dict[str, str]:
        """The environment every part starts from: nobody's keys or settings, and no `.env`."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN_PREFIXES)}
        kept.pop("PYTHONDONTWRITEBYTECODE", None)  # a second start is three times as fast with it
        return kept | {"VAANI_IGNORE_ENV_FILE": "true", "PYTHONUNBUFFERED": "1"}

    async def _answers(self, url: str) -> bool:
        try:
            async with self.http.get(url, timeout=aiohttp.ClientTimeout(total=2)) as reply:
                return reply.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    # ---- the stand-ins' controls

    async def configure(self, scope: str | None = None, **settings: object) -> None:
        """Change the stand-ins' latencies or faults for one scope."""
        url = f"{self.sandbox_url}/control/scopes/{scope or self.options.scope}"
        async with self.http.patch(url, json=settings) as reply:
            if reply.status != 200:
                raise ValueError(f"the sandbox refused {settings}: {await reply.text()}")

    async def seen(self, scope: str | None = None, after: int = 0) -> list[dict[str, object]]:
        """What the stand-ins were asked."""
        url = f"{self.sandbox_url}/control/scopes/{scope or self.options.scope}/seen?after={after}"
        async with self.http.get(url) as reply:
            content = await reply.json()
        return list(content["events"])


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
