"""Let tests and people change what the stand-ins do while they run: the control endpoint."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.control import untrusted_certificate
from sandbox.control.scopes import BadSetting, Scope
from sandbox.control.vendor import SCOPES, Refused
from sandbox.speech import recogniser, voices
from sandbox.speech.transcripts import BadTranscript, parse_entry

READY: web.AppKey[asyncio.Event] = web.AppKey("ready", asyncio.Event)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_WARMING: web.AppKey["asyncio.Task[None]"] = web.AppKey("warming", asyncio.Task)
_PORTS: web.AppKey[list[Any]] = web.AppKey("ports", list)


def install(app: web.Application) -> None:
    """Add the routes under `/control`, and make the slow parts ready in the background."""
    app.middlewares.append(from_this_machine)
    app[READY] = asyncio.Event()
    app[_PORTS] = []
    app.add_routes(
        [
            web.get("/control/health", health),
            web.get("/control/scopes/{scope}", show),
            web.patch("/control/scopes/{scope}", change),
            web.delete("/control/scopes/{scope}", reset),
            web.post("/control/scopes/{scope}/transcripts", queue_transcripts),
            web.get("/control/scopes/{scope}/seen", seen),
            web.post("/control/ports", open_port),
        ]
    )
    app.on_startup.append(_start_warming)
    app.on_cleanup.append(_stop)


@web.middleware
async def from_this_machine(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Keep pages of other sites away from the controls: a name that leads here is not this machine's own."""
    if request.path.startswith("/control/") and _host_of(request.headers.get("Host", "")) not in _LOOPBACK:
        message = "the controls are for this machine: address them as 127.0.0.1 or localhost"
        return web.json_response({"error": {"code": "not_this_machine", "message": message}}, status=403)
    return await handler(request)


def _host_of(header: str) -> str:
    """The host of a Host header, without its port; brackets of IPv6 go too."""
    host = header.strip().lower()
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


async def health(request: web.Request) -> web.Response:
    if not request.app[READY].is_set():
        return web.json_response({"status": "starting"}, status=503)
    return web.json_response({"status": "ok"})


async def show(request: web.Request) -> web.Response:
    return web.json_response(_existing(request).described())


async def change(request: web.Request) -> web.Response:
    body = await _json_object(request)
    scope = request.app[SCOPES].get_or_create(request.match_info["scope"])
    try:
        scope.patch(body)
    except BadSetting as problem:
        raise Refused(_error("bad_setting", str(problem))) from None
    return web.json_response(scope.described())


async def reset(request: web.Request) -> web.Response:
    name = request.match_info["scope"]
    request.app[SCOPES].reset(name)
    return web.json_response(request.app[SCOPES].get_or_create(name).described())


async def queue_transcripts(request: web.Request) -> web.Response:
    body = await _json_object(request)
    raw = body.get("transcripts")
    if not isinstance(raw, list):
        raise Refused(_error("bad_transcript", "the body must be {'transcripts': [...], 'replace': false}"))
    try:
        entries = [parse_entry(each) for each in raw]
    except BadTranscript as problem:
        raise Refused(_error("bad_transcript", str(problem))) from None
    scope = request.app[SCOPES].get_or_create(request.match_info["scope"])
    if body.get("replace"):
        scope.queue.clear()
    scope.queue.extend(entries)
    return web.json_response({"queued_transcripts": len(scope.queue)})


async def seen(request: web.Request) -> web.Response:
    raw = request.query.get("after", "0")
    try:
        after = int(raw)
    except ValueError:
        raise Refused(_error("bad_index", f"after must be an index such as 7, not {raw!r}")) from None
    return web.json_response(_existing(request).seen(after))


async def open_port(request: web.Request) -> web.Response:
    kind = (await _json_object(request)).get("kind")
    if kind == "closed":
        port = _closed_port(request.app)
    elif kind == "bad_tls":
        port = await _bad_tls_port(request.app)
    else:
        raise Refused(_error("bad_kind", f"kind must be 'bad_tls' or 'closed', not {kind!r}"))
    return web.json_response({"port": port})


def _closed_port(app: web.Application) -> int:
    # Bound, but never listening: connections are refused, and no other process can take the port.
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    app[_PORTS].append(bound)
    return int(bound.getsockname()[1])


async def _bad_tls_port(app: web.Application) -> int:
    async def never(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    context = await asyncio.to_thread(untrusted_certificate.server_context)
    server = await asyncio.start_server(never, "127.0.0.1", 0, ssl=context)
    app[_PORTS].append(server)
    return int(server.sockets[0].getsockname()[1])


def _existing(request: web.Request) -> Scope:
    # Looking must not create: a scope that exists takes its key away from `default`.
    return request.app[SCOPES].for_key(request.match_info["scope"])


async def _json_object(request: web.Request) -> dict[str, Any]:
    if request.content_type != "application/json":  # any page may send text/plain here without asking first
        raise Refused(_error("bad_content_type", "send the body as Content-Type: application/json"))
    try:
        body = await request.json()
    except json.JSONDecodeError as problem:
        raise Refused(_error("bad_json", f"the body is not JSON: {problem}")) from None
    if not isinstance(body, dict):
        raise Refused(_error("bad_json", "the body must be a JSON object"))
    return body


def _error(code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=400)


async def _start_warming(app: web.Application) -> None:
    async def warm() -> None:
        await voices.render_async("ready", "en-IN")
        await recogniser.load()
        app[READY].set()
        print("sandbox ready", flush=True)

    app[_WARMING] = asyncio.create_task(warm())


async def _stop(app: web.Application) -> None:
    app[_WARMING].cancel()
    for each in app[_PORTS]:
        each.close()
