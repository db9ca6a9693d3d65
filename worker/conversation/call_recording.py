"""Connects the recorder to one call: to what may be kept, to what the agent asks for, and to the record."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from livekit.agents import AgentSession, ConversationItemAddedEvent

from worker import log_events
from worker.consent.rules import Purpose
from worker.conversation.consent_talk import ConsentTalk
from worker.conversation.reports import CallReports

INCOMPLETE, SECRET_LEFT_OUT = "recording_incomplete", "recording_secret_left_out"


@dataclass(frozen=True, slots=True)
class SoundParts:
    """Says where the sound of one call is kept."""

    recordings_url: str
    call_id: str
    generation: int


class CallRecording:
    """Records one call while its caller agrees, from the first moment on at which they do."""

    def __init__(
        self, session: AgentSession[Any], parts: SoundParts, consent: ConsentTalk, reports: CallReports
    ) -> None:
        from records.masking.kinds import Kind  # only where sound is kept
        from records.masking.reading import Reading
        from records.masking.words import OTHER

        def asks_for_secret(text: str) -> bool:
            return Reading(text).asked not in (None, OTHER, Kind.PHONE)

        def lost(why: str) -> None:
            loop.call_soon_threadsafe(self._lost, why)

        self._asks_for_secret = asks_for_secret
        from worker.recording.recorder import Recorder
        from worker.recording.shelf import Shelf

        loop = asyncio.get_running_loop()
        shelf = Shelf(parts.recordings_url, parts.call_id, parts.generation, lost)
        self._url = shelf.url
        self._recorder = recorder = Recorder(shelf)
        self._reports = reports
        consent.at_opening.append(lambda: recorder.tap(session))
        consent.changed.append(self._may_keep)
        consent.erase.append(self._erase)
        session.on("conversation_item_added", self._said)

    async def aclose(self) -> None:
        """Store the recording's end."""
        self._leave_in()
        await self._recorder.aclose()

    def _may_keep(self, allowed: frozenset[Purpose]) -> None:
        if Purpose.RECORDING in allowed and not self._recorder.records:
            self._recorder.start()
            self._reports.record.recorded(self._url)
            self._reports.event(log_events.RECORDING_STARTED)

    def _erase(self) -> None:
        if self._recorder.records:
            self._reports.event(log_events.RECORDING_ERASED)
        self._recorder.erase()

    def _said(self, event: ConversationItemAddedEvent) -> None:
        """Leave out the answer to a question for a secret, and what the agent says to it."""
        if getattr(event.item, "role", None) != "assistant":
            return
        if self._asks_for_secret(getattr(event.item, "text_content", "") or ""):
            self._recorder.leave_out()
        else:
            self._leave_in()

    def _lost(self, why: str) -> None:
        self._reports.event(log_events.RECORDING_INCOMPLETE, why=why)
        self._reports.record.recording_lacks(INCOMPLETE, why)

    def _leave_in(self) -> None:
        if (seconds := self._recorder.leave_in()) and self._recorder.records:
            self._reports.record.recording_lacks(SECRET_LEFT_OUT, f"{seconds:.1f} s")
