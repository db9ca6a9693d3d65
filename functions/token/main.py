"""The token function's door: HTTP in and out, everything built here, nothing decided here.

A module of its own beside the package, because functions-framework loads it by path and wants a plain function.
"""

from __future__ import annotations

import io
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from join_token.at_first_use import BuiltAtFirstUse
from join_token.callers import Authenticator, anonymous
from join_token.endpoint import HttpRequest, TokenEndpoint
from join_token.env_file import with_env_file
from join_token.errors import Refusal, SettingsError
from join_token.request_log import log_started
from join_token.serving import prepare_server
from join_token.settings import AppCheckSettings, OidcSettings, TokenSettings, settings_from

if TYPE_CHECKING:
    from flask import Request
    from flask.typing import ResponseReturnValue
    from join_token.predispatch import Predispatch
    from join_token.tracing import Tracing

EXIT_BAD_SETTINGS = 2
_UNREADABLE = "The body ended early or is badly framed. Send it again."


def _build_endpoint() -> TokenEndpoint:
    settings = settings_from(*with_env_file(os.environ, Path.cwd()))
    log_started(settings.warnings, settings.auth)
    return TokenEndpoint(
        settings, _authenticator(settings), _app_attestation(settings), _predispatch(settings), _tracing(settings)
    )


# Each of these imports only what the settings ask for, and cryptography only at the first token to verify: an import
# that is not needed yet is cold-start time for every caller.
def _authenticator(settings: TokenSettings) -> Authenticator:
    if settings.auth == "hmac":
        from join_token.hmac_auth import HmacAuthenticator

        return HmacAuthenticator(settings.hmac_keys)
    if settings.oidc is not None:
        return BuiltAtFirstUse(partial(_oidc, settings.oidc))
    return anonymous


def _oidc(settings: OidcSettings) -> Authenticator:
    from join_token.oidc import OidcAuthenticator

    return OidcAuthenticator(settings)


def _app_check(settings: AppCheckSettings) -> Authenticator:
    from join_token.app_check import AppCheck

    return AppCheck(settings)


def _app_attestation(settings: TokenSettings) -> Authenticator | None:
    return BuiltAtFirstUse(partial(_app_check, settings.app_check)) if settings.app_check else None


def _predispatch(settings: TokenSettings) -> Predispatch | None:
    if not settings.predispatch:
        return None
    from join_token.predispatch import Predispatch

    return Predispatch(settings)


def _tracing(settings: TokenSettings) -> Tracing | None:
    if settings.traces is None:
        return None
    from join_token.tracing import Tracing

    return Tracing(settings.traces)


prepare_server(os.environ)
try:
    _ENDPOINT = _build_endpoint()
except SettingsError as error:
    # A broken setting should fail the deployment with a list, not the first caller with a riddle.
    sys.stderr.write("\n  ".join(["The token function cannot start:", *error.problems]) + "\n")
    sys.exit(EXIT_BAD_SETTINGS)


def token(request: Request) -> ResponseReturnValue:
    """Answer one request."""
    reply = _ENDPOINT.answer(
        HttpRequest(
            method=request.method,
            path=_path_as_sent(request),
            headers=request.headers,
            peer_address=request.remote_addr or "",
            content_length=request.content_length,
            read_body=lambda limit_bytes: _read(request, limit_bytes),
        )
    )
    # functions-framework reads the whole rest into memory after we return: here it finds nothing left to read.
    request.stream = io.BytesIO()
    return reply.body, reply.status, reply.headers


def _path_as_sent(request: Request) -> str:
    """The path in the caller's own spelling: a signature over it must not depend on how a server decodes it."""
    raw = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.path
    return str(raw).partition("?")[0] if str(raw).startswith("/") else request.path


def _read(request: Request, limit_bytes: int) -> bytes:
    chunks = []
    asked_bytes = limit_bytes
    try:
        while limit_bytes > 0 and (chunk := request.stream.read(limit_bytes)):
            chunks.append(chunk)
            limit_bytes -= len(chunk)
    # Whatever reading raises is about what was sent; the classes belong to whichever server runs us.
    except Exception as error:
        raise Refusal(400, "unreadable_body", _UNREADABLE, why=type(error).__name__) from error
    body = b"".join(chunks)
    if request.content_length is not None and len(body) < min(request.content_length, asked_bytes):
        raise Refusal(400, "unreadable_body", _UNREADABLE, why="ended_early")
    return body
