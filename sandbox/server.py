"""Put all stand-ins behind one HTTP port."""

import asyncio
import contextlib
import signal
from collections.abc import Callable

from aiohttp import web

from sandbox import web_files, web_routes
from sandbox.control import endpoint
from sandbox.control.scopes import Scopes, Settings
from sandbox.control.vendor import SCOPES, refusals
from sandbox.openai import llm
from sandbox.sarvam import stt, stt_realtime, tts
from sandbox.services import orders, vendor_docs

MAX_BODY_BYTES = 16 * 1024 * 1024


def create_app(defaults: Settings | None = None) -> web.Application:
    """The whole application; `defaults` are every scope's settings until they are changed."""
    app = web.Application(middlewares=[refusals], client_max_size=MAX_BODY_BYTES)
    app[SCOPES] = Scopes(defaults)
    endpoint.install(app)
    web_routes.add_web_routes(app)
    app.add_routes(
        [
            web.get("/speech-to-text/ws", stt.stream),
            web.post("/speech-to-text", stt.transcribe),
            web.get("/speech-to-text-realtime/ws", stt_realtime.stream),
            web.get("/text-to-speech/ws", tts.stream),
            web.get("/text-to-speech/ws/v2", tts.stream),
            web.post("/text-to-speech", tts.synthesise),
            web.get("/v1/models", llm.models),
            web.post("/v1/chat/completions", llm.complete),
            web.get("/orders/{id}", orders.order),
            web.get("/docs/{scope}/openai/models/{model}.md", vendor_docs.openai_model),
            web.get("/docs/{scope}/openai/deprecations.md", vendor_docs.openai_deprecations),
            web.get("/docs/{scope}/sarvam/getting-started/pricing.md", vendor_docs.sarvam_prices),
            web.get("/{path:.*}", web_files.serve),
        ]
    )
    return app


async def serve(host: str, port: int, defaults: Settings, announce: Callable[[int], None]) -> None:
    """Serve until SIGINT or SIGTERM. `announce` gets the port once it is open."""
    # Cancellation tells a handler at once that its client has gone: an interrupted reply is logged as one.
    runner = web.AppRunner(create_app(defaults), handler_cancellation=True, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, host, port, shutdown_timeout=1.0)
    await site.start()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(each, stop.set)
    announce(int(runner.addresses[0][1]))
    try:
        await stop.wait()
    finally:
        await runner.cleanup()
