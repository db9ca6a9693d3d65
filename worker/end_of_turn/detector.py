"""Plugs our end-of-turn evidence into the framework's text turn-detector protocol.

The framework awaits `predict_end_of_turn` inside the task that decides the turn, and cancels it when the caller goes
on. So the detector itself waits as long as the evidence asks for, with the session's `min_delay` and `max_delay` at 0.
Where the framework calls what: docs/end-of-turn.md.
"""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from livekit import rtc
from livekit.agents import LanguageCode, llm, stt

from worker.end_of_turn import DEFAULT_POLICY, Completeness, Evidence, Wait, WaitPolicy, how_long_to_wait
from worker.end_of_turn.rhythm import Rhythm
from worker.end_of_turn.sound.ear import AskModel, Ear
from worker.end_of_turn.unwritten import UnwrittenSpeech
from worker.end_of_turn.voice_clock import VoiceClock

log = logging.getLogger("vaani.end_of_turn")

_CLOCK_EARLIER_SECONDS: Final = 0.15  # how far clock and detector differ on clear speech
_CLOCK_LATER_SECONDS: Final = 0.20
_DETECTOR_MISSED_SPEECH_SECONDS: Final = 1.0
_UNWRITTEN_SPEECH_SECONDS: Final = 0.30  # voiced audio that must have a transcript to come
_AUDIO_COMES_BACK_WITHIN_SECONDS: Final = 0.7
_UNCONFIRMED_VOICE_SECONDS: Final = 0.08
_FRAMEWORK_SAYS_SO_WITHIN_SECONDS: Final = 0.15
_ASKED_CHARACTERS: Final = 200
_CERTAIN: Final = 1.0
_THRESHOLD: Final = 0.5


@dataclass(frozen=True, slots=True)
class Decision:
    """Describes one finished wait, for logs and timings. Holds no transcript."""

    wait: Wait
    waited_seconds: float
    """Inside predict_end_of_turn."""
    since_voice_seconds: float
    """From the last voiced sample to the decision."""


class EvidenceTurnDetector:
    """Waits for the end of each turn of one call. One per call; hand it to the session as `turn_detection`.

    The agent's `stt_node` feeds it: the caller's frames through `watch`, the recogniser's events through
    `observe_speech_event`; the event `user_state_changed` goes to `observe_user_state`. Without them it still works:
    the wait is then counted from the framework's own call. The user's state bounds the voice clock on a noisy line,
    where loudness alone is late or early by up to half a second.

    Args:
        now: A monotonic clock in seconds; the running loop's time moves with it.
        decided: Told of each finished wait.
        vad_silence_seconds: The session's voice detector's `min_silence_duration` (inference.VAD 0.25, silero 0.55).
        ask_sound: Asks the model that goes by sound; None goes by words alone.
    """

    def __init__(
        self,
        *,
        policy: WaitPolicy = DEFAULT_POLICY,
        now: Callable[[], float] = time.monotonic,
        decided: Callable[[Decision], None] | None = None,
        vad_silence_seconds: float = 0.25,
        ask_sound: AskModel | None = None,
    ) -> None:
        self._policy = policy
        self._now = now
        self._decided = decided
        self._vad_silence_seconds = vad_silence_seconds
        self._clock = VoiceClock()
        self._language: str | None = None
        self._unwritten = UnwrittenSpeech()
        self._events_seen = False
        self._voiced_at_last_final = 0.0
        self._last_final_at = -math.inf
        self._evidence_changed = asyncio.Event()
        self._ear = Ear(ask_sound, self._evidence_changed.set, now) if ask_sound else None
        self._rhythm = Rhythm()
        self._reply_is_ready = False
        self._spent_anchor: float | None = None
        self._silent_since: float | None = None  # by the framework's voice detector
        self._deaf = False
        self._audio_ended_at: float | None = None

    # ---- what the framework asks

    @property
    def model(self) -> str:
        return "vaani-end-of-turn"

    @property
    def provider(self) -> str:
        return "vaani"

    async def supports_language(self, language: LanguageCode | None) -> bool:
        """Return True: a language without word lists is waited for as unclear. Called just before each prediction."""
        self._language = str(language) if language else None
        return True

    async def unlikely_threshold(self, language: LanguageCode | None) -> float | None:
        return _THRESHOLD

    async def predict_end_of_turn(self, chat_ctx: llm.ChatContext, *, timeout: float | None = None) -> float:
        """Return once the turn is over. The framework cancels this when the caller speaks again."""
        entered_at = self._now()
        anchor = self._anchor(entered_at)
        text, asked = _answer_and_question(chat_ctx)
        while True:
            self._evidence_changed.clear()
            try:
                wait = how_long_to_wait(self._evidence(text, asked), self._policy)
            except Exception:
                log.exception("end of turn: the evidence failed; waiting %s s", self._policy.unclear_seconds)
                wait = Wait(self._policy.unclear_seconds, Completeness.UNCLEAR, "evidence failed")
            deadline, weigh_again_at = self._within_reach(anchor + wait.seconds), self._unwritten.next_overdue_at()
            if weigh_again_at < deadline:
                await self._sit_out(weigh_again_at, entered_at)
            elif await self._sit_out(deadline, entered_at):
                break
        self._finish(wait, anchor, entered_at)
        return _CERTAIN

    # ---- what the call tells it

    async def watch(
        self, frames: AsyncIterable[rtc.AudioFrame], call_is_over: Callable[[], bool]
    ) -> AsyncIterator[rtc.AudioFrame]:
        """Pass the caller's frames on to the recogniser, and hear them.

        A recogniser that is reopened ends this stream too; only at the end of the call is nobody left to wait for.
        """
        try:
            async for frame in frames:
                self.observe_frame(frame)
                yield frame
        finally:
            if call_is_over():
                self.observe_audio_end()

    def observe_frame(self, frame: rtc.AudioFrame) -> None:
        """Hear one frame of the caller. Never raises: the recogniser must not go deaf with us."""
        self._audio_ended_at = None
        if self._deaf:
            return
        try:
            samples = np.frombuffer(frame.data, dtype=np.int16)
            if frame.num_channels > 1:
                samples = samples[:: frame.num_channels]
            voiced_before = self._clock.last_voiced_at
            self._clock.hear(samples, frame.sample_rate, self._now())
            if voiced_before is not None and voiced_before != self._spent_anchor:
                self._rhythm.went_on_after((self._clock.last_voiced_at or voiced_before) - voiced_before)
            if self._ear is not None:
                self._ear.hear(samples, frame.sample_rate)
        except Exception:
            self._deaf = True
            log.exception("end of turn: cannot read the caller's audio; going by the framework's pauses instead")

    def observe_audio_end(self) -> None:
        """Note the end of the recogniser's audio: it is being reopened, which takes half a second, or the call is over.

        On closing, the framework waits for the task that decides the turn instead of cancelling it, so a wait for a
        caller who is gone is cut short.
        """
        self._audio_ended_at = self._now()
        self._unwritten.forget()
        self._evidence_changed.set()

    def observe_user_state(self, state: str) -> None:
        """Note when the framework's voice detector heard the caller begin and end (event `user_state_changed`)."""
        if state == "speaking":
            self._silent_since = None
            self._reply_is_ready = False  # it was one to fewer words
            if self._ear is not None:
                self._ear.speech_began()
        elif state == "listening":
            self._silent_since = self._now() - self._vad_silence_seconds
            if self._ear is not None:
                self._ear.pause_began()

    def observe_speech_event(self, event: stt.SpeechEvent) -> None:
        """Note which speech the recogniser has heard and not written yet."""
        self._events_seen = True
        now = self._now()
        if event.type == stt.SpeechEventType.START_OF_SPEECH:
            self._unwritten.started(now)
        elif event.type == stt.SpeechEventType.FINAL_TRANSCRIPT:
            self._unwritten.written(now)
            self._last_final_at = now
            self._voiced_at_last_final = self._clock.voiced_seconds
        elif event.type == stt.SpeechEventType.END_OF_SPEECH:
            self._unwritten.ended(now)
        else:
            return
        self._evidence_changed.set()

    def observe_reply(self, *, ready: bool) -> None:
        """Note that a reply to the words so far is begun, or that it could be heard."""
        self._reply_is_ready = ready
        if ready:
            self._evidence_changed.set()

    # ---- how it decides

    def _evidence(self, text: str, asked: str) -> Evidence:
        return Evidence(
            text,
            self._language,
            self._transcript_pending(),
            asked,
            reply_is_ready=self._reply_is_ready,
            sounds_over=self._ear.probability(self._clock.last_voiced_at) if self._ear else None,
            longest_pause_seconds=self._rhythm.longest_pause_seconds,
        )

    def _transcript_pending(self) -> bool:
        if self._unwritten.is_due(self._now()):
            return True
        return (
            self._events_seen and self._clock.voiced_seconds - self._voiced_at_last_final >= _UNWRITTEN_SPEECH_SECONDS
        )

    def _anchor(self, entered_at: float) -> float:
        """Return when the caller was last voiced, by the clock where it can be right, else by the framework's detector.

        A clock that is later than the silence which the framework has heard takes noise for voice; one that is much
        earlier lost a soft ending in noise; a time that an earlier turn has used up missed this speech altogether.
        """
        silent_since = entered_at - self._vad_silence_seconds
        last_voiced_at = self._clock.last_voiced_at
        by_framework = self._silent_since
        if last_voiced_at is None or last_voiced_at == self._spent_anchor:
            return silent_since if by_framework is None else min(by_framework, silent_since)
        if by_framework is None or last_voiced_at - by_framework > _DETECTOR_MISSED_SPEECH_SECONDS:
            return min(last_voiced_at, silent_since)
        earliest, latest = by_framework - _CLOCK_EARLIER_SECONDS, by_framework + _CLOCK_LATER_SECONDS
        return min(max(last_voiced_at, earliest), latest)

    def _within_reach(self, deadline: float) -> float:
        if self._audio_ended_at is None:
            return deadline
        return min(deadline, self._audio_ended_at + _AUDIO_COMES_BACK_WITHIN_SECONDS)

    async def _sit_out(self, deadline: float, entered_at: float) -> bool:
        """Wait until the deadline; False as soon as there is something new to weigh."""
        confirmed = False
        while True:
            left_seconds = deadline - self._now()
            if left_seconds <= 0:
                # A final that is newer than what was asked: the framework is about to ask again, with its words.
                outdated = self._last_final_at > entered_at
                if confirmed or not (outdated or self._voice_unconfirmed()):
                    return True
                deadline, confirmed = self._now() + _FRAMEWORK_SAYS_SO_WITHIN_SECONDS, True
                continue
            try:
                # Not wait_for: on Python 3.11 it swallows a cancellation that comes in the moment of the change, and
                # the framework cancels just then, when recogniser and voice detector hear the caller go on at once.
                async with asyncio.timeout(left_seconds):
                    await self._evidence_changed.wait()
            except TimeoutError:
                continue
            return False

    def _voice_unconfirmed(self) -> bool:
        """Return whether the caller may have gone on just now: the framework's detector needs that long to say so."""
        last_voiced_at = self._clock.last_voiced_at
        return last_voiced_at is not None and self._now() - last_voiced_at < _UNCONFIRMED_VOICE_SECONDS

    def _finish(self, wait: Wait, anchor: float, entered_at: float) -> None:
        self._spent_anchor = self._clock.last_voiced_at
        now = self._now()
        decision = Decision(wait, waited_seconds=now - entered_at, since_voice_seconds=now - anchor)
        log.debug(
            "end_of_turn.decided",
            extra={
                "completeness": wait.completeness.value,
                "reason": wait.reason,
                "wait_seconds": round(wait.seconds, 3),
                "since_voice_seconds": round(decision.since_voice_seconds, 3),
            },
        )
        if self._decided is not None:
            self._decided(decision)


def _answer_and_question(chat_ctx: llm.ChatContext) -> tuple[str, str]:
    """Return the caller's words of this turn, and the end of what the agent said just before them."""
    messages = [item for item in chat_ctx.items if item.type == "message" and item.role in ("user", "assistant")]
    if not messages or messages[-1].role != "user":
        return "", ""
    text = messages[-1].text_content or ""
    before = messages[-2] if len(messages) > 1 else None
    asked = (before.text_content or "") if before is not None and before.role == "assistant" else ""
    return text, asked[-_ASKED_CHARACTERS:]
