"""Tells the time, which a model cannot know."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from livekit.agents import RunContext, ToolError, function_tool

from worker.tools.context import CallServices, guarded


@function_tool
@guarded
async def current_time(ctx: RunContext[CallServices], time_zone: str | None) -> str | None:
    """Get the current date and time.

    Args:
        time_zone: An IANA name such as Asia/Dubai when the caller asks about another place; null for the caller's own.
    """
    return describe_now(time_zone or ctx.userdata.settings.time_zone)


def describe_now(time_zone: str, now: datetime | None = None) -> str:
    """The time in `time_zone`, for a model to put into words.

    Raises:
        ToolError: There is no such time zone.
    """
    try:
        zone = ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError):
        raise ToolError(f"{time_zone!r} is no IANA time zone; ask the caller which city they mean") from None
    local = (now or datetime.now(zone)).astimezone(zone)
    return f"It is {local:%I:%M %p} on {local:%A, %d %B %Y} in {time_zone}."
