"""What a language model that is well does wrong: refuses a request, rambles, or writes what is not for the ear."""

from __future__ import annotations

import json
from dataclasses import replace

from aiohttp import web

from sandbox.control.scopes import Scope
from sandbox.openai.script import Reply, ToolCall

REFUSED_REQUESTS = {
    "filtered": (
        "content_filter",
        "The response was filtered due to the prompt triggering our content management policy.",
    ),
    "too_long": (
        "context_length_exceeded",
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.",
    ),
}
REFUSAL = "I'm sorry, but I can't talk about that."
# Longer than a ready goodbye by far: a quarter of a minute.
GOODBYE = (
    "Thank you for calling, have a nice day. Your order leaves our house in Bengaluru tonight, and is with you on "
    "Friday before noon. If nobody is at home then, the courier leaves it with your neighbour, or comes again on "
    "Saturday. Should anything be missing, just call this number again, at any hour. Until then, all the best to you."
)
ENDLESS_SENTENCES = 500  # four minutes and more of the caller's time


def refused_request(scope: Scope) -> web.Response | None:
    """The 400 that only this request gets; None when it is taken."""
    fault = scope.fault("llm", *REFUSED_REQUESTS)
    if fault is None:
        return None
    code, message = REFUSED_REQUESTS[fault.name]
    error = {"message": message, "type": "invalid_request_error", "param": "messages", "code": code}
    return web.json_response({"error": error}, status=400)


def misbehaved(scope: Scope, reply: Reply) -> Reply:
    """The reply, or what comes in its place."""
    fault = scope.fault(
        "llm", "filtered_answer", "declined", "emoji", "endless", "call_as_text", "words_and_call", "uninvited_call"
    )
    match fault.name if fault else "":
        case "filtered_answer":
            return Reply(finish_reason="content_filter")
        case "declined":
            return Reply(text=REFUSAL, declines=True)
        case "emoji":
            return Reply(text="\N{SLIGHTLY SMILING FACE}")
        case "endless":
            return Reply(text="And then it went on for ever. " * ENDLESS_SENTENCES)
        case "call_as_text":
            call = json.dumps({"name": "current_time", "arguments": {"time_zone": None}})
            return Reply(text=f"<tool_call>{call}</tool_call> One moment. {reply.text}")
        case "words_and_call" if reply.call is not None:
            return replace(reply, text=GOODBYE)
        case "uninvited_call":
            return Reply(call=ToolCall("current_time", {"time_zone": None}))
    return reply
