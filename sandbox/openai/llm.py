"""Stand in for OpenAI's chat completions: the wire format, token by token; what is said is in `script`."""

import asyncio
import json
import re
import time
import zlib
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from sandbox.control.scopes import STATUS_FAULTS, Fault, Scope, held
from sandbox.control.vendor import (
    MESSAGES,
    OUT_OF_CREDIT,
    REFUSED_KEYS,
    SCOPES,
    Refused,
    abort,
    answer,
    bearer,
    before_answering,
    now,
    request_id,
    until,
)
from sandbox.openai.misbehaviour import misbehaved, refused_request
from sandbox.openai.script import Reply, reply_to, text_of
from sandbox.openai.structured import refusal_of, schema_of, structured_answer

MODELS = (
    "gpt-6-luna", "gpt-6-sol", "gpt-5.6-luna", "gpt-4o-mini", "gpt-4o", "gpt-4.1", "gpt-4.1-mini",
    "gpt-5", "gpt-5-mini", "gpt-5-nano",
)  # fmt: skip
_MODEL = re.compile(r"(gpt-|o\d|chatgpt-)[\w.:-]+$")  # more exist than are listed
_CODES = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
    500: ("server_error", None),
}
_MESSAGES = {
    401: "Incorrect API key provided. You can find your API key at the account's API key page.",
    403: "The request is forbidden.",
}
TOKENS_BEFORE_FAULT = 2


def refuse(status: int, message: str, param: str | None = None) -> web.Response:
    kind, code = ("insufficient_quota",) * 2 if message == OUT_OF_CREDIT else _CODES[status]
    error = {"message": _MESSAGES.get(status, message), "type": kind, "param": param, "code": code}
    return web.json_response({"error": error}, status=status)


def error_body(status: int) -> bytes:
    """An error as it comes in the middle of a stream."""
    return refuse(status, MESSAGES[status]).body  # type: ignore[return-value]


def scope_of(request: web.Request) -> Scope:
    key = bearer(request)
    if key in REFUSED_KEYS:
        raise Refused(refuse(401, ""))
    return request.app[SCOPES].for_key(key)


async def models(request: web.Request) -> web.StreamResponse:
    """`GET /v1/models`, which the plugin asks to warm its connection."""
    scope = scope_of(request)
    scope.log("llm", "models")
    data = [
        {"id": name, "object": "model", "created": 1760000000, "owned_by": "openai"}
        for name in scope.catalogue.offered(MODELS)
    ]
    return web.json_response({"object": "list", "data": data})


async def complete(request: web.Request) -> web.StreamResponse:
    """`POST /v1/chat/completions`."""
    scope = scope_of(request)
    asked_at = now()
    body = await _checked_body(request, scope)
    messages, tools, asked = body["messages"], _callable_tools(body), schema_of(body)
    if asked is not None and (problem := refusal_of(asked)):
        raise Refused(refuse(400, problem, "response_format"))
    written = Reply(structured_answer(asked, text_of(messages[-1]))) if asked is not None else reply_to(messages, tools)
    reply = misbehaved(scope, written)
    details = _details(body, reply)
    scope.log("llm", "asked", **details)
    try:
        await before_answering(scope, "llm", refuse)
        if (refused := refused_request(scope)) is not None:
            raise Refused(refused)
        slow = scope.slow("llm")
        fault = scope.fault("llm", "stall", "drop", "malformed", "empty")
        if body.get("stream"):
            response = await Completion(request, scope, body, reply, fault, slow).stream(asked_at)
        else:
            response = await _whole(request, scope, body, reply, fault, asked_at, slow)
    except (asyncio.CancelledError, ConnectionError):
        scope.log("llm", "answered", **details, cancelled=True)
        raise
    scope.log("llm", "answered", **details, cancelled=False)
    return response


def tokens_of(reply: Reply) -> list[str]:
    """A reply in the pieces in which it is streamed: words with the space in front, as real tokens have it."""
    return re.findall(r"\s*\S+", reply.text)


def usage_of(body: dict[str, Any], reply: Reply) -> dict[str, Any]:
    """Tokens by a rule of thumb (four bytes each); tools count, as they do on the bill."""
    asked = "".join(text_of(message) for message in body["messages"]) + json.dumps(body.get("tools") or [])
    answered = reply.text or json.dumps(reply.call.arguments if reply.call else {})
    prompt, completion = len(asked.encode()) // 4 + 1, len(answered.encode()) // 4 + 1
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


class Completion:
    """One answer as a stream of server-sent events."""

    def __init__(
        self,
        request: web.Request,
        scope: Scope,
        body: dict[str, Any],
        reply: Reply,
        fault: Fault | None,
        slow: float,
    ) -> None:
        self._request, self._scope, self._body, self._reply = request, scope, body, reply
        self._fault, self._slow = fault, slow
        self._id = f"chatcmpl-{request_id()}"
        self._response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})

    async def stream(self, asked_at: float) -> web.StreamResponse:
        settings, reply = self._scope.settings, self._reply
        await self._response.prepare(self._request)
        hang = self._scope.fault("llm", "hang", phase="stream")
        if hang is not None:
            await held(hang)
        due_at = asked_at + settings.llm_first_token_seconds * self._slow
        await until(due_at)
        await self._delta({"role": "assistant", "content": None if reply.call else ""})
        refusal = self._scope.fault("llm", *STATUS_FAULTS, phase="stream")
        kind = refusal.name if refusal else self._fault.name if self._fault else ""
        deltas = [] if kind == "empty" else list(self._deltas())
        break_at = min(TOKENS_BEFORE_FAULT, len(deltas))
        for number, delta in enumerate(deltas):
            if number == break_at and await self._broken(kind):
                return self._response
            await until(due_at)
            if number == 0:
                self._scope.log("llm", "first_token")
            await self._delta(delta)
            due_at += settings.llm_token_seconds * self._slow
        if deltas and break_at == len(deltas) and await self._broken(kind):
            return self._response
        await self._end()
        return self._response

    def _deltas(self) -> Iterator[dict[str, Any]]:
        field = "refusal" if self._reply.declines else "content"
        yield from ({field: token} for token in tokens_of(self._reply))
        call = self._reply.call
        if call is None:
            return
        function = {"name": call.name, "arguments": ""}
        yield {"tool_calls": [{"index": 0, "id": call_id(call), "type": "function", "function": function}]}
        arguments = json.dumps(call.arguments, ensure_ascii=False)
        for begin in range(0, len(arguments), 8):
            piece = {"arguments": arguments[begin : begin + 8]}
            yield {"tool_calls": [{"index": 0, "function": piece}]}

    async def _broken(self, kind: str) -> bool:
        """Apply the faults of the middle, after the first tokens; True when nothing more will come."""
        if kind == "stall" and self._fault is not None:
            await held(self._fault)
        elif kind in STATUS_FAULTS:
            await self._response.write(b"data: " + error_body(STATUS_FAULTS[kind]) + b"\n\n")
            await self._response.write_eof()
            return True
        elif kind == "drop":
            abort(self._request)
            return True
        elif kind == "malformed":
            await self._response.write(b'data: {"id":"broken","choices":[{"index":0,"delta":{"cont\n\n')
        return False

    async def _end(self) -> None:
        if self._scope.fault("llm", "no_finish_reason") is None:
            await self._delta({}, _finish_reason(self._reply))
        wants_usage = (self._body.get("stream_options") or {}).get("include_usage")
        if wants_usage and self._scope.fault("llm", "no_usage") is None:
            await self._send({"choices": [], "usage": usage_of(self._body, self._reply)})
        if self._scope.fault("llm", "no_done") is None:
            await self._response.write(b"data: [DONE]\n\n")
        await self._response.write_eof()

    async def _delta(self, delta: dict[str, Any], finish_reason: str | None = None) -> None:
        await self._send({"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})

    async def _send(self, changes: dict[str, Any]) -> None:
        chunk = {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": self._body["model"],
            **changes,
        }
        await self._response.write(f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode())


async def _whole(
    request: web.Request,
    scope: Scope,
    body: dict[str, Any],
    reply: Reply,
    fault: Fault | None,
    asked_at: float,
    slow: float,
) -> web.StreamResponse:
    settings = scope.settings
    seconds = settings.llm_first_token_seconds + settings.llm_token_seconds * len(tokens_of(reply))
    await until(asked_at + seconds * slow)
    if fault is not None and fault.name == "empty":
        reply = Reply()
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or (None if reply.call else "")}
    if reply.declines:
        message |= {"content": None, "refusal": reply.text}
    if reply.call is not None:
        arguments = json.dumps(reply.call.arguments, ensure_ascii=False)
        function = {"name": reply.call.name, "arguments": arguments}
        message["tool_calls"] = [{"id": call_id(reply.call), "type": "function", "function": function}]
    choice = {"index": 0, "message": message, "finish_reason": _finish_reason(reply)}
    whole = {
        "id": f"chatcmpl-{request_id()}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body["model"],
        "choices": [choice],
        "usage": usage_of(body, reply),
    }
    return await answer(request, whole, fault)


def _finish_reason(reply: Reply) -> str:
    return reply.finish_reason or ("tool_calls" if reply.call else "stop")


def call_id(call: Any) -> str:
    """The same call, the same id: replies do not differ from run to run."""
    return f"call_{zlib.crc32(json.dumps([call.name, call.arguments], ensure_ascii=False).encode()):08x}"


async def _checked_body(request: web.Request, scope: Scope) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        raise Refused(refuse(400, "We could not parse the JSON body of your request.")) from None
    messages = body.get("messages") if isinstance(body, dict) else None
    if not isinstance(messages, list) or not messages or not all(isinstance(m, dict) for m in messages):
        raise Refused(refuse(400, "Missing or invalid parameter: 'messages'.", "messages"))
    if not _MODEL.match(model := str(body.get("model"))) or not scope.catalogue.offered((model,)):
        raise Refused(refuse(404, f"The model `{model}` does not exist.", "model"))
    return dict(body)


def _callable_tools(body: dict[str, Any]) -> list[dict[str, Any]]:
    # gpt-6 reasons by default, and then calls no functions on this endpoint: a worker must ask for "none".
    if str(body["model"]).startswith("gpt-6") and body.get("reasoning_effort") != "none":
        return []
    return body.get("tools") or []


def _details(body: dict[str, Any], reply: Reply) -> dict[str, Any]:
    users = [text_of(each) for each in body["messages"] if each.get("role") == "user"]
    return {
        "model": body["model"],
        "messages": len(body["messages"]),
        "user": users[-1] if users else None,
        "tools": [(tool.get("function") or {}).get("name") for tool in body.get("tools") or []],
        "reasoning_effort": body.get("reasoning_effort"),
        "reply": reply.text,
        "tool_call": reply.call.name if reply.call else None,
    }
