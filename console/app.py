"""Puts the console together: who may come in, which address is which page, and what happens when it goes wrong."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.database import Records
from console.errors import Refusal
from console.headers import SecurityHeaders
from console.iap_keys import IapKeys
from console.identity import Identity, IdentityAwareProxy, Loopback
from console.live_calls import LiveCalls
from console.pages import call, calls, exports, live, numbers, recording
from console.recordings import Recordings
from console.rendering import refusal_page
from console.rollup import RollUp
from console.settings import ConsoleSettings, is_loopback

WEB = Path(__file__).parent / "web"
UPLOT = WEB / "node_modules" / "uplot" / "dist"
HEALTH = "/health"
_log = logging.getLogger("console")


def console_app(settings: ConsoleSettings, identity: Identity | None = None) -> Starlette:
    """Build the console.

    Args:
        identity: Instead of the one that the settings ask for (tests).
    """
    records = Records(settings.records_url)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await app.state.live_calls.aclose()
        await app.state.roll_up.aclose()
        await records.aclose()

    app = Starlette(
        routes=_routes(),
        middleware=[
            Middleware(SecurityHeaders, https=bool(settings.iap_audience)),
            Middleware(Door, identity=identity or _identity(settings), loopback=not settings.iap_audience),
        ],
        exception_handlers={Refusal: _refused, HTTPException: _no_page},
        lifespan=lifespan,
    )
    app.state.settings, app.state.records = settings, records
    app.state.recordings = Recordings(settings.recordings_url)
    app.state.roll_up, app.state.live_calls = RollUp(records), LiveCalls(records)
    return app


def _identity(settings: ConsoleSettings) -> Identity:
    if not settings.iap_audience:
        return Loopback()
    return IdentityAwareProxy(settings.iap_audience, IapKeys(settings.iap_jwks_url), settings.words_for)


def _routes() -> list[Route | Mount]:
    return [
        Route("/", calls.calls_page),
        Route("/wrong", calls.wrong_page),
        Route("/live", live.live_page),
        Route("/live/events", live.events),
        Route("/numbers", numbers.numbers_page),
        Route("/calls/{call_id}", call.call_page),
        Route("/calls/{call_id}/recording", recording.recording),
        Route("/export.jsonl", exports.as_json_lines),
        Route("/export.csv", exports.as_csv),
        Route(HEALTH, _health),
        Mount("/uplot", StaticFiles(directory=UPLOT, check_dir=False)),
        Mount("/web", StaticFiles(directory=WEB)),
    ]


class Door:
    """Lets nobody in who is not known, whatever they ask for. Only the health check needs no name."""

    def __init__(self, app: ASGIApp, *, identity: Identity, loopback: bool) -> None:
        self._app, self._identity, self._loopback = app, identity, loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == HEALTH:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            if self._loopback and not is_loopback(request.url.hostname or ""):
                # A page of the internet whose name is made to mean this machine would read every call.
                raise Refusal(403, "bad_host")
            request.state.viewer = await self._identity.viewer_of(request)
        except Refusal as refusal:
            await refusal_page(request, refusal)(scope, receive, send)
            return
        await self._answered(request, receive, send)

    async def _answered(self, request: Request, receive: Receive, send: Send) -> None:
        """Answer, with a page of ours whatever happens."""
        has_begun = False

        async def noticed(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(request.scope, receive, noticed)
        except Exception:
            _log.exception("a page failed")
            if has_begun:
                raise  # half an answer is cut off, so that nobody takes it for a whole one
            await refusal_page(request, Refusal(500, "unexpected"))(request.scope, receive, send)


async def _health(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return refusal_page(request, error)


async def _no_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return refusal_page(request, Refusal(405, "not_changed_here"))
    return refusal_page(request, Refusal(error.status_code, "no_such_page"))
