"""Makes one call's outcome in the call's own process, when the call is over: nothing said has to be kept for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from livekit.agents import ChatMessage, FunctionCallOutput, llm

from worker.outcome.conversation import Conversation, Line, ToolRun
from worker.outcome.making import NO_CONSENT, NO_WORDS, Outcome, OutcomeMaker
from worker.outcome.noting import note

Usage = Mapping[str, Mapping[str, float]]
"""Counters, a row a model."""


class Record(Protocol):
    """Declares what is asked of the call's record."""

    @property
    def has_ended(self) -> bool:
        """Whether this agent has ended the call: one that has handed it over makes no outcome."""

    @property
    def keeps_words(self) -> bool:
        """Whether what was said is in the record."""

    @property
    def may_keep_words(self) -> Callable[[], bool]:
        """Whether the caller agrees to it."""

    def tell_cost(self) -> None:
        """Keep what the call has cost by now."""

    def came_to(self, outcome: dict[str, Any]) -> None:
        """Keep the outcome."""


class AfterCall:
    """Makes one call's outcome, once."""

    def __init__(
        self, maker: OutcomeMaker, record: Record, *, spoken: Callable[[], llm.ChatContext],
        before: Callable[[], str], tools: Sequence[str], keeps_text: bool, tells: bool,
        used: Callable[[Usage], None], follows: bool = False,
    ) -> None:  # fmt: skip
        """Prepare for the end of a call.

        Args:
            maker: Makes it.
            record: Keeps it.
            spoken: Gives what was said and looked up.
            before: Gives what was said before that, in a few sentences.
            tools: The names of the tools that the agent has.
            keeps_text: Whether summary and free text are kept though words are not.
            tells: Whether there is a webhook.
            used: Adds what asking has used to what the call has.
            follows: Whether another agent has begun the call.
        """
        self._maker, self._record, self._tools = maker, record, tools
        self._spoken, self._before = spoken, before
        self._keeps_text, self._tells, self._used, self._follows = keeps_text, tells, used, follows

    async def finish(self) -> None:
        """Make the outcome, within WORKER_OUTCOME_SECONDS; of a call that goes on with another agent, none."""
        if not self._record.has_ended:
            return
        keeps_words, agreed = self._record.keeps_words, self._record.may_keep_words()
        if not agreed:  # a caller who has said no is not summed up
            self._record.came_to(Outcome(NO_CONSENT).as_event() | {"tell": self._tells})
            return
        call = conversation_of(self._spoken(), self._before())
        if self._follows and call.is_silent:  # nobody was there any more: what was said, an earlier agent has heard
            if not keeps_words:
                self._record.came_to(Outcome(NO_WORDS).as_event() | {"tell": self._tells})
            return
        outcome = await self._maker.make(call, self._tools, keeps_words=keeps_words or self._keeps_text)
        note(outcome)
        self._used(outcome.usage)
        self._record.tell_cost()  # before the outcome: whoever is told of that is told the whole price
        if outcome.is_answered or not keeps_words:
            self._record.came_to(outcome.as_event() | {"tell": self._tells})
        # Else the words are in the record: a worker asks (worker/outcome/open_calls.py).


def conversation_of(spoken: llm.ChatContext, before: str = "") -> Conversation:
    """The call as its agent remembers it."""
    lines, tools = [], []
    for item in spoken.items:
        if isinstance(item, ChatMessage) and item.role in ("user", "assistant"):
            lines.append(Line("caller" if item.role == "user" else "assistant", item.text_content or ""))
        elif isinstance(item, FunctionCallOutput):
            tools.append(ToolRun(item.name, not item.is_error))
    return Conversation(lines, tools, before)
