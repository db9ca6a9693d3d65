"""Takes back a turn that was answered into its caller's pause: they go on before they can have heard the answer.

A wait that is short for most is too short for some. What that costs is made small here: the voice has stopped, the
words before and behind the pause become one turn with one answer, and nobody is told of the answer that was begun.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Container
from typing import Any, Final

from livekit.agents import AgentSession, ChatMessage, llm, stt
from livekit.agents.voice import SpeechHandle

from worker.hearing.overheard import Overheard
from worker.livekit_internals import go_on_with_turn, nothing_said_is_told

SILENT_WITHIN_SECONDS: Final = 1.0
"""An interrupted speech is over within a turn or two of the event loop; for one that hangs nobody waits longer."""


class FalseStarts:
    """Joins the two halves of a turn of one caller's.

    Args:
        session: The call's.
        overheard: Knows when the caller's words began, and over what.
        goes_on: Told that the turn which was decided on last is not over.
    """

    def __init__(self, session: AgentSession[Any], overheard: Overheard, goes_on: Callable[[], None]) -> None:
        self._session = session
        self._overheard = overheard
        self._goes_on = goes_on

    async def join(self, event: stt.SpeechEvent) -> None:
        """Put the words that were answered too early in front of those of this final transcript, if there were any."""
        speech = self._overheard.false_start
        answered = _last(self._session.current_agent.chat_ctx)
        if not event.alternatives[0].text.strip() or speech is None or answered is None or _has_acted(speech):
            return
        with nothing_said_is_told(self._session):
            speech.interrupt()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SILENT_WITHIN_SECONDS):
                    await speech
        await self._forget({answered.id, *(item.id for item in speech.chat_items)})
        go_on_with_turn(self._session, answered.text_content or "")
        self._goes_on()

    async def _forget(self, ids: Container[str]) -> None:
        agent = self._session.current_agent
        kept = agent.chat_ctx.copy()
        kept.items[:] = _without(kept, ids)
        await agent.update_chat_ctx(kept, exclude_invalid_function_calls=False)
        self._session.history.items[:] = _without(self._session.history, ids)


def _has_acted(speech: SpeechHandle) -> bool:
    """Return whether a reply has called a tool: what that has done cannot be taken back."""
    return any(item.type != "message" for item in speech.chat_items)


def _last(chat_ctx: llm.ChatContext) -> ChatMessage | None:
    """Return the caller's words that are being answered; None where somebody has answered them."""
    said = [item for item in chat_ctx.items if item.type == "message" and item.role in ("user", "assistant")]
    return said[-1] if said and said[-1].role == "user" else None


def _without(chat_ctx: llm.ChatContext, ids: Container[str]) -> list[llm.ChatItem]:
    return [item for item in chat_ctx.items if item.id not in ids]
