"""Lets the model change the language when the caller's wish was put in words that only it understood."""

from __future__ import annotations

from typing import Literal

from livekit.agents import RunContext, function_tool

from worker.languages import SUPPORTED
from worker.tools.context import CallServices, guarded

Code = Literal[SUPPORTED]  # type: ignore[valid-type]


@function_tool
@guarded
async def set_language(ctx: RunContext[CallServices], language: Code) -> str | None:
    """Speak another language from now on. Only when the caller clearly asks for it; following the language the caller
    speaks happens by itself.

    Args:
        language: The language to speak.
    """
    ctx.userdata.switch_language(language)
    return f"From now on you speak {language}. Answer in it, in its own script."
