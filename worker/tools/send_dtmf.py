"""Lets the agent press keys, where it has called a number that answers with a menu."""

from __future__ import annotations

import re

from livekit.agents import RunContext, ToolError, function_tool

from worker.tools.context import CallServices, guarded_for

MOST_KEYS = 40
BESIDE_KEYS_SECONDS = 10.0
KEY_SECONDS = 0.5


@function_tool
@guarded_for(lambda settings: MOST_KEYS * KEY_SECONDS + BESIDE_KEYS_SECONDS)
async def send_dtmf(ctx: RunContext[CallServices], keys: str) -> str | None:
    """Press keys on the phone, when a recorded menu asks for it ("press 1 for ...").

    Args:
        keys: 0 to 9, * and #, in order; w waits for half a second.
    """
    if not re.fullmatch(rf"[0-9*#w]{{1,{MOST_KEYS}}}", keys):
        raise ToolError(f"Give 1 to {MOST_KEYS} keys out of 0 to 9, * and #, and nothing else.")
    if not await ctx.userdata.press_keys(keys):
        raise ToolError("There are no keys to press: this call is on no phone.")
    return "The keys were pressed. Say nothing, and listen to what comes."
