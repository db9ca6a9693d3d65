"""Tells one call's record what happens in it, turn by turn, so that a killed process takes nothing along.

Every event goes into the spool at once (records/spool.py) and from there into the database, by another process. What
is told here costs the call's event loop microseconds, and can fail in no way that the call would notice.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from livekit import rtc
from livekit.agents import AgentSession, ChatMessage
from livekit.agents.voice import FunctionToolsExecutedEvent

from records import events
from records.events import call_id_of
from records.masking import Kind, Masker
from records.spool import SpoolWriter
from worker.bill import Bill
from worker.faults import Fault
from worker.recovery.snapshot import Succession, id_of_call
from worker.settings import RecordsSettings
from worker.text.phone_numbers import fingerprint, without_numbers
from worker.turn_timings import TurnTimings

LONGEST_TEXT_CHARACTERS = 20_000
LONGEST_ARGUMENTS_CHARACTERS = 4_000


class Writer(Protocol):
    """Takes events in without ever waiting."""

    def append(self, kind: str, about: dict[str, object], *, at: float | None = None) -> None: ...

    def forget_words(self) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the call's language is, and why."""

    language: str
    reason: str | None
    heard_language: str | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What the call has used so far, as far as it is known."""

    usage: dict[str, dict[str, float]]
    bill: Bill


class CallRecord:
    """Keeps the record of one call; without a writer it keeps nothing, and costs nothing."""

    def __init__(
        self, writer: Writer | None, *, keeps_words: bool = False, key: str = "", masker: Masker | None = None
    ) -> None:
        """Keep a record.

        Args:
            writer: Where events go.
            keeps_words: Whether what is said, phone numbers and tools' arguments are kept.
            key: Ties fingerprints to the phone numbers that they stand for.
            masker: Takes cards, one-time passwords and the like out of what is kept.
        """
        self._writer = writer
        self._set_to_keep_words = keeps_words
        self.may_keep_words: Callable[[], bool] = lambda: True
        """Whether the caller agrees to it: worker.consent."""
        self._key = key
        self._masker = masker or Masker()
        self._turn = 0
        self._reply: list[str] = []
        self._stages: dict[str, float] = {}
        self._answered = self._over = self._ended = False
        self.caller: str | None = None
        """Fingerprint of who calls; None for nobody in particular."""
        self.shown: Callable[[str], str] = str
        """Hides, in words that are kept, what only the model may read: keys that were pressed on a phone."""
        self._spoken: Callable[[], Spoken] = lambda: Spoken("", None, None)
        self._cost: Callable[[], Cost] = lambda: Cost({}, Bill(None))

    # ---- how it begins

    def begin(self, room: str, succession: Succession | None, caller: str | None) -> None:
        """Begin the record, or go on with the one that another agent has begun."""
        self.caller = caller or None
        self._tell(
            events.BEGUN, room=room if self._keeps_words else without_numbers(room, self._key), channel="page",
            direction="in", caller=caller or None, words_kept=self._keeps_words,
            reason="first" if succession is None else succession.reason,
        )  # fmt: skip

    def watch(self, session: AgentSession[Any], spoken: Callable[[], Spoken], cost: Callable[[], Cost]) -> None:
        """Follow a session's turns, tools and usage.

        Args:
            session: The call's.
            spoken: Says which language the call is in.
            cost: Says what it has cost so far.
        """
        self._spoken, self._cost = spoken, cost
        if self._writer is None:
            return
        session.on("conversation_item_added", lambda event: self._item_added(event.item))
        session.on("function_tools_executed", self._tools_executed)
        session.on("agent_state_changed", lambda event: self._agent_is(event.new_state))

    def met(self, caller: rtc.RemoteParticipant) -> None:
        """Note who is there: on a page, or on a phone."""
        if caller.kind != rtc.ParticipantKind.PARTICIPANT_KIND_SIP:
            return
        number = caller.attributes.get("sip.phoneNumber", "").strip()
        self.caller = self.caller or (fingerprint(number, self._key) if number else None)
        self._tell(
            events.BEGUN, channel="phone", direction="in" if caller.attributes.get("sip.ruleID") else "out",
            caller=self.caller,
            number=number if number and self._keeps_words else None,
        )  # fmt: skip

    def resume(self, turns: int, unanswered: str | None) -> None:
        """Go on behind the turns that another agent has heard; the last may still want an answer."""
        self._turn = turns
        self._answered = True
        if unanswered is not None:
            self._tell(events.HEARD, turn=turns, heard=self._heard_words(unanswered))

    # ---- what happens

    def take_back(self) -> None:
        """Let the turn that was heard last go on: it is told again when it is over."""
        self._turn -= 1

    def consented(self, **proof: object) -> None:
        """Note what was said about keeping the call for one purpose, and what came of it."""
        self._tell(events.CONSENT, **proof)

    def recorded(self, url: str) -> None:
        """Note where the sound of the call is being kept."""
        self._tell(events.RECORDING, url=url)

    def recording_lacks(self, code: str, why: str) -> None:
        """Note what is not in the recording: a hole, or a secret that was left out."""
        self._tell(events.FAULT, code=code, detail=why)

    def forget_words(self) -> None:
        """Take back what waits for the database; in it, the withdrawal does so when it is told."""
        self._reply = []
        if self._writer is not None:
            self._writer.forget_words()

    def fault(self, fault: Fault) -> None:
        """Note a failed try at a provider."""
        self._tell(events.FAULT, code=f"{fault.provider}_{fault.kind}", detail=fault.detail or None)

    def told(self, code: str, phrase: str) -> None:
        """Note what the caller was told because a provider failed, or is late."""
        self._tell(events.FAULT, code=code, said=phrase)

    def transferred(self, to: str, outcome: str) -> None:
        """Note a try to send the caller on."""
        self._tell(events.TRANSFER, to=to if self._keeps_words else None, outcome=outcome)

    def _item_added(self, item: object) -> None:
        if not isinstance(item, ChatMessage):
            return
        if item.role == "user":
            self._heard(item)
        elif item.role == "assistant" and self._turn:
            self._replied(item)

    def _heard(self, item: ChatMessage) -> None:
        self._turn += 1
        self._reply = []
        self._stages = _stages(TurnTimings.from_metrics(item.metrics or {}, {}))
        self._tell(
            events.HEARD, turn=self._turn, heard=self._heard_words(item.text_content or ""),
            heard_language=self._spoken().heard_language,
        )  # fmt: skip

    def _replied(self, item: ChatMessage) -> None:
        """Note what the caller has heard of a reply; a turn may have several parts: "one moment", then the answer."""
        said = (item.text_content or "")[:LONGEST_TEXT_CHARACTERS]
        self._reply.append(self._masker.said(self.shown(said)) if self._keeps_words else "")
        self._stages |= _stages(TurnTimings.from_metrics({}, item.metrics or {}))
        spoken = self._spoken()
        self._tell(
            events.REPLIED, turn=self._turn, reply=" ".join(self._reply) if self._keeps_words else None,
            reply_language=spoken.language,
            language_reason=spoken.reason, interrupted=item.interrupted, stages_seconds=dict(self._stages),
        )  # fmt: skip
        self.tell_cost()

    def _tools_executed(self, event: FunctionToolsExecutedEvent) -> None:
        for call, output in event.zipped():
            self._tell(
                events.TOOL, turn=self._turn, name=call.name, outcome="failed" if output.is_error else "ok",
                ms=max(0, round(1000 * (output.created_at - call.created_at))),
                arguments=self._masker.value(_as_object(call.arguments)) if self._keeps_words else None,
            )  # fmt: skip

    def _agent_is(self, state: str) -> None:
        if state == "speaking" and not self._answered:
            self._answered = True
            self._tell(events.ANSWERED)

    def tell_cost(self) -> None:
        """Note what the call has cost so far."""
        if (cost := self._cost()).usage:
            self._tell(events.USAGE, usage=cost.usage, rupees=cost.bill.rupees, unpriced=list(cost.bill.unpriced))

    # ---- how it ends

    def left(self) -> None:
        """Note that this agent leaves a call that goes on with another."""
        self._finish(events.LEFT)

    def ended(self, reason: str, *, failed: bool) -> None:
        """Note that the call is over, and why."""
        self._ended = self._ended or not self._over
        self._finish(events.ENDED, reason=reason, failed=failed)

    @property
    def has_ended(self) -> bool:
        """Whether this agent has ended the call, and left it to nobody else."""
        return self._ended

    @property
    def keeps_words(self) -> bool:
        """Whether what was said is in the record."""
        return self._keeps_words

    def came_to(self, outcome: dict[str, Any]) -> None:
        """Note what the call came to, when it is over (worker/outcome)."""
        self._tell(events.OUTCOME, **outcome)

    def _finish(self, kind: str, **about: object) -> None:
        if not self._over:
            self.tell_cost()
            self._tell(kind, **about)
            self._over = True

    async def aclose(self) -> None:
        """Wait, for a moment, until everything has been told."""
        if self._writer is not None:
            await asyncio.to_thread(self._writer.close)

    def _tell(self, kind: str, **about: object) -> None:
        if self._writer is not None:
            self._writer.append(kind, about)

    @property
    def _keeps_words(self) -> bool:
        return self._set_to_keep_words and self.may_keep_words()

    def _heard_words(self, text: str) -> str | None:
        return self._masker.heard(self.shown(text[:LONGEST_TEXT_CHARACTERS])) if self._keeps_words else None


def record_of_call(
    settings: RecordsSettings, room_sid: str, job_id: str, succession: Succession | None, *, refused: bool, key: str
) -> CallRecord:
    """Build what tells a call's record; where no database is set, one that keeps nothing.

    Args:
        settings: Where records go, and what is kept in them.
        room_sid: LiveKit's id of the room: all agents of one call are sent there.
        job_id: LiveKit's id of this agent's own job.
        succession: Why this agent follows another one.
        refused: Whether the caller is only told that this is no call: that is a record of its own.
        key: As for CallRecord.
    """
    if (folder := settings.spool_folder) is None:
        return CallRecord(None)
    generation = succession.generation if succession is not None and not refused else 0
    call_id = call_id_of(job_id) if refused else id_of_call(room_sid, succession)
    writer = SpoolWriter(Path(folder), call_id, generation, settings.records_spool_mb * 1_000_000)
    masker = Masker(kept={Kind(kind) for kind in settings.records_unmasked})
    return CallRecord(writer, keeps_words=settings.records_words, key=key, masker=masker)


def _stages(timings: TurnTimings) -> dict[str, float]:
    named = {
        "end_of_turn": timings.end_of_turn_seconds, "llm": timings.llm_first_token_seconds,
        "tts": timings.tts_first_audio_seconds, "e2e": timings.e2e_latency_seconds,
    }  # fmt: skip
    return {name: seconds for name, seconds in named.items() if seconds is not None}


def _as_object(arguments: str) -> dict[str, Any] | None:
    """Read what the model has filled in; None for what is no object, or longer than a record should be."""
    try:
        found = json.loads(arguments) if len(arguments) <= LONGEST_ARGUMENTS_CHARACTERS else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
