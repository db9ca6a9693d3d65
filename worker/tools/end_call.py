"""Lets the agent hang up: a goodbye in the caller's language, then the call ends for everyone."""

from __future__ import annotations

from livekit.agents import RunContext, function_tool

from worker.tools.context import CallServices, guarded


@function_tool
@guarded
async def end_call(ctx: RunContext[CallServices]) -> str | None:
    """End the phone call. Call this when the caller says goodbye or needs nothing more.

    It speaks the goodbye itself, so say nothing before or after it.
    """
    call, tool_call = ctx.userdata, ctx.function_call.call_id
    heard = call.said_goodbye_before(tool_call)
    says_goodbye = heard or call.has_words(tool_call)  # asked not to, many a model does it all the same
    call.end("caller_said_goodbye", None if says_goodbye else "goodbye", goodbye_is_heard=heard)
    return None  # no reply is wanted: the goodbye is already queued
