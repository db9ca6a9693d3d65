"""What a tool may ask of the call it runs in, and the frame every tool runs inside."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

import aiohttp
from livekit.agents import RunContext, ToolError
from livekit.agents.voice import SpeechHandle

from worker import log_events
from worker.settings import WorkerSettings

log = logging.getLogger("vaani")
RESULT_LIMIT_CHARACTERS = 2000
FILLER_AFTER_SECONDS = 1.0
F = TypeVar("F", bound=Callable[..., Awaitable[str | None]])


class CallServices(Protocol):
    """The call, as tools see it."""

    settings: WorkerSettings
    http: aiohttp.ClientSession

    @property
    def language(self) -> str:
        """The language the reply is spoken in."""

    def say(self, phrase: str) -> SpeechHandle:
        """Speak a ready phrase in the caller's language."""

    def switch_language(self, language: str) -> None:
        """Speak `language` from now on."""

    def end(self, reason: str, phrase: str | None = None) -> None:
        """Say `phrase`, then end the call for everyone."""

    async def transfer(self, to: str) -> bool:
        """Send a phone caller to another number; False when the caller is not on a phone."""


def guarded(tool: F) -> F:
    """Run a tool so that nothing it does can hurt the call.

    It has `WORKER_TOOL_SECONDS`; a caller who waits over a second hears a filler; an error becomes words that the
    model can say, never a stack trace; a result is cut to a size that a model can use.
    """

    @functools.wraps(tool)
    async def run(ctx: RunContext[CallServices], *args: Any, **kwargs: Any) -> str | None:
        call = ctx.userdata
        try:
            async with (
                asyncio.timeout(call.settings.tool_seconds),
                ctx.with_filler(lambda _: call.say("one_moment"), delay=FILLER_AFTER_SECONDS),
            ):
                result = await tool(ctx, *args, **kwargs)
        except ToolError:
            raise
        except TimeoutError:
            raise _failed(tool.__name__, "it took too long") from None
        except Exception as error:
            raise _failed(tool.__name__, type(error).__name__) from error
        return result[:RESULT_LIMIT_CHARACTERS] if isinstance(result, str) else result

    return run  # type: ignore[return-value]


def _failed(name: str, why: str) -> ToolError:
    log.warning(log_events.TOOL_FAILED, extra={"provider": name, "why": why})
    return ToolError(f"{name} did not work just now. Tell the caller so in one sentence, and offer to try again later.")
