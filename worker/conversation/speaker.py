"""Speaks in one call: the model's replies with what is heard while they wait, and ready phrases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from livekit import rtc
from livekit.agents import NOT_GIVEN, AgentSession
from livekit.agents.voice import SpeechHandle

from worker import log_events
from worker.conversation.phrase_audio import PhraseAudio, tone
from worker.conversation.phrases import Phrases
from worker.conversation.reports import CallReports
from worker.livekit_internals import speech_of_this_task
from worker.ports import Voice
from worker.reply.language import ReplyLanguage
from worker.reply.pacing import in_portions
from worker.reply.replies import Replies, Reply
from worker.reply.retry import Bridge, RetryPolicy
from worker.reply.speculation import Speculation
from worker.spoken import blocks_in, says_something


class NobodyListensError(RuntimeError):
    """Raised when something is to be said and the caller has just left."""


@contextmanager
def _somebody_listens_to(what: str) -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:  # the framework's word for a session that closes
        raise NobodyListensError(what) from error


class Speaker:
    """Says everything the agent says, each in its own language."""

    def __init__(
        self, session: AgentSession[Any], voice: Voice, phrases: Phrases, phrase_audio: PhraseAudio,
        languages: ReplyLanguage, reports: CallReports, *,
        retry_policy: Callable[[], RetryPolicy], fault: Callable[[object], None], gave_up: Callable[[str], None],
        over: Callable[[], bool],
    ) -> None:  # fmt: skip
        """Speak through `session`; the four callables are those of `Bridge`."""
        self.voice = voice
        self.speculation = Speculation()
        self._session = session
        self._phrases = phrases
        self._audio = phrase_audio
        self._languages = languages
        self._reports = reports
        self._policy, self._fault, self._gave_up, self._over = retry_policy, fault, gave_up, over
        self._replies = Replies(speech_of_this_task)

    def reply_to(self, text: str, turns: int) -> Reply:
        """Begin the reply to `text`, the `turns`-th thing the caller said, maybe before the turn is over."""
        attempt = self.speculation.begin(text, ahead=not self._languages.is_over(turns))
        self._languages.preview(text, turns)
        language = self._languages.replying
        return self._replies.begin(Reply(language, self._bridge(language), attempt))

    @property
    def reply(self) -> Reply:
        """Return what the speech says that the running task belongs to."""
        return self._replies.of_this_task() or self._phrase_reply(self._languages.settled)

    @property
    def language_heard(self) -> str:
        """Return the language of what the caller hears now, or would hear."""
        reply = self._replies.of(self._session.current_speech)
        return self._languages.settled if reply is None else reply.language

    def say(
        self, phrase: str, *, allow_interruptions: bool = True, language: str | None = None, **slots: str
    ) -> SpeechHandle:
        """Speak a ready phrase in the caller's language, or another, from ready audio where there is some."""
        reply = self._phrase_reply(language or self._languages.settled)
        text = self._phrases.text(phrase, reply.language, **slots)
        ready = self._audio.frames(reply.language, text)
        audio = NOT_GIVEN if ready is None else in_portions(ready)
        with _somebody_listens_to(phrase):
            speech = self._session.say(text, audio=audio, allow_interruptions=allow_interruptions)
        self._replies.begin(reply, speech)
        return speech

    def recite(self, text: str) -> SpeechHandle:
        """Speak an operator's own words as they are, to their end."""
        reply = self._phrase_reply(self._languages.settled)
        with _somebody_listens_to("a message"):
            speech = self._session.say(text, allow_interruptions=False)
        self._replies.begin(reply, speech)
        return speech

    def apologise(self, provider: str, phrase: str, language: str | None = None) -> None:
        """Note, for the log and the caller's screen, that a phrase is said because of a provider."""
        language = language or self._languages.settled
        self._reports.event(log_events.APOLOGY_SPOKEN, provider=provider, phrase=phrase, language=language)
        self._reports.record.told(f"{provider}_{phrase}", self._phrases.text(phrase, language))
        self.notice(f"{provider}_{phrase}", phrase, language)

    def told(self, code: str, phrase: str) -> None:
        """Note, for the record and the caller's screen, that a phrase is said, and no provider is the reason."""
        self._reports.record.told(code, self._phrases.text(phrase, self._languages.settled))
        self.notice(code, phrase)

    def notice(self, kind: str, phrase: str, language: str | None = None) -> None:
        """Show a phrase on the caller's screen."""
        self._reports.notice(kind, self._phrases.text(phrase, language or self._languages.settled))

    def _phrase_reply(self, language: str) -> Reply:
        return Reply(language, self._bridge(language))

    def _bridge(self, language: str) -> Bridge:
        """Return what a reply in `language` does while it waits."""

        def ready(text: str) -> AsyncIterator[rtc.AudioFrame] | None:
            return self._audio.frames(language, text)

        return Bridge(
            retry_policy=self._policy(),
            phrase=lambda name: self._phrases.text(name, language),
            audible=lambda text: says_something(text, language),
            blocks=lambda: blocks_in(language),
            phrase_audio=ready,
            tone=lambda: tone(int(self.voice.recipe(language)["rate"])),
            fault=self._fault,
            bridged=lambda provider, phrase: self.apologise(provider, phrase, language),
            gave_up=self._gave_up,
            over=self._over,
        )
