"""The order of things: what a request passes, from its method to its token, and what every answer carries."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from join_token.callers import Authenticator, Headers, SignedRequest
from join_token.cors import METHODS, cors_headers
from join_token.errors import Refusal
from join_token.grants import JoinGrant, decide_grant
from join_token.limits import RateLimit, address_of
from join_token.mint import mint_join_token
from join_token.request import parse_token_request
from join_token.request_log import RequestOutcome, describe_crash, log_request
from join_token.settings import TokenSettings
from join_token.variables_reader import LOOPBACK_HOSTS

if TYPE_CHECKING:
    from join_token.predispatch import Predispatch
    from join_token.tracing import RequestTrace, Tracing

BODY_BYTES_MAX = 32_768
_UNKNOWN_METHOD = "OTHER"
_UNLOGGED = frozenset({"healthy", "preflight"})  # nothing happened, anybody may ask without end, and lines are billed
_METHODS_LOGGED = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """The parts of a request that we look at. `read_body(n)` returns at most n bytes."""

    method: str
    path: str
    headers: Headers
    peer_address: str
    content_length: int | None
    read_body: Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class HttpReply:
    """An answer; `body` is JSON or empty."""

    status: int
    headers: dict[str, str]
    body: str = ""


@dataclass(slots=True)
class _Progress:
    """What became known on the way, for the log line."""

    fingerprint: str = ""
    predispatch: str = ""
    traceparent: str = ""
    extra_headers: dict[str, str] = field(default_factory=dict)


class TokenEndpoint:
    """Answers requests. Built once; every request is independent of the others but for the limits."""

    def __init__(
        self,
        settings: TokenSettings,
        authenticate: Authenticator,
        attest_app: Authenticator | None = None,
        predispatch: Predispatch | None = None,
        tracing: Tracing | None = None,
        *,
        unix_time: Callable[[], float] = time.time,
        monotonic_time: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._authenticate = authenticate
        self._attest_app = attest_app
        self._predispatch = predispatch
        self._tracing = tracing
        self._unix_time = unix_time
        self._monotonic_time = monotonic_time
        self._per_address = RateLimit(settings.rate_per_address, "too_many_requests_from_address")
        self._per_caller = RateLimit(settings.rate_per_caller, "too_many_requests_from_caller")

    def answer(self, request: HttpRequest) -> HttpReply:
        """Answer a request. Never raises: an unhandled error would reach browsers without CORS headers."""
        started = time.perf_counter()
        progress = _Progress()
        trace = self._begin_trace(request, progress)
        why = ""
        try:
            status, code, body = self._dispatch(request, progress)
        except Refusal as refusal:
            status, code, why = refusal.status, refusal.code, refusal.why
            body = _error_body(refusal.code, refusal.message, refusal.field)
            progress.extra_headers.update(refusal.headers)
        except Exception as error:
            status, code, why = 500, "internal_error", describe_crash(error)
            body = _error_body(code, "Something went wrong on our side. Try again; the log knows more.", None)
        self._log(request, progress, status, code, why, time.perf_counter() - started)
        if self._tracing is not None and trace is not None and code not in _UNLOGGED:
            self._tracing.end(trace, _method_of(request), status, code)
        return HttpReply(status, self._headers(request, progress, has_body=bool(body)), body)

    def _dispatch(self, request: HttpRequest, progress: _Progress) -> tuple[int, str, str]:
        if request.method == "OPTIONS":  # before authentication: a preflight never carries any
            return 204, "preflight", ""
        if request.method in ("GET", "HEAD") and request.path == "/health":
            return 200, "healthy", '{"status":"ok"}'
        if request.method != "POST":
            self._spend_address(request)  # whoever scans is told 429, and costs no more than that
            raise Refusal(
                405, "method_not_allowed", "Use POST to get a token, or GET /health.", headers={"Allow": METHODS}
            )
        if self._settings.auth == "none":
            self._refuse_other_peoples_pages(request)
        grant = self._granted(request, progress)
        if grant.ignored_fields:
            progress.extra_headers["Vaani-Ignored-Fields"] = ", ".join(grant.ignored_fields)
        token = mint_join_token(grant, self._settings, now_seconds=self._unix_time())
        reply = {"server_url": self._settings.livekit_url, "participant_token": token}
        return 201, "token_minted", json.dumps(reply)

    def _refuse_other_peoples_pages(self, request: HttpRequest) -> None:
        """With no authentication every page in the developer's browser could call: only one's own may.

        A page elsewhere can send a simple POST to loopback, or have its own name resolve to it (DNS rebinding).
        """
        host = _host_of(request.headers.get("Host", ""))
        if host not in LOOPBACK_HOSTS:
            raise Refusal(
                403, "host_not_allowed",
                "With TOKEN_AUTH=none only this machine is served: use http://127.0.0.1 or http://localhost.",
            )  # fmt: skip
        origin = request.headers.get("Origin", "").lower()
        if origin and origin not in self._settings.allowed_origins:
            raise Refusal(
                403, "origin_not_allowed",
                "With TOKEN_AUTH=none a page must be listed in TOKEN_ALLOWED_ORIGINS: add its origin there.",
            )  # fmt: skip

    def _granted(self, request: HttpRequest, progress: _Progress) -> JoinGrant:
        settings = self._settings
        # The address is limited before anything costs time; the caller once it is known who that is.
        self._spend_address(request)
        body = _body_of(request)
        signed = SignedRequest(request.method, request.path, request.headers, body)
        if self._attest_app is not None:
            self._attest_app(signed)
        caller = self._authenticate(signed)
        secret = settings.livekit_api_secret.reveal()
        if not caller.is_anonymous:
            progress.fingerprint = caller.fingerprint(secret)
            self._per_caller.spend(progress.fingerprint, now_seconds=self._monotonic_time())
        asked = parse_token_request(body, takes_consent=settings.takes_consent)
        if settings.auth == "hmac" and asked.participant_identity:
            progress.fingerprint = caller.on_behalf_of(asked.participant_identity).fingerprint(secret)
        grant = replace(decide_grant(asked, progress.fingerprint, settings), traceparent=progress.traceparent)
        if self._predispatch is None or not grant.room_is_fresh:
            return grant
        grant, progress.predispatch = self._predispatch.send_agent_ahead(grant)
        return grant

    def _begin_trace(self, request: HttpRequest, progress: _Progress) -> RequestTrace | None:
        """Begin the call's trace, or go on with the one that the request came with."""
        header = request.headers.get("traceparent", "")
        if self._tracing is not None:
            trace = self._tracing.begin(header)
            progress.traceparent = trace.traceparent
            return trace
        if header:
            from join_token.tracing import passed_on

            progress.traceparent = passed_on(header)
        return None

    def _spend_address(self, request: HttpRequest) -> None:
        hops = self._settings.trusted_proxy_hops
        address = address_of(request.headers.get("X-Forwarded-For", ""), request.peer_address, hops)
        self._per_address.spend(address, now_seconds=self._monotonic_time())

    def _headers(self, request: HttpRequest, progress: _Progress, *, has_body: bool) -> dict[str, str]:
        headers = cors_headers(
            request.headers.get("Origin", ""),
            self._settings.allowed_origins,
            preflight=request.method == "OPTIONS",
            asked=request.headers.get("Access-Control-Request-Headers", ""),
            app_check=self._attest_app is not None,
        )
        headers["Cache-Control"] = "no-store"
        headers["X-Content-Type-Options"] = "nosniff"
        if has_body:
            headers["Content-Type"] = "application/json"
        headers.update(progress.extra_headers)
        return headers

    def _log(
        self, request: HttpRequest, progress: _Progress, status: int, code: str, why: str, duration_seconds: float
    ) -> None:
        if code in _UNLOGGED:
            return
        outcome = RequestOutcome(
            method=_method_of(request),
            status=status,
            code=code,
            why=why,
            caller=progress.fingerprint,
            duration_seconds=duration_seconds,
            predispatch=progress.predispatch,
        )
        log_request(
            outcome,
            trace_header=request.headers.get("X-Cloud-Trace-Context", ""),
            project_id=self._settings.project_id,
        )


def _method_of(request: HttpRequest) -> str:
    """A method as it may be written down: a stranger chooses the word."""
    return request.method if request.method in _METHODS_LOGGED else _UNKNOWN_METHOD


def _host_of(header: str) -> str:
    """The host of a Host header, without its port; brackets of IPv6 go too."""
    host = header.strip().lower()
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _body_of(request: HttpRequest) -> bytes:
    if (request.content_length or 0) > BODY_BYTES_MAX:
        raise _too_large()
    body = request.read_body(BODY_BYTES_MAX + 1)
    if len(body) > BODY_BYTES_MAX:
        raise _too_large()
    if not body:
        return body
    media_type, _, parameters = request.headers.get("Content-Type", "").partition(";")
    charset = parameters.replace(" ", "").replace('"', "").lower()
    if media_type.strip().lower() != "application/json" or charset not in ("", "charset=utf-8", "charset=utf8"):
        raise Refusal(415, "unsupported_media_type", "Send the body as Content-Type: application/json in UTF-8.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refusal(415, "unsupported_media_type", "Send the body uncompressed, without Content-Encoding.")
    return body


def _too_large() -> Refusal:
    return Refusal(413, "body_too_large", f"The body is larger than {BODY_BYTES_MAX} bytes. Send less.")


def _error_body(code: str, message: str, field_name: str | None) -> str:
    return json.dumps({"error": {"code": code, "message": message, "field": field_name}})
