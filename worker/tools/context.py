"""Runs every tool, whoever wrote it, within limits, and says what it may ask of its call."""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
import logging
import math
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar, get_type_hints
from weakref import WeakKeyDictionary

import aiohttp
from livekit.agents import Agent, AgentSession, RunContext, StopResponse, ToolError, llm
from livekit.agents.voice import SpeechHandle

from worker import log_events
from worker.recovery.snapshot import without_half_characters
from worker.settings import ToolSettings
from worker.tools.beside import LoopBeside, in_thread

log = logging.getLogger("vaani")
RESULT_LIMIT_CHARACTERS = 2000
FILLER_AFTER_SECONDS = 1.0
FILLER_AGAIN_SECONDS = 2.5  # with the words themselves and a second of quiet: as often as other waits are bridged
_now = time.monotonic
_filler_at: WeakKeyDictionary[AgentSession[Any], float] = WeakKeyDictionary()
_CONTEXT = "vaani_context"  # no tool's own parameter is called so
AnyTool = llm.FunctionTool[Any, Any] | llm.RawFunctionTool[Any, Any]
F = TypeVar("F", bound=Callable[..., Awaitable[str | None]])


class CallServices(Protocol):
    """Declares what a tool may ask of its call."""

    settings: ToolSettings
    http: aiohttp.ClientSession

    @property
    def caller(self) -> str | None:
        """Who calls, for a look-up to check: the verified caller's fingerprint, or a phone's `tel:` number; or None."""

    @property
    def language(self) -> str:
        """The language the reply is spoken in."""

    def say(self, phrase: str) -> SpeechHandle:
        """Speak a ready phrase in the caller's language."""

    def switch_language(self, language: str) -> None:
        """Speak `language` from now on."""

    def has_words(self, tool_call_id: str) -> bool:
        """Whether the model itself has said something to the caller beside this tool's call."""

    def said_goodbye_before(self, tool_call_id: str) -> bool:
        """Whether it has said goodbye in an earlier answer of this call's turn, which is heard already."""

    def end(self, reason: str, phrase: str | None = None, *, goodbye_is_heard: bool = False) -> None:
        """Say `phrase`, then end the call for everyone; without one, the goodbye that is being said, or was."""

    async def transfer(self, to: str, reason: str) -> bool:
        """Send a phone caller to another number; False when the caller is not on a phone.

        Args:
            to: `tel:+91…` or `sip:…`.
            reason: Why, in a few words, for the colleague.
        Raises:
            ToolError: They were not sent on; it says why, for the model.
        """

    async def press_keys(self, keys: str) -> bool:
        """Press keys on the phone line, `w` for half a second's pause; False when the caller is not on a phone."""


def guarded(tool: F) -> F:
    """Run one of our own tools in the frame; returning None ends the turn without words: it has spoken by itself."""
    return guarded_for(lambda settings: settings.tool_seconds, again_seconds=FILLER_AGAIN_SECONDS)(tool)


def guarded_for(seconds: Callable[[ToolSettings], float], *, again_seconds: float | None = None) -> Callable[[F], F]:
    """Run a tool in the frame that has a time limit of its own.

    Args:
        seconds: The limit.
        again_seconds: How long after a filler the next one may be said; None where the caller hears something else.
    """

    def guard(tool: F) -> F:
        @functools.wraps(tool)
        async def run(ctx: RunContext[CallServices], *args: Any, **kwargs: Any) -> Any:
            async def work() -> str | None:
                result = await tool(ctx, *args, **kwargs)
                return None if result is None else as_text(result)

            limit = seconds(ctx.userdata.settings)
            return await _within_limits(ctx, tool.__name__, work(), limit, again_seconds)

        return run  # type: ignore[return-value]

    return guard


def framed(tool: AnyTool, *, beside: LoopBeside | None = None) -> AnyTool:
    """Run somebody else's tool in the frame. It cannot end a turn without words: the model says what it did.

    Args:
        tool: Whoever wrote it.
        beside: Where it is awaited, in case that it blocks; one that takes the call's context stays in the call's loop.
    """
    name = tool.info.name
    hints = get_type_hints(tool, include_extras=True)
    if any(llm.utils.is_context_type(hint) for hint in hints.values()):
        beside = None
    context = inspect.Parameter(_CONTEXT, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    signature = inspect.signature(tool)

    async def work(*args: Any, **kwargs: Any) -> Any:
        try:
            result = await _called(functools.partial(tool, *args, **kwargs), beside)
        except StopResponse:
            result = None
        except ToolError:
            log.warning(log_events.TOOL_FAILED, extra={"provider": name, "why": "ToolError"})
            raise
        if isinstance(result, llm.ToolResult):
            result = result.output
        if _hands_over(result):
            return result
        text = "" if result is None else as_text(result)
        return text if text.strip() else f"{name} is done. Tell the caller so in a few words."

    @functools.wraps(tool, updated=())  # a tool's __dict__ holds its own annotations
    async def run(ctx: RunContext[CallServices], *args: Any, **kwargs: Any) -> Any:
        limit = ctx.userdata.settings.tool_seconds
        return await _within_limits(ctx, name, work(*args, **kwargs), limit, FILLER_AGAIN_SECONDS)

    # The framework reads from both what the model has to fill in, and where the context goes.
    run.__signature__ = signature.replace(parameters=[context, *signature.parameters.values()])  # type: ignore[attr-defined]
    run.__annotations__ = {_CONTEXT: RunContext, **hints}
    return type(tool)(run, tool.info)  # type: ignore[arg-type]  # one class, and the info that belongs to it


def as_text(result: object) -> str:
    """Return a tool's result as text that a model can be sent, and of a size that it can use."""
    try:
        text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, default=str)
    except (TypeError, ValueError):  # keys that JSON has not, or a circle: the tool has worked all the same
        text = str(result)
    return without_half_characters(text[:RESULT_LIMIT_CHARACTERS])


async def _within_limits(
    ctx: RunContext[CallServices], name: str, work: Awaitable[Any], seconds: float, again_seconds: float | None
) -> Any:
    """Run a tool's work so that nothing it does can hurt the call.

    It has so many seconds; a caller who waits over a second hears a filler, and another one as they wait on; an error
    becomes words that the model can say, never a stack trace.

    Raises:
        ToolError: It failed, or it says itself what the model is to know.
    """
    call = ctx.userdata
    task = asyncio.ensure_future(_contained(work))
    try:

        def words(step: int) -> SpeechHandle | None:
            return call.say(_filler(step)) if _is_due(ctx.session) else None

        async with ctx.with_filler(words, delay=FILLER_AFTER_SECONDS, interval=again_seconds):
            # Not asyncio.timeout: a tool that does not let itself be cancelled must not keep the caller waiting.
            await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            raise TimeoutError
        return task.result()
    except ToolError as error:
        raise ToolError(as_text(error.message) if error.message.strip() else _did_not_work(name)) from None
    except Exception as error:
        cause = error.__cause__ if isinstance(error, _ToolExits) else error
        why = type(cause).__name__ if task.done() else "it took too long"
        log.warning(log_events.TOOL_FAILED, extra={"provider": name, "why": why})
        raise ToolError(_did_not_work(name)) from error
    finally:
        task.cancel()
        task.add_done_callback(_forget)


def _is_due(session: AgentSession[Any]) -> bool:
    """Return whether a filler may be said, and take its turn: tools that run at once share one."""
    now = _now()
    if now - _filler_at.get(session, -math.inf) < FILLER_AGAIN_SECONDS:
        return False
    _filler_at[session] = now
    return True


class _ToolExits(Exception):
    """A tool has tried to end more than itself: its `__cause__` says how."""


async def _contained(work: Awaitable[Any]) -> Any:
    """Await a tool's work; `sys.exit()`, or a cancellation that is its own, ends neither the turn nor the process.

    Raises:
        _ToolExits: It did one of these.
    """
    try:
        return await work
    except asyncio.CancelledError as error:
        running = asyncio.current_task()
        if running is not None and running.cancelling():
            raise
        raise _ToolExits from error
    except (Exception, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        raise _ToolExits from error


def _filler(step: int) -> str:
    return "late" if step == 1 else "one_moment"


def _did_not_work(name: str) -> str:
    return f"{name} did not work just now. Tell the caller so in one sentence, and offer to try again later."


def _forget(task: asyncio.Future[Any]) -> None:
    """Drop what a tool says after its time is over."""
    if not task.cancelled():
        task.exception()


async def _called(tool: Callable[[], Any], beside: LoopBeside | None) -> Any:
    if _is_coroutine(tool):
        return await (tool() if beside is None else beside.run(_contained(tool())))
    result = await in_thread(tool)  # a function that blocks would stop the whole call
    return await result if inspect.isawaitable(result) else result


def _is_coroutine(tool: object) -> bool:
    while isinstance(tool, functools.partial):
        tool = tool.func
    return inspect.iscoroutinefunction(inspect.unwrap(tool) if callable(tool) else tool)


def _hands_over(result: object) -> bool:
    parts = result if isinstance(result, list | tuple) else [result]
    return any(isinstance(part, Agent) for part in parts)
