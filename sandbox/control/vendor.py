"""What every stand-in does with a request before its own work: whose key is it, and what is wrong today.

Refusals have the shape of the real services, so that a wrong request fails here as it fails there.
"""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox.control.scopes import CLOSE_FAULTS, STATUS_FAULTS, Fault, Scope, Scopes, held

SCOPES: web.AppKey[Scopes] = web.AppKey("scopes", Scopes)
REFUSED_KEYS = ("invalid", "")

Refuse = Callable[[int, str, str], web.Response]


def request_id() -> str:
    """A request's id; never of digits alone: a trace tells nobody what could be a telephone number."""
    return f"sandbox_a{uuid.uuid4().hex[:15]}"


def bearer(request: web.Request) -> str:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def sarvam_key(request: web.Request) -> str:
    return request.headers.get("api-subscription-key", "").strip()


def sarvam_error(status: int, message: str, code: str = "") -> web.Response:
    """Sarvam's error body. A bad key is 403 there, never 401."""
    if message == OUT_OF_CREDIT:
        code = "insufficient_quota_error"
    code = code or SARVAM_CODES.get(status, "invalid_request_error")
    body = {"error": {"message": message, "code": code, "request_id": request_id()}}
    return web.json_response(body, status=status)


SARVAM_CODES = {
    400: "invalid_request_error",
    401: "invalid_api_key_error",
    403: "invalid_api_key_error",
    422: "unprocessable_entity_error",
    429: "rate_limit_exceeded_error",
    500: "internal_server_error",
}
OUT_OF_CREDIT = "You have used up your credits. Please add some to go on."  # a 429, as too many requests are
MESSAGES = {
    401: "Authentication failed.",
    403: "Invalid API key.",
    429: "Rate limit exceeded. Retry later.",
    500: "The server had an error while processing the request.",
}


def sarvam_scope(request: web.Request) -> Scope:
    """The scope of the request's key; raises a 403 in Sarvam's shape for a missing or refused one."""
    key = sarvam_key(request)
    if key in REFUSED_KEYS:
        raise Refused(sarvam_error(403, MESSAGES[403]))
    return request.app[SCOPES].for_key(key)


class Refused(Exception):
    """Ends a request with the response it carries."""

    def __init__(self, response: web.Response) -> None:
        super().__init__(response.status)
        self.response = response


async def before_answering(scope: Scope, provider: str, refuse: Callable[[int, str], web.Response]) -> None:
    """Apply the faults that hit a request before anything is answered; raises Refused."""
    fault = scope.fault(provider, *STATUS_FAULTS, "hang", "out_of_credit", phase="handshake")
    if fault is None:
        return
    if fault.name == "out_of_credit":
        raise Refused(refuse(429, OUT_OF_CREDIT))
    if fault.name == "hang":
        await held(fault)
        return
    response = refuse(STATUS_FAULTS[fault.name], MESSAGES[STATUS_FAULTS[fault.name]])
    if fault.name == "rate_limited":
        response.headers["Retry-After"] = f"{scope.settings.retry_after_seconds:g}"
    raise Refused(response)


def abort(request: web.Request) -> None:
    """Cut the TCP connection, with no closing frame and no last chunk."""
    if request.transport is not None:
        request.transport.abort()


async def answer(request: web.Request, body: dict[str, Any], fault: Fault | None) -> web.StreamResponse:
    """Send a JSON body whole, or as the fault has it: half and then nothing, half and cut, half and the end."""
    text = json.dumps(body, ensure_ascii=False).encode()
    half = len(text) // 2
    if fault is None or fault.name not in ("malformed", "stall", "drop"):
        return web.Response(body=text, content_type="application/json")
    if fault.name == "malformed":
        return web.Response(body=text[:half], content_type="application/json")
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = len(text)
    await response.prepare(request)
    await response.write(text[:half])
    if fault.name == "drop":
        abort(request)
        return response
    await held(fault)
    await response.write(text[half:])
    return response


async def until(due_at: float) -> None:
    """Sleep until a moment of the loop's monotonic clock; latencies add up to what was set, not to more."""
    delay = due_at - asyncio.get_running_loop().time()
    if delay > 0:
        await asyncio.sleep(delay)


def now() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Mute:
    """A connection that hangs or stalls: it answers nothing while the fault's time lasts."""

    fault: Fault | None = None

    @property
    def active(self) -> bool:
        if self.fault is not None and not self.fault.in_window():
            self.fault = None
        return self.fault is not None


@web.middleware
async def refusals(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as refused:
        return refused.response


@contextlib.asynccontextmanager
async def closed_when_told(
    scope: Scope, provider: str, close: Callable[[int], Awaitable[None]], idle_since: Callable[[bool], float],
    idle_code: int,
) -> AsyncIterator[None]:  # fmt: skip
    """Close a socket that is served within: at once where a fault asks for it, else when it has been idle.

    Args:
        scope: Whose faults, and whose `idle_close_seconds`.
        provider: As faults and the log name it.
        close: Closes the socket with a code.
        idle_since: Tells the last activity; asked strictly, as with the fault `idle_close`, only speech or text counts.
        idle_code: The code with which an idle socket is closed.
    """
    at_once = scope.fault(provider, *CLOSE_FAULTS, phase="handshake", asked_for=True)
    if at_once is not None:
        await close(CLOSE_FAULTS[at_once.name])
    watch = asyncio.create_task(_close_idle(scope, provider, close, idle_since, idle_code))
    try:
        yield
    finally:
        watch.cancel()


async def _close_idle(
    scope: Scope, provider: str, close: Callable[[int], Awaitable[None]], idle_since: Callable[[bool], float],
    code: int,
) -> None:  # fmt: skip
    while True:
        await asyncio.sleep(0.05)
        limit = scope.settings.idle_close_seconds
        strict = any(f.provider == provider and f.name == "idle_close" and f.ready() for f in scope.faults)
        if now() - idle_since(strict) < limit:
            continue
        if strict:
            scope.fault(provider, "idle_close")
        scope.log(provider, "idle_close")
        await close(code)
        return
