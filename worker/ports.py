"""Declares what the conversation needs from the outside, in our words.

LiveKit's STT, LLM and TTS base classes already are our ports for speech; these are the ones it has none for.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

from livekit import rtc
from livekit.agents import stt

from worker.spoken import Pronunciations

WholeRecording = Callable[[list[rtc.AudioFrame]], Awaitable[stt.SpeechEvent]]
"""Recognises a whole recording at once. Raises livekit's APIError."""


class Voice(Protocol):
    """Speaks in one language at a time."""

    pronunciations: Pronunciations
    """How names are said, in every language."""

    def speak_in(self, language: str) -> None:
        """From the next reply on, speak `language` with its voice."""

    def choose(self, language: str, voice: str) -> bool:
        """Use `voice` for `language` in this call; False when it does not fit."""

    def recipe(self, language: str) -> dict[str, Any]:
        """All that decides how a text sounds in `language`: rendered audio is kept under it."""


class TurnEvidence(Protocol):
    """Hears the caller and the recogniser to decide when a turn is over."""

    def watch(
        self, frames: AsyncIterable[rtc.AudioFrame], call_is_over: Callable[[], bool]
    ) -> AsyncIterator[rtc.AudioFrame]:
        """The caller's audio, passed on; its end is the caller's only when the call is over."""

    def observe_speech_event(self, event: stt.SpeechEvent) -> None:
        """One event of the recogniser, in order."""

    def observe_reply(self, *, ready: bool) -> None:
        """A reply to the words so far is begun, or could be heard."""

    def observe_user_state(self, state: str) -> None:
        """What the framework's voice detector makes of the caller: speaking, listening or away."""
