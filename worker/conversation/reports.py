"""Tells what happened in a call: structured log events for operators, text streams in the room for any front end.

What the room is told is documented in docs/room-protocol.md. Nothing here may ever disturb the call.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, ChatMessage

from worker import log_events
from worker.bill import Price
from worker.consent.rules import Purpose
from worker.conversation.usage import CallUsage
from worker.faults import Fault
from worker.record.call_record import CallRecord, Cost, Spoken
from worker.reply.language import ReplyLanguage
from worker.reply.speculation import Waste
from worker.turn_timings import TurnTimings

log = logging.getLogger("vaani")
TURN_TOPIC = "vaani.turn"
NOTICE_TOPIC = "vaani.notice"
LANGUAGE_ATTRIBUTE = "vaani.language"
KEPT_ATTRIBUTE, NOTHING_KEPT = "vaani.kept", "nothing"


@dataclass(frozen=True, slots=True)
class FinishedTurn:
    """A turn as it ended, without a word of it."""

    number: int
    language: str
    interrupted: bool
    heard: Mapping[str, Any]
    """The framework's report on what the caller said."""
    said: Mapping[str, Any]
    """Its report on the reply."""
    cost: Cost
    """Of the call so far."""
    recogniser_request_id: str


class CallReports:
    """Reports on one call."""

    def __init__(
        self, room: rtc.Room, language: ReplyLanguage, price: Price, *, log_pii: bool,
        record: CallRecord | None = None, usage: CallUsage | None = None,
    ) -> None:  # fmt: skip
        self._room = room
        self._language = language
        self._price = price
        self._log_pii = log_pii
        self.record = record or CallRecord(None)
        """What remains of the call."""
        self.usage = usage or CallUsage()
        """What the call will be billed for."""
        self._turn = 0
        self._heard: ChatMessage | None = None
        self._heard_language: str | None = None
        self._waste = Waste()
        self._tasks: set[asyncio.Task[None]] = set()
        self.shown: Callable[[str], str] = str
        """Hides, in words that are told to anybody, what only the model may read."""
        self.may_tell_words: Callable[[], bool] = lambda: True
        """Whether what is said may go anywhere but to who answers it: worker.consent."""
        self.on_event: list[Callable[[str, dict[str, object]], None]] = []
        self.on_turn: list[Callable[[FinishedTurn], None]] = []
        self.on_reply_sound: Callable[[rtc.AudioFrame, object], None] | None = None
        """Told each frame that the voice makes, and an object that stands for the reply."""
        self._request_id = ""
        self._rupees_told = 0.0

    def cost(self) -> Cost:
        """Return what the call has used and cost so far, with this agent."""
        usage = self.usage.rows()
        return Cost(usage, self._price(usage))

    @property
    def turns(self) -> int:
        """Return how many turns are finished."""
        return self._turn

    def watch(self, session: AgentSession[Any]) -> None:
        """Follow a session's turns and usage."""
        session.on("conversation_item_added", lambda event: self._item_added(event.item))
        session.on("session_usage_updated", lambda event: self.usage.session_told(event.usage))
        self.record.watch(session, self._spoken, self.cost)

    def event(self, name: str, **fields: object) -> None:
        """Log one incident."""
        log.info(name, extra=fields)
        for told in self.on_event:
            told(name, fields)

    def fault(self, fault: Fault) -> None:
        """Log one failed try at a provider."""
        log.warning(
            log_events.PROVIDER_FAULT,
            extra={
                "provider": fault.provider,
                "kind": fault.kind,
                "retryable": fault.retryable,
                "attempt": fault.attempt,
                "detail": fault.detail,
                "retry_after_seconds": fault.retry_after_seconds,
            },
        )
        self.record.fault(fault)

    def resume(self, turns: int) -> None:
        """Count on from the turns that another agent has reported."""
        self._turn = turns

    def claimed(self, language: str | None) -> None:
        """Note what the recogniser says the caller is speaking."""
        self._heard_language = language

    def recognised_by(self, request_id: str) -> None:
        """Note under which id the recogniser knows its request."""
        self._request_id = request_id

    def wasted(self, waste: Waste) -> None:
        """Note what replies begun too early have cost, in the turn that is over now."""
        self._waste = waste

    def take_back(self) -> None:
        """Forget what the caller has said last: the turn goes on, and is told when it is over."""
        self._heard = None
        self.record.take_back()

    def notice(self, code: str, message: str) -> None:
        """Send a notice for a front end to show."""
        self._send(NOTICE_TOPIC, {"code": code, "message": message})

    def kept(self, purposes: list[Purpose]) -> None:
        """Show a front end what the caller lets us keep now; LiveKit takes an empty attribute for none."""
        self._later(lambda: self._set_attribute(KEPT_ATTRIBUTE, ",".join(purposes) or NOTHING_KEPT))

    async def aclose(self) -> None:
        """Wait until everything has been sent."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1)

    def _spoken(self) -> Spoken:
        decision = self._language.last
        return Spoken(self._language.settled, decision.reason if decision else None, self._heard_language)

    def _item_added(self, item: object) -> None:
        if not isinstance(item, ChatMessage):
            return
        if item.role == "user":
            self._heard = item
        elif item.role == "assistant" and self._heard is not None:
            heard, self._heard = self._heard, None
            self._turn_finished(heard, item)

    def _turn_finished(self, heard: ChatMessage, said: ChatMessage) -> None:
        self._turn += 1
        timings = TurnTimings.from_metrics(heard.metrics or {}, said.metrics or {})
        decision = self._language.last
        waste, self._waste = self._waste, Waste()
        cost = self.cost()
        heard_words, reply_words = self.shown(heard.text_content or ""), self.shown(said.text_content or "")
        if not (told := self.may_tell_words()):
            heard_words = reply_words = ""
        fields: dict[str, object] = {
            "turn": self._turn,
            "language": self._language.settled,
            "reason": decision.reason if decision else "no_turn",
            "interrupted": said.interrupted,
            **timings.as_dict(),
            "wasted_replies": waste.replies,
            "wasted_tokens": waste.tokens,
            "wasted_characters": waste.characters,
            "rupees": self._rupees_since_last_told(cost),
        }
        if self._log_pii and told:
            fields |= {"pii_heard": heard_words, "pii_reply": reply_words}
        log.info(log_events.TURN_FINISHED, extra=fields)
        finished = FinishedTurn(
            self._turn, self._language.settled, said.interrupted, heard.metrics or {}, said.metrics or {}, cost,
            self._request_id,
        )  # fmt: skip
        for told_of in self.on_turn:
            told_of(finished)
        self._send(
            TURN_TOPIC,
            {
                "turn": self._turn,
                "heard": heard_words,
                "heard_language": self._heard_language,
                "reply_language": self._language.settled,
                "reason": fields["reason"],
                "reply": reply_words,
                "interrupted": said.interrupted,
                "stages": timings.as_dict(),
                "usage": cost.usage,
                "cost_rupees": cost.bill.rupees,
                "unpriced": list(cost.bill.unpriced),
            },
        )
        self._later(lambda: self._set_attribute(LANGUAGE_ATTRIBUTE, self._language.settled))

    def _rupees_since_last_told(self, cost: Cost) -> float | None:
        """Return what the call has cost since the last turn; None where a price is not known."""
        if (rupees := cost.bill.rupees) is None:
            return None
        since, self._rupees_told = rupees - self._rupees_told, rupees
        return round(since, 4)

    async def _set_attribute(self, name: str, value: str) -> None:
        await self._room.local_participant.set_attributes({name: value})

    def _send(self, topic: str, content: dict[str, Any]) -> None:
        async def send() -> None:
            await self._room.local_participant.send_text(json.dumps(content, ensure_ascii=False), topic=topic)

        self._later(send)

    def _later(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if not self._room.isconnected():
            return

        async def quietly() -> None:
            try:
                await work()
            except Exception as error:  # a report must never end a call
                log.debug("a report to the room was not sent", extra={"why": type(error).__name__})

        task = asyncio.create_task(quietly())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
