"""Hands the caller to a person: a SIP transfer for phone callers, a webhook for everyone else."""

from __future__ import annotations

from livekit.agents import RunContext, ToolError, function_tool

from worker.tools.context import CallServices, guarded


@function_tool
@guarded
async def transfer_to_human(ctx: RunContext[CallServices], reason: str) -> str | None:
    """Connect the caller to a human colleague. Call this when the caller asks for a person.

    Args:
        reason: Why, in a few words, for the colleague.
    """
    call = ctx.userdata
    if call.settings.transfer_to:
        await call.say("transferring")
        if await call.transfer(call.settings.transfer_to):
            return None
    if call.settings.transfer_webhook_url:
        body = {"reason": reason[:200], "language": call.language}
        async with call.http.post(call.settings.transfer_webhook_url, json=body) as answer:
            answer.raise_for_status()
        return "A colleague has been told and will call back. Say so."
    raise ToolError("Nobody can take the call right now. Apologise, and offer to help yourself.")
