"""Decides what of the caller's words counts, when the agent has understood them, and when it has not."""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, Callable
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, LanguageCode, UserStateChangedEvent, stt

from worker import log_events
from worker.conversation.ending import Ending
from worker.conversation.reports import CallReports
from worker.conversation.speaker import Speaker
from worker.hearing.farewells import wants_more
from worker.hearing.overheard import Overheard
from worker.hearing.phantoms import OUTRO, Doubts, VoiceHeard, is_phantom
from worker.hearing.stt_supervisor import SttSupervisor
from worker.livekit_internals import resume_paused_speech
from worker.ports import TurnEvidence
from worker.reply.language import ReplyLanguage
from worker.spoken import speakable

# A quick recogniser has written a sound before the voice detector is sure that it is over; what goes on for longer is
# something else that the caller says.
SAME_SOUND_SECONDS = 0.7


class Listening:
    """Follows what one caller says, from a voice in the room to a turn that wants an answer."""

    def __init__(
        self, session: AgentSession[Any], hearing: SttSupervisor, evidence: TurnEvidence | None,
        languages: ReplyLanguage, reports: CallReports, speaker: Speaker, ending: Ending,
        now: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.hearing = hearing
        self.overheard = Overheard(
            give_back=self._hear_after_all, spoken_form=lambda text: speakable(text, speaker.language_heard)
        )
        self._session = session
        self._evidence = evidence
        self._languages = languages
        self._reports = reports
        self._ending = ending
        self._voice_heard = VoiceHeard()
        self._doubts = Doubts()
        self._turn_has_words = self._passed_over = False
        self._doubted_in_speech_at: float | None = None
        self._now = now
        self._keyed: list[stt.SpeechEvent] = []
        self.interrupted: Callable[[], None] = lambda: None
        """Called when the beginning of a turn has been read that is spoken over the agent's voice."""
        self.is_about_consent: Callable[[str], bool] = lambda _: False
        """Takes words about keeping the call, which want no other reply: worker.consent."""
        self.doubted: Callable[[str], bool] = lambda _: False
        """Takes words that somebody may have said; True where nobody is to be asked about them."""
        session.on("user_state_changed", self._user_state_changed)
        session.on("agent_state_changed", lambda event: self.overheard.agent_state_changed(event.new_state))
        session.on("user_transcription_timeout", lambda event: self._not_understood(event.speech_duration))
        session.on("close", lambda _: hearing.close())

    def watched(self, audio: AsyncIterable[rtc.AudioFrame]) -> AsyncIterable[rtc.AudioFrame]:
        """Return the caller's audio, passed by whoever decides on the end of a turn."""
        return audio if self._evidence is None else self._evidence.watch(audio, lambda: self._ending.begun)

    def observe(self, event: stt.SpeechEvent) -> None:
        """Show an event of the recogniser to whoever decides on the end of a turn."""
        if self._evidence is not None:
            self._evidence.observe_speech_event(event)

    def reply_begun(self) -> None:
        """Note that a reply to the words so far is being made."""
        if self._evidence is not None:
            self._evidence.observe_reply(ready=False)

    def reply_is_ready(self) -> None:
        """Note that it could be heard: from here on only the wait holds it back."""
        if self._evidence is not None:
            self._evidence.observe_reply(ready=True)

    def passes(self, event: stt.SpeechEvent) -> bool:
        """Take note of an event; False for words that nobody has said, or that want no answer, or none yet."""
        if event.type == stt.SpeechEventType.INTERIM_TRANSCRIPT and event.alternatives:
            beginning = event.alternatives[0].text.strip()
            if not is_phantom(beginning) and self.overheard.is_interrupted(beginning):
                self.interrupted()
        if event.type != stt.SpeechEventType.FINAL_TRANSCRIPT or not event.alternatives:
            return True
        best = event.alternatives[0]
        if not best.text.strip():
            return True
        if any(each is event for each in self._keyed):
            self._keyed.remove(event)
            self._turn_has_words = True
            return True
        self.hearing.understood()
        if not self._belongs_to_the_turn(event):
            if self._session.user_state != "speaking":
                resume_paused_speech(self._session)
            return False
        self._reports.recognised_by(event.request_id)
        self.note(best)
        return True

    def key_in(self, digits: str) -> None:
        """Hear digits that were keyed in as words of the turn, behind what does not stop for them."""
        event = stt.SpeechEvent(
            type=stt.SpeechEventType.FINAL_TRANSCRIPT,
            alternatives=[stt.SpeechData(language=LanguageCode(""), text=digits, confidence=1.0)],
        )
        self._keyed.append(event)
        speech = self._session.current_speech
        if speech is not None and not speech.done() and not speech.allow_interruptions:
            speech.add_done_callback(lambda _: self._hear_after_all(event))
        else:
            self._hear_after_all(event)

    def note(self, best: stt.SpeechData) -> None:
        """Take in words that count, and the language that the recogniser claims for them."""
        language = str(best.language) if best.language else None
        self._languages.hear(best.text.strip(), language, best.confidence)
        self._reports.claimed(language)

    def turn_is_over(self) -> None:
        """Begin a new turn: what was said is being answered."""
        self.overheard.turn_is_over()
        self._turn_has_words = False

    def _belongs_to_the_turn(self, event: stt.SpeechEvent) -> bool:
        if self._ending.begun and not (wants_more(event.alternatives[0].text) and self._ending.take_back()):
            return True
        if not self._believes(event.alternatives[0]) or self.overheard.keeps(event, self._session.current_speech):
            if not self._turn_has_words:
                self._languages.forget_claims()
            return False
        if self.is_about_consent(event.alternatives[0].text):
            self._passed_over = True
            if not self._turn_has_words:
                self._languages.forget_claims()
            return False
        self._turn_has_words = True
        return True

    def _believes(self, heard: stt.SpeechData) -> bool:
        """Return whether somebody has said these words; what is doubted is asked for once more, then believed."""
        reason = self._doubts.reason(heard.text, heard.confidence, self._voice_heard.take_seconds())
        if reason is None:
            return True
        self._passed_over = True
        self._reports.event(log_events.WORDS_DOUBTED, reason=reason)
        if reason != OUTRO and self.doubted(heard.text):
            return False
        if self._session.user_state == "speaking":
            self._doubted_in_speech_at = self._now()
        else:
            self._ask_again()
        return False

    def _speech_is_over(self) -> None:
        """Ask for what was doubted before its sound had ended: nobody is talked to while they speak."""
        doubted_at, self._doubted_in_speech_at = self._doubted_in_speech_at, None
        if doubted_at is None:
            return
        if self._now() - doubted_at <= SAME_SOUND_SECONDS:
            self._ask_again()
        else:
            self._passed_over = False  # words are still to come, or missed

    def _ask_again(self) -> None:
        if not self.overheard.over_speech and not self._turn_has_words:
            self.hearing.ask_again()

    def _hear_after_all(self, event: stt.SpeechEvent) -> None:
        if not self._ending.begun:
            self.hearing.put_back(event)

    def _user_state_changed(self, event: UserStateChangedEvent) -> None:
        if self._evidence is not None:
            self._evidence.observe_user_state(event.new_state)
        self._voice_heard.user_state_changed(event.new_state, event.created_at)
        if event.new_state == "speaking":
            self._passed_over = False
            self.hearing.caller_spoke()
            self.overheard.caller_spoke(self._session.current_speech)
        else:
            self._speech_is_over()

    def _not_understood(self, speech_seconds: float) -> None:
        if not self._ending.begun and not self.overheard.over_speech and not self._passed_over:
            self.hearing.missed(speech_seconds)
