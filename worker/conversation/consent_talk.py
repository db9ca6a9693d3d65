"""Connects the dialogue about consent to one call: its voice, its ears and keys, its reports, the room's transcript."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, ConversationItemAddedEvent, JobContext, UserStateChangedEvent
from livekit.agents.voice import SpeechHandle

from worker import log_events
from worker.consent.dialogue import Consent, Given, Ports, Proof, State
from worker.consent.notices import NOTICE, TOLD, Notices
from worker.consent.rules import ConsentRules, Purpose
from worker.consent.withdrawal import remark_in
from worker.conversation.caller import nobody_knows
from worker.conversation.consent_on_page import ConsentOnPage
from worker.conversation.reports import CallReports
from worker.conversation.speaker import Speaker
from worker.livekit_internals import gate_callers_transcript
from worker.reply.language import ReplyLanguage
from worker.settings import ConsentSettings


@dataclass(frozen=True, slots=True)
class ConsentParts:
    """Holds what the dialogue of one call is built from."""

    rules: ConsentRules = field(default_factory=ConsentRules)
    words: Notices = field(default_factory=Notices)
    notice_language: str | None = None
    outside: Given | None = None
    earlier: Callable[[str | None], Awaitable[Given | None]] = nobody_knows
    """What a caller, by their fingerprint, has decided in an earlier call."""


def notices(settings: ConsentSettings) -> Notices:
    """Word what this deployment says. Raises ValueError for a notice file that cannot be used."""
    return Notices.load(settings.rules, settings.consent_notice_file)


class ConsentTalk:
    """Holds the consent of one call; without a rule it says nothing, and all is kept that is set up to be kept."""

    def __init__(
        self, ctx: JobContext, session: AgentSession[Any], parts: ConsentParts, speaker: Speaker,
        languages: ReplyLanguage, reports: CallReports,
    ) -> None:  # fmt: skip
        record = reports.record
        self.told: list[Callable[[Proof], None]] = []
        """Told every proof, for the record."""
        self.changed: list[Callable[[frozenset[Purpose]], None]] = []
        """Told what may be kept from now on."""
        self.erase: list[Callable[[], None]] = []
        """Begin to erase what this call has kept."""
        self.at_opening: list[Callable[[], None]] = []
        """Done before anything is said or heard."""
        self._session = session
        self._rules = parts.rules
        self._speaker = speaker
        self._reports = reports
        self.dialogue = Consent(
            parts.rules, parts.words,
            Ports(
                say=self._say, language=lambda: languages.settled, turn=lambda: reports.turns, tell=self._tell,
                changed=self._change, erase=self._erase, earlier=lambda: parts.earlier(record.caller),
            ),
            notice_language=parts.notice_language, outside=parts.outside,
        )  # fmt: skip
        self._page = ConsentOnPage(ctx, lambda: self.dialogue.withdraw("page"))
        if parts.rules.opening:
            session.on("user_state_changed", self._caller_moved)
            session.on("conversation_item_added", self._said)
            session.on("close", lambda _: self.dialogue.close())

    def waits_for(self, beginning: str) -> bool:
        """Return whether what the caller begins to say may be about consent: no reply is begun to it then."""
        return self.dialogue.listens or (bool(self._rules.opening) and remark_in(beginning) is not None)

    def keeps_words(self) -> bool:
        """Return whether what is said may be written down, wherever it goes."""
        return self.dialogue.allows(Purpose.WORDS)

    def prepare(self) -> None:
        """Get ready, and send no words to the room before they may be kept: whoever is in it can write them down."""
        for prepare in self.at_opening:
            prepare()
        if Purpose.WORDS in self._rules.opening:
            gate_callers_transcript(self._session, self.keeps_words)
            self._session.output.set_transcription_enabled(self.keeps_words())

    def met(self, caller: rtc.RemoteParticipant) -> None:
        """Let the page of whoever calls take part."""
        if self._rules.opening:
            self._page.met(caller)

    def restore(self, saved: dict[str, Any]) -> None:
        """Go on where the agent before this one was."""
        self.dialogue.restore(saved)
        if self.dialogue.state is State.WITHDRAWN:
            self._erase()  # the agent before may not have lived to do so
        if self.dialogue.allowed & self._rules.purposes:
            self._page.look_again()

    def _say(self, phrase: str, voice: str | None) -> SpeechHandle:
        if phrase.startswith((NOTICE, TOLD)):
            self._speaker.notice("consent", phrase, voice)
        return self._speaker.say(phrase, allow_interruptions=False, language=voice)

    def _tell(self, proof: Proof) -> None:
        told = proof.as_fields()
        told.pop("reference")
        self._reports.event(log_events.CONSENT_DECIDED, **told)
        for tell in self.told:
            tell(proof)

    def _change(self, allowed: frozenset[Purpose]) -> None:
        if self._rules.opening:
            self._reports.kept(sorted(allowed & self._rules.purposes))
        if Purpose.WORDS in self._rules.opening and self._session.output.transcription is not None:
            self._session.output.set_transcription_enabled(Purpose.WORDS in allowed)
        for change in self.changed:
            change(allowed)

    def _erase(self) -> None:
        for erase in self.erase:
            erase()

    def _caller_moved(self, event: UserStateChangedEvent) -> None:
        self.dialogue.caller_moved(speaks=event.new_state == "speaking")

    def _said(self, event: ConversationItemAddedEvent) -> None:
        """Give the notice in a language that is new: behind the first reply in it, which it would else hold up."""
        if getattr(event.item, "role", None) == "assistant":
            self.dialogue.language_changed()
