"""Fetch a join token as any client would: LiveKit's standard token-source contract over HTTP, signed if asked to."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohttp

from sandbox.caller.errors import BadPlan, CallFailure
from sandbox.caller.plan import CallPlan


@dataclass(frozen=True, slots=True)
class JoinToken:
    """Where to join and the token that allows it. The token never shows up in a repr."""

    server_url: str
    participant_token: str = field(repr=False)


class Authorization(Protocol):
    """Anything that can vouch for one request."""

    def headers(self, *, method: str, path: str, body: bytes) -> dict[str, str]: ...


@dataclass(frozen=True, slots=True)
class Bearer:
    """An identity token that some issuer signed."""

    token: str = field(repr=False)

    def headers(self, *, method: str, path: str, body: bytes) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@dataclass(frozen=True, slots=True)
class HmacKey:
    """A shared key; every request is signed anew, with a nonce that is used once."""

    key_id: str
    secret: str = field(repr=False)

    @classmethod
    def parse(cls, value: str) -> HmacKey:
        """`id:secret`, as in CALL_HMAC_KEY. Raises BadPlan without repeating the value."""
        key_id, colon, secret = value.partition(":")
        if not (colon and key_id and secret):
            raise BadPlan("CALL_HMAC_KEY", ["must be id:secret, as one entry of the function's TOKEN_HMAC_KEYS"])
        return cls(key_id, secret)

    def headers(
        self, *, method: str, path: str, body: bytes, now: float | None = None, nonce: str | None = None
    ) -> dict[str, str]:
        stamp = int(time.time() if now is None else now)
        nonce = nonce or secrets.token_urlsafe(24)
        signed = f"v1\n{method}\n{path}\n{stamp}\n{nonce}\n{hashlib.sha256(body).hexdigest()}"
        signature = hmac.new(self.secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
        return {"Authorization": f"Vaani-HMAC-SHA256 id={self.key_id},ts={stamp},nonce={nonce},sig={signature}"}


def request_body(plan: CallPlan) -> dict[str, Any]:
    """The contract's fields that this plan sets, and no others: an endpoint may ignore or refuse each of them."""
    body: dict[str, Any] = {}
    if plan.participant_name:
        body["participant_name"] = plan.participant_name
    if plan.participant_attributes:
        body["participant_attributes"] = dict(plan.participant_attributes)
    if plan.agent_name:
        body["room_config"] = {"agents": [{"agent_name": plan.agent_name}]}
    return body


async def fetch_join_token(
    url: str, body: Mapping[str, Any], auth: Authorization | None = None, *, timeout_seconds: float = 15.0
) -> JoinToken:
    """POST to a token endpoint.

    Raises:
        CallFailure: `token_refused` with the endpoint's own message, `token_unreachable`, `token_malformed`.
    """
    payload = json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    if auth is not None:
        headers |= auth.headers(method="POST", path=urlsplit(url).path or "/", body=payload)
    timeout = aiohttp.ClientTimeout(total=timeout_seconds)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.post(url, data=payload, headers=headers, allow_redirects=False) as reply,
        ):
            status, content = reply.status, await reply.read()
    except TimeoutError as error:
        raise CallFailure(
            "token_unreachable", f"The token endpoint {url} did not answer within {timeout_seconds:g} s."
        ) from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise CallFailure(
            "token_unreachable",
            f"The token endpoint {url} cannot be reached: {error}. Is the token function running there?",
        ) from error
    return _read_reply(url, status, content)


def _read_reply(url: str, status: int, content: bytes) -> JoinToken:
    try:
        reply = json.loads(content)
    except ValueError:
        reply = None
    if not 200 <= status < 300:
        raise CallFailure("token_refused", f"The token endpoint {url} answered {status}: {_reason(reply, content)}")
    if not isinstance(reply, dict):
        raise CallFailure("token_malformed", f"The token endpoint {url} answered {status} without a JSON object.")
    server_url, token = reply.get("server_url"), reply.get("participant_token")
    if not (isinstance(server_url, str) and isinstance(token, str) and server_url and token):
        raise CallFailure(
            "token_malformed",
            f"The token endpoint {url} answered {status} without server_url and participant_token; "
            f"it sent {', '.join(sorted(reply)) or 'no field'}.",
        )
    return JoinToken(server_url, token)


def _reason(reply: Any, content: bytes) -> str:
    error = reply.get("error") if isinstance(reply, dict) else None
    if isinstance(error, dict):
        return f"{error.get('code', 'no code')}: {error.get('message', 'no message')}"
    return content[:200].decode("utf-8", "replace").strip() or "an empty body"
