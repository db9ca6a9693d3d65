"""Sends the outbox to the operator's webhook: signed, at least once, with an idempotency key.

As Standard Webhooks say (https://www.standardwebhooks.com): headers `webhook-id`, `webhook-timestamp` and
`webhook-signature` over both and the body. docs/outcome.md has a receiver.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from standardwebhooks import Webhook as Signature

from records import outbox
from records.addresses import PrivateAddress, PublicResolver, is_address, is_public
from records.log_events import WEBHOOK_DEAD, WEBHOOK_FAILED
from records.outbox import Message

log = logging.getLogger("vaani")
TRY_SECONDS = 10.0
LOOK_SECONDS = 0.5
AT_ONCE = 8
KEY_PREFIX = "whsec_"
MIN_SECRET_BYTES, MAX_SECRET_BYTES = 24, 64
USER_AGENT = "Vaani-Webhooks/1"


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where the outbox goes."""

    url: str
    secrets: tuple[str, ...] = field(repr=False)
    """`whsec_...`; several while one is exchanged for another: every message is signed with each."""
    allow_insecure: bool = False
    """Plain HTTP, and addresses of one's own network."""


def receiver_problems(receiver: Receiver) -> list[str]:
    """What is wrong with a receiver, one sentence each with its mend; nothing is connected to."""
    problems = []
    try:
        parts = urlsplit(receiver.url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return ["WORKER_OUTCOME_WEBHOOK_URL: is no URL; https://example.in/vaani is one"]
    if parts.scheme not in ("http", "https") or not host:
        return ["WORKER_OUTCOME_WEBHOOK_URL: must be https://HOST/..."]
    if parts.username or parts.password:
        problems.append("WORKER_OUTCOME_WEBHOOK_URL: takes no user and password; the signature says who sends")
    if not receiver.allow_insecure:
        mend = "or set WORKER_OUTCOME_WEBHOOK_INSECURE=true where the network between is your own"
        if parts.scheme != "https":
            problems.append(f"WORKER_OUTCOME_WEBHOOK_URL: must be https:// {mend}")
        if host == "localhost" or (is_address(host) and not is_public(host)):
            problems.append(f"WORKER_OUTCOME_WEBHOOK_URL: {host} is no public address; name one, {mend}")
    problems += [
        f"WORKER_OUTCOME_WEBHOOK_SECRET: must be {KEY_PREFIX} and {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes in"
        f" base64: `echo {KEY_PREFIX}$(openssl rand -base64 32)` makes one"
        for secret in receiver.secrets or ("",)
        if not _is_secret(secret)
    ]
    return problems


def _is_secret(secret: str) -> bool:
    try:
        key = base64.b64decode(secret.removeprefix(KEY_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return False
    return secret.startswith(KEY_PREFIX) and MIN_SECRET_BYTES <= len(key) <= MAX_SECRET_BYTES


class Refused(Exception):
    """The receiver has not taken a message: `for_good` says that it wants none any more."""

    def __init__(self, why: str, *, for_good: bool = False) -> None:
        super().__init__(why)
        self.for_good = for_good


class Sender:
    """Sends messages to one receiver."""

    def __init__(self, receiver: Receiver, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._receiver = receiver
        self._now = now
        self._http: aiohttp.ClientSession | None = None

    async def aclose(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()

    async def send(self, message: Message) -> None:
        """Send one message, once.

        Raises:
            Refused: It was not taken. What the receiver answered is not in the reason: it may be the caller's words.
        """
        host = urlsplit(self._receiver.url).hostname or ""
        if not self._receiver.allow_insecure and is_address(host) and not is_public(host):
            raise Refused("the receiver's address is not public")
        body = json.dumps(message.body, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        try:
            # A redirect would carry the message to whom nobody has named.
            async with self._session().post(
                self._receiver.url, data=body.encode(), headers=self._headers(message, body), allow_redirects=False
            ) as answer:
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Refused(_reason(error)) from None
        if not 200 <= status < 300:
            raise Refused(f"HTTP {status}", for_good=status == HTTPStatus.GONE)

    def _headers(self, message: Message, body: str) -> dict[str, str]:
        at = self._now().astimezone(UTC)
        signatures = [Signature(secret).sign(message.id, at, body) for secret in self._receiver.secrets]
        return {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": USER_AGENT,
            "webhook-id": message.id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signatures),
        }

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            resolver = None if self._receiver.allow_insecure else PublicResolver()
            # No cache of names and no kept connection: each message goes to an address that was looked at for it.
            connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True, limit=AT_ONCE)
            self._http = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=TRY_SECONDS),
                trust_env=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._http


def _reason(error: Exception) -> str:
    if isinstance(error, PrivateAddress) or isinstance(getattr(error, "os_error", None), PrivateAddress):
        return "the receiver's name leads to an address that is not public"
    if isinstance(error, TimeoutError):
        return f"no answer within {TRY_SECONDS:g} s"
    return type(error).__name__


class Delivery:
    """Empties the outbox, beside everything else, for as long as it runs."""

    def __init__(self, engine: AsyncEngine, sender: Sender, now: Callable[[], datetime] = lambda: datetime.now(UTC)):
        self._engine = engine
        self._sender = sender
        self._now = now
        self._most = AT_ONCE
        """How many are tried at once: one while the receiver takes none, which says as much as all of them."""
        self._who = f"{socket.gethostname()[:32]}:{os.getpid()}:{os.urandom(4).hex()}"

    async def run(self) -> None:
        """Send whatever is due, until cancelled. A database that is away is waited for."""
        try:
            while True:
                try:
                    sent = await self.send_due()
                except (SQLAlchemyError, OSError):
                    sent = 0  # the shipper says so; messages wait where they are
                except Exception:
                    log.exception("the outbox could not be emptied just now")
                    sent = 0
                if sent < AT_ONCE or self._most < AT_ONCE:
                    await asyncio.sleep(LOOK_SECONDS)
        finally:
            await self._sender.aclose()

    async def send_due(self) -> int:
        """Try what is due now, a few at once; returns how many were tried."""
        messages = await outbox.claim(self._engine, self._who, self._most, self._now())
        taken = await asyncio.gather(*map(self._try, messages), return_exceptions=True)
        for error in taken:
            if isinstance(error, BaseException):
                raise error
        if messages:
            self._most = AT_ONCE if any(taken) else 1
        return len(messages)

    async def _try(self, message: Message) -> bool:
        """Return whether the receiver has taken it."""
        try:
            await self._sender.send(message)
        except Refused as refused:
            dead = await outbox.failed(
                self._engine, self._who, message, str(refused), self._now(), for_good=refused.for_good
            )
            event, level = (WEBHOOK_DEAD, logging.ERROR) if dead else (WEBHOOK_FAILED, logging.WARNING)
            log.log(level, event, extra={"message_id": message.id, "attempt": message.tries, "why": str(refused)})
        else:
            is_back = self._most < AT_ONCE
            await outbox.delivered(self._engine, self._who, message, self._now(), is_back=is_back)
            return True
        return False
