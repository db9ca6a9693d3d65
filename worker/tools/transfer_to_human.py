"""Hands the caller to a person: a SIP transfer for phone callers, a webhook for everyone else."""

from __future__ import annotations

import contextlib

from livekit.agents import RunContext, ToolError, function_tool

from worker.settings import ToolSettings
from worker.tools.context import CallServices, guarded_for

BESIDE_RINGING_SECONDS = 30.0  # the phrase before it, and LiveKit's word on how it went
CONSULTATION_SECONDS = 120.0  # what a colleague is told who is asked first, and their farewell


def _longest_seconds(settings: ToolSettings) -> float:
    consults = CONSULTATION_SECONDS if settings.transfer_trunk else 0.0
    return settings.transfer_seconds + BESIDE_RINGING_SECONDS + consults


@function_tool
@guarded_for(_longest_seconds)
async def transfer_to_human(ctx: RunContext[CallServices], reason: str) -> str | None:
    """Connect the caller to a human colleague. Call this when the caller asks for a person.

    Args:
        reason: Why, in a few words, for the colleague.
    """
    call = ctx.userdata
    if call.settings.transfer_to:
        with contextlib.suppress(RuntimeError):  # interrupted already
            ctx.disallow_interruptions()  # "hello?" while it rings takes nothing back
        await call.say("transferring")
        if await call.transfer(call.settings.transfer_to, reason):
            return None
    if call.settings.transfer_webhook_url:
        body = {"reason": reason[:200], "language": call.language}
        async with call.http.post(call.settings.transfer_webhook_url, json=body) as answer:
            answer.raise_for_status()
        return "A colleague has been told and will call back. Say so."
    raise ToolError("Nobody can take the call right now. Apologise, and offer to help yourself.")
