"""The conversation as the model is sent it: without what its provider refused, and no longer than it takes."""

from __future__ import annotations

from livekit.agents import llm

from worker.faults import Fault

LEAST_CUT_ITEMS = 2


class History:
    """What of one call's conversation is not sent any more."""

    def __init__(self) -> None:
        self._left_out: set[str] = set()

    def for_turn(self, chat_ctx: llm.ChatContext) -> TurnHistory:
        """The conversation for one reply."""
        return TurnHistory(self, chat_ctx)

    def leave_out(self, items: list[llm.ChatItem]) -> None:
        """Never send these again: one refused sentence would have every later turn refused with it."""
        self._left_out.update(item.id for item in items)

    def keeps(self, item: llm.ChatItem) -> bool:
        """Whether an item is still sent."""
        return item.id not in self._left_out


class TurnHistory:
    """The conversation for one reply, which shrinks when the provider says that it is too long."""

    def __init__(self, history: History, chat_ctx: llm.ChatContext) -> None:
        self._history = history
        self._chat_ctx = chat_ctx

    def sendable(self) -> llm.ChatContext:
        """A copy that may be sent, and added to."""
        copy = self._chat_ctx.copy()
        copy.items[:] = [item for item in copy.items if self._history.keeps(item)]
        return copy

    def amend(self, fault: Fault) -> bool:
        """Leave out what a fault of the request is about; True when the rest is worth another try."""
        past, turn = self._parts()
        if fault.kind == "too_long" and past:
            self._history.leave_out(_older_half(past))
            return True
        self._history.leave_out(turn)
        return False

    def _parts(self) -> tuple[list[llm.ChatItem], list[llm.ChatItem]]:
        """What was said before this turn, and in it; instructions are neither."""
        spoken = [item for item in self._chat_ctx.items if self._history.keeps(item) and not _instructs(item)]
        begins = max((at for at, item in enumerate(spoken) if _is_from_caller(item)), default=0)
        return spoken[:begins], spoken[begins:]


def _older_half(past: list[llm.ChatItem]) -> list[llm.ChatItem]:
    """The older half or a little more: a tool's result is never kept without its call."""
    end = max(len(past) // 2, min(LEAST_CUT_ITEMS, len(past)))
    while end < len(past) and past[end].type in ("function_call", "function_call_output"):
        end += 1
    return past[:end]


def _instructs(item: llm.ChatItem) -> bool:
    return item.type == "message" and item.role in ("system", "developer")


def _is_from_caller(item: llm.ChatItem) -> bool:
    return item.type == "message" and item.role == "user"
