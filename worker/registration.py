"""Says whether LiveKit offers this worker calls, and if not, why not: the framework only tries again."""

from __future__ import annotations

import asyncio
import logging
import ssl
from urllib.parse import urlsplit

import aiohttp
from livekit.agents import AgentServer

from worker import log_events
from worker.livekit_internals import on_connection_failed

log = logging.getLogger("vaani")
NO_ANSWER_SECONDS = 20.0


class Registration:
    """Follows one server from its first try to reach LiveKit."""

    def __init__(self, server: AgentServer, livekit_url: str) -> None:
        self._place = f"LIVEKIT_URL ({urlsplit(livekit_url).netloc})"
        self.done = asyncio.Event()
        """Set once LiveKit has offered calls for the first time."""
        self.why_not: str | None = None
        server.on("worker_registered", self._registered)
        on_connection_failed(self._failed)

    async def expect(self) -> None:
        """Say so when nothing has answered for a while, not even with an error: packets are dropped on the way."""
        try:
            async with asyncio.timeout(NO_ANSWER_SECONDS):
                await self.done.wait()
        except TimeoutError:
            if self.why_not is None:
                self._tell(f"{self._place}: no answer for {NO_ANSWER_SECONDS:.0f} s. {CHECK_ADDRESS}")

    def _registered(self, *_: object) -> None:
        self.why_not = None
        log.info(log_events.WORKER_REGISTERED)
        self.done.set()

    def _failed(self, error: Exception) -> None:
        self._tell(f"{self._place}: {reason(error)}")

    def _tell(self, why: str) -> None:
        if why != self.why_not:  # once per reason, however often it is tried
            self.why_not = why
            log.error(log_events.WORKER_NOT_REGISTERED, extra={"why": why})


CHECK_ADDRESS = "Is it your project's address, does LiveKit run there, and may this machine connect to it?"
CHECK_KEYS = (
    "LIVEKIT_API_KEY and LIVEKIT_API_SECRET are not a pair of this server's. Copy both from the project that this "
    "address belongs to; if they are right, set this machine's clock"
)
NO_LIVEKIT = "Set LIVEKIT_URL to your LiveKit server's own address, wss://PROJECT.livekit.cloud in the cloud"


def reason(error: Exception) -> str:
    """What a failed try to reach LiveKit means, and what to do."""
    if isinstance(error, aiohttp.WSServerHandshakeError):
        if error.status in (401, 403):
            return f"refused (HTTP {error.status}). {CHECK_KEYS}"
        if error.status == 429 or error.status >= 500:
            return f"HTTP {error.status}. Usually passing: it is tried again"
        return f"HTTP {error.status}, as no LiveKit server answers. {NO_LIVEKIT}"
    if isinstance(error, (aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError)):
        return "its TLS certificate is not valid for this machine. Mend the certificate or this machine's trusted ones"
    if isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
        return "it speaks no TLS. wss:// needs it; ws:// is for loopback"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"there is no such host. {NO_LIVEKIT}"
    if isinstance(error, (aiohttp.ClientConnectionError, OSError)):
        return f"cannot be connected to ({type(error).__name__}). {CHECK_ADDRESS}"
    return f"answers, but not as LiveKit does ({type(error).__name__}). {NO_LIVEKIT}"
