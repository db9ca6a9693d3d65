"""Workers with a scope of the sandbox each, and a line to every provider that can be cut: calls side by side."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from livekit import api

from faults.relay import Relay
from sandbox.caller import CallResult, Control
from sandbox.caller.token_source import JoinToken
from sandbox.stack import Process, Stack, StackOptions
from sandbox.stack.stack import PHRASE_CACHE

FAST = {"stt_final_seconds": 0.1, "llm_first_token_seconds": 0.1, "tts_first_byte_seconds": 0.1}
LATE_SECONDS, USUAL_SECONDS = 1.0, 0.5
GIVE_UP_SECONDS = 8.0
IMPATIENT = {
    "WORKER_REPLY_LATE_SECONDS": f"{LATE_SECONDS}",
    "WORKER_USUAL_LATENCY_SECONDS": f"{USUAL_SECONDS}",
    "WORKER_GIVE_UP_SECONDS": f"{GIVE_UP_SECONDS}",
    "WORKER_OUTAGE_SECONDS": "0",  # one cell must not shorten the next one's patience
    "WORKER_TOOL_SECONDS": "3",
    "WORKER_IDLE_PROCESSES": "1",
    "WORKER_MAX_CALLS": "20",
    "STT_CONNECT_SECONDS": "1.5",
    "LLM_FIRST_TOKEN_SECONDS": "2",
    "TTS_FIRST_BYTE_SECONDS": "2",
}
ENGLISH_PHRASES = 10  # so many rendered, and the apologies are among them: English is the first
ORDERS_SCOPE = "default"
ADDRESSES = {
    "stt": ("STT_BASE_URL", ""),
    "llm": ("OPENAI_BASE_URL", "/v1"),
    "tts": ("TTS_BASE_URL", ""),
    "orders": ("WORKER_ORDERS_URL", ""),
}


class FaultStack(Stack):
    """The stack without a token function or a worker: line-ups bring their own."""

    def __init__(self, logs: Path | None = None) -> None:
        super().__init__(StackOptions(worker=False, logs=logs))
        self.orders_are_broken = asyncio.Lock()

    async def start(self) -> None:
        await asyncio.gather(self.start_livekit(), self.start_sandbox())


@dataclass
class LineUp:
    """One worker, its scope, and a relay per provider."""

    stack: FaultStack
    name: str
    wrong: tuple[str, str] | None = None
    """(provider, base URL): an address of this worker that cannot be reached."""
    environment: dict[str, str] = field(default_factory=dict)
    worker: Process | None = None
    relays: dict[str, Relay] = field(default_factory=dict)

    @property
    def scope(self) -> str:
        return f"faults-{self.name}"

    @property
    def control(self) -> Control:
        return Control(self.stack.sandbox_url, self.scope)

    async def start(self) -> None:
        """Start relays and worker; ready when the apologies can be spoken without a provider.

        A line whose voice cannot be reached has a cache of its own: it must not find what others have rendered.
        """
        await self.reset()
        environment = {"AGENT_NAME": self.name, **IMPATIENT, **self.environment}
        for provider, (variable, path) in ADDRESSES.items():
            self.relays[provider] = relay = Relay(self.stack.port("sandbox"))
            await relay.start()
            environment[variable] = relay.url + path
        if self.wrong:
            provider, url = self.wrong
            variable, path = ADDRESSES[provider]
            environment[variable] = url + path
            if provider == "tts":
                environment["WORKER_PHRASE_CACHE_DIR"] = tempfile.mkdtemp(prefix="phrases-", dir=self.stack._folder)
        self.worker = await self.stack.start_worker(f"worker-{self.name}", environment, scope=self.scope)
        if not self.wrong or self.wrong[0] != "tts":

            async def can_apologise() -> bool:
                return len(list(PHRASE_CACHE.glob("*.wav"))) >= ENGLISH_PHRASES

            await self.worker.until(can_apologise, 60)

    async def rendered(self) -> None:
        """Wait until all phrases are: a fault of the voice that is to be met once would else be met by one of them."""
        assert self.worker is not None, "the line has not been started"
        if not self.wrong or self.wrong[0] != "tts":
            await self.worker.until_phrases_are_rendered()

    @contextlib.asynccontextmanager
    async def alone(self, provider: str) -> AsyncIterator[None]:
        """The shop's service wants no key, so all lines share its faults: one call at a time."""
        if provider != "orders":
            yield
            return
        async with self.stack.orders_are_broken:
            try:
                yield
            finally:
                await self.stack.configure(ORDERS_SCOPE, faults=[])

    async def stop(self) -> None:
        if self.worker is not None:
            await self.worker.stop()
        for relay in self.relays.values():
            await relay.cut()

    async def reset(self) -> None:
        """Every line whole, no fault, fast stand-ins."""
        for relay in self.relays.values():
            await relay.start()
        await self.mend_records()
        await self.stack.http.delete(f"{self.stack.sandbox_url}/control/scopes/{self.scope}")
        await self.stack.configure(self.scope, **FAST)

    async def reset_faults(self) -> None:
        """As `reset`, but what is queued and logged stays: for the middle of a call."""
        for relay in self.relays.values():
            await relay.start()
        await self.configure(faults=[], idle_close_seconds=60)
        if self.stack.orders_are_broken.locked():
            await self.stack.configure(ORDERS_SCOPE, faults=[])

    async def configure(self, **settings: object) -> None:
        await self.stack.configure(self.scope, **settings)

    async def break_records(self, fault: str) -> None:
        """Have the database of records fail; only a line that keeps any has one."""
        raise NotImplementedError(f"this line keeps no records that could be {fault}")

    async def mend_records(self) -> None:
        """Have it work again."""

    async def record_problems(self, result: CallResult) -> Sequence[str]:
        """What is wrong with the record of a call, now that nothing is broken; nothing where none is kept."""
        return ()

    def join(self, attributes: dict[str, str] | None = None) -> JoinToken:
        """A token for a new room to which this worker's agent is sent."""
        dispatch = api.RoomConfiguration(agents=[api.RoomAgentDispatch(agent_name=self.name)])
        token = (
            api.AccessToken(self.stack.api_key, self.stack.api_secret)
            .with_identity(f"caller-{secrets.token_hex(3)}")
            .with_attributes(attributes or {})
            .with_grants(api.VideoGrants(room_join=True, room=f"{self.name}-{secrets.token_hex(4)}"))
            .with_room_config(dispatch)
        )
        return JoinToken(self.stack.livekit_url, token.to_jwt())

    def log_size(self) -> int:
        return len(self.worker.log_text()) if self.worker else 0

    def events(self, since: int = 0) -> list[dict[str, Any]]:
        """What the worker has logged since its log had that size."""
        found = []
        for line in (self.worker.log_text()[since:] if self.worker else "").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                found.append(entry)
        return found
