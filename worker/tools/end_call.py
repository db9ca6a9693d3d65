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
    said_goodbye = ctx.userdata.has_words(ctx.function_call.call_id)  # asked not to, many a model does it all the same
    ctx.userdata.end("caller_said_goodbye", None if said_goodbye else "goodbye")
    return None  # no reply is wanted: the goodbye is already queued
