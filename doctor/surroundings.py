"""What checks are handed: the settings, the ways out to the network, a clock, and what other checks have learned."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp
from pydantic import BaseModel, SecretStr

from doctor.spending import Spending
from records.url import read_url
from sandbox.caller.settings import CallerSettings
from worker.settings import Settings

HIDDEN = "[hidden]"
SHORTEST_SECRET = 4
OPENAI = "https://api.openai.com/v1"
Resolve = Callable[[str], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class ServerSeen:
    """What LiveKit says of itself to a worker that registers."""

    version: str
    region: str
    is_cloud: bool


@dataclass(frozen=True, slots=True)
class CallSeen:
    """What a silent caller saw. Seconds count from being connected; None is never."""

    connected: bool
    transport: str = ""
    """udp, tcp or tls: what carries the sound; empty where it is not known."""
    agent_seconds: float | None = None
    greeting_seconds: float | None = None


Join = Callable[[str, str], Awaitable[CallSeen]]
"""Joins the LiveKit at an address with a token, and stays until greeted."""


async def addresses_of(host: str) -> list[str]:
    """Ask the system's resolver for a name's addresses."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return sorted({str(each[4][0]) for each in found})


def for_requests(url: str) -> str:
    """The address for requests of what has a socket at an address."""
    return "http" + url.removeprefix("ws") if url.startswith("ws") else url


@dataclass
class Surroundings:
    """Everything outside that a check touches; a test hands over others."""

    settings: Settings
    http: aiohttp.ClientSession
    join: Join
    caller: CallerSettings | None = None
    """The token endpoint that CALL_TOKEN_URL names, and how to ask there; None where none is named."""
    spending: Spending = field(default_factory=Spending)
    send_webhook: bool = False
    now: Callable[[], float] = time.time
    resolve: Resolve = addresses_of
    nameless: dict[str, str] = field(default_factory=dict)
    """Hosts that have no address, and why; written by the first check."""
    clock_off_seconds: float = 0.0
    """How far this machine's clock is ahead of everybody else's; written by the check of the clock."""
    server: ServerSeen | None = None
    """Written by the check of LiveKit."""
    silent_call: asyncio.Task[CallSeen] | None = None
    """One call for the two checks that ask about it."""

    @property
    def livekit_http(self) -> str:
        """LiveKit's address for requests."""
        return for_requests(self.settings.livekit.url.rstrip("/"))

    @property
    def openai_url(self) -> str:
        """The language model's address."""
        return self.settings.openai.base_url or OPENAI

    @property
    def stt_url(self) -> str:
        """The recogniser's address."""
        return self.settings.stt.base_url or self.settings.sarvam.base_url

    @property
    def tts_url(self) -> str:
        """The voice's address."""
        return self.settings.tts.base_url or self.settings.sarvam.base_url

    def variable_of(self, url: str) -> str:
        """Name the variable that an address of Sarvam's comes from."""
        own = {self.settings.stt.base_url: "STT_BASE_URL", self.settings.tts.base_url: "TTS_BASE_URL"}
        return own.get(url, "SARVAM_BASE_URL")

    def named_urls(self) -> dict[str, str]:
        """Every address that the settings name, by the variable that names it."""
        chosen = self.settings
        named = {
            "LIVEKIT_URL": chosen.livekit.url,
            "SARVAM_BASE_URL": chosen.sarvam.base_url,
            "STT_BASE_URL": chosen.stt.base_url,
            "TTS_BASE_URL": chosen.tts.base_url,
            "OPENAI_BASE_URL": self.openai_url,
            "CALL_TOKEN_URL": self.caller.token_url if self.caller else None,
            "WORKER_OUTCOME_WEBHOOK_URL": chosen.outcome.outcome_webhook_url,
        }
        return {variable: url for variable, url in named.items() if url}

    def address_problem(self, url: str) -> str | None:
        """Return why there is no use in connecting: the name has no address, which is told elsewhere."""
        host = urlsplit(url).hostname or ""
        return f"{host} has no address: see dns" if host in self.nameless else None

    def hidden(self, text: str) -> str:
        """Return `text` without any secret of the settings: whoever wrote it may have repeated one."""
        for secret in self._secrets():
            text = text.replace(secret, HIDDEN)
        return text

    def _secrets(self) -> list[str]:
        found = [value for group in _values(self.settings) for value in _secret_values(group)]
        if self.caller is not None and self.caller.auth is not None:
            found += [str(getattr(self.caller.auth, name, "")) for name in ("token", "secret")]
        if (url := self.settings.records.records_url) and (password := urlsplit(read_url(url).text).password):
            found.append(password)
        webhook = self.settings.outcome.outcome_webhook_secret
        found += webhook.get_secret_value().split(",") if webhook is not None else []
        return sorted({each.strip() for each in found if len(each.strip()) >= SHORTEST_SECRET}, key=len, reverse=True)


def _values(settings: Settings) -> list[BaseModel]:
    return [getattr(settings, name) for name in Settings.__slots__]


def _secret_values(model: BaseModel) -> list[str]:
    values: list[str] = []
    for value in dict(model).values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, SecretStr):
                values.append(each.get_secret_value())
            elif isinstance(each, BaseModel):
                values += _secret_values(each)
            elif isinstance(each, Mapping):
                values += [one.get_secret_value() for one in each.values() if isinstance(one, SecretStr)]
    return values
