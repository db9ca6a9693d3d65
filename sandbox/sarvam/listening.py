"""Turn a stream of samples into turns of speech and their transcripts, for both of Sarvam's recognition sockets.

What goes over the wire, and in which frames, is the business of the two sockets; when, and which words, is ours.
"""

import asyncio
import contextlib
import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sandbox.control.scopes import CLOSE_FAULTS, STATUS_FAULTS, Scope
from sandbox.control.vendor import Mute, now, until
from sandbox.speech.recogniser import recognise_async
from sandbox.speech.transcripts import Entry
from sandbox.speech.voice_activity import Change, Samples, VoiceActivity

PAD_SECONDS = 0.3  # heard before the first voiced frame: the start of a word is softer than its vowel
KEPT_SECONDS = 1.0
LONGEST_TURN_SECONDS = 60.0  # of one turn, the recogniser hears at most the last minute
PARTIAL_EVERY_SECONDS = 0.1  # a streaming recogniser tells a word when it has it: stt_partial_seconds after it was said
RECOGNISED_LANGUAGE = "en-IN"


@dataclass(frozen=True)
class Heard:
    """One final transcript, as the wire needs it."""

    text: str
    language: str
    probability: float | None
    started_at: float
    ended_at: float
    seconds: float
    processing_seconds: float


class Wire(Protocol):
    """How one kind of socket says things."""

    async def speech_started(self, at: float) -> None: ...
    async def speech_ended(self, at: float) -> None: ...
    async def partial(self, heard: Heard) -> None: ...
    async def final(self, heard: Heard) -> None: ...
    async def malformed(self) -> None: ...
    async def refuse(self, status: int) -> None: ...
    async def close(self, code: int) -> None: ...
    def drop(self) -> None: ...


class Listening:
    """One connection's ears. Feed it samples; it calls the wire."""

    def __init__(
        self, scope: Scope, wire: Wire, sample_rate: int, language: str | None, *, partials: bool = False
    ) -> None:
        self._scope, self._wire, self._sample_rate = scope, wire, sample_rate
        self.language = language  # None: find out
        self._partials = partials
        self.end_of_speech_seconds: float | None = None  # what the client asked for, if it did
        self.manual = False  # the client says when a turn begins and ends
        self._begun = False  # by the client
        self._mute = Mute()
        self._finals: asyncio.Task[None] | None = None
        self._partial_task: asyncio.Task[None] | None = None
        self._held: list[Entry] = []
        self._taken_from = scope.queue
        self._entry: Entry | None = None
        self._entry_started_at = 0.0
        self._started_with_words = False
        self._speech_started_at = 0.0
        self.last_speech_at = now()
        self._forget_audio()

    def _forget_audio(self) -> None:
        """Begin again with a clock at zero: what was said so far is lost to this connection."""
        self._give_back()
        self._activity = VoiceActivity(self._sample_rate)
        self._audio: list[Samples] = []
        self._audio_seconds_dropped = 0.0

    async def feed(self, samples: Samples) -> None:
        """Hear some samples; returns when every change in them has been told."""
        if await self._disturbed():
            return
        self._audio.append(samples)
        if self._activity.speaking and self._entry is None and not self._started_with_words:
            # Noise opened this turn before the caller did: their words begin when they are announced, not with it.
            self._take_entry(self._activity.clock_seconds)
        settings = self._scope.settings
        window = self.end_of_speech_seconds or settings.stt_end_of_speech_seconds
        changes = self._activity.feed(samples, math.inf if self.manual else window)
        for change in changes:
            if not self.manual:
                await self._tell(change)
        if self._activity.speaking:
            self.last_speech_at = now()
        in_turn = self._begun if self.manual else self._activity.speaking
        self._keep_only_recent_audio(LONGEST_TURN_SECONDS if in_turn else KEPT_SECONDS)

    async def flush(self) -> None:
        """End the turn now, if one is open."""
        change = self._activity.end()
        if self.manual:
            at = self._activity.clock_seconds
            change = Change("end", at, at) if self._begun else None
            self._begun = False
        if change is not None and not self._mute.active:
            await self._tell(change)

    async def begin(self) -> None:
        """A turn begins because the client says so (manual endpointing)."""
        if self.manual and not self._begun and not self._mute.active:
            self._begun = True
            at = self._activity.clock_seconds
            await self._tell(Change("start", at, at))

    async def finish(self) -> None:
        """The client will send nothing more: say what is still due."""
        await self.flush()
        if self._finals is not None:
            await asyncio.wait([self._finals])

    def close(self) -> None:
        """The socket is gone. Words not delivered go back to the queue, for the connection that comes next."""
        self._give_back()

    def _give_back(self) -> None:
        for task in (self._finals, self._partial_task):
            if task is not None:
                task.cancel()
        for entry in reversed(self._held):
            left = entry.rebased()
            if not left.used_up:
                self._taken_from.appendleft(left)
        self._held.clear()
        self._entry = self._finals = self._partial_task = None

    async def _disturbed(self) -> bool:
        """Apply the faults that can hit at any moment; True when these samples are not heard."""
        if self._mute.active:
            self._forget_audio()
            return True
        fault = self._scope.fault("stt", *STATUS_FAULTS, *CLOSE_FAULTS, "hang", phase="stream")
        if fault is None:
            return False
        if fault.name in STATUS_FAULTS:
            await self._wire.refuse(STATUS_FAULTS[fault.name])
        elif fault.name in CLOSE_FAULTS:
            await self._wire.close(CLOSE_FAULTS[fault.name])
        else:
            self._mute.fault = fault
            self._forget_audio()
        return True

    async def _tell(self, change: Change) -> None:
        if change.kind == "start":
            await self._start(change)
        else:
            await self._end(change)

    async def _start(self, change: Change) -> None:
        self.last_speech_at = now()
        self._speech_started_at = change.voiced_at
        self._scope.log("stt", "speech_started", audio_seconds=round(change.voiced_at, 3))
        self._take_entry(change.voiced_at)
        self._started_with_words = self._entry is not None
        await self._wire.speech_started(change.voiced_at)
        fault = self._scope.fault("stt", "stall", "drop")
        if fault is not None and fault.name == "stall":
            self._mute.fault = fault
            self._give_back()
        elif fault is not None:
            self._wire.drop()
        elif self._partials:
            self._partial_task = asyncio.create_task(self._tell_partials())

    async def _end(self, change: Change) -> None:
        if self._mute.active:
            return
        if self._partial_task is not None:
            self._partial_task.cancel()
        scope, entry = self._scope, self._entry
        scope.log(
            "stt", "speech_ended", audio_seconds=round(change.voiced_at, 3),
            heard_seconds=round(self._activity.clock_seconds, 3),  # to the end of the piece in which it was noticed
        )  # fmt: skip
        samples = self._utterance()
        fault = scope.fault("stt", "malformed", "empty", "no_final", "late_final", "early_final")
        kind = fault.name if fault else ""
        final_seconds = scope.settings.stt_final_seconds * scope.slow("stt")
        if kind == "late_final":
            final_seconds = scope.settings.late_final_seconds
        text = entry.release(change.noticed_at - self._entry_started_at) if entry else None
        if entry is not None and entry.used_up:
            self._entry = None
        final = self._final(kind, change, samples, text, entry, now() + final_seconds, self._finals)
        if kind == "early_final":
            await final
            await self._wire.speech_ended(change.voiced_at)
            return
        await self._wire.speech_ended(change.voiced_at)
        self._finals = asyncio.create_task(final)

    async def _final(
        self,
        fault: str,
        change: Change,
        samples: Samples,
        text: str | None,
        entry: Entry | None,
        due_at: float,
        previous: asyncio.Task[None] | None,
    ) -> None:
        began_at, delivered = now(), entry.released if entry else 0
        if entry is not None and text is not None:
            language, probability = entry.language, entry.probability
        else:
            recognised = await recognise_async(samples, self._sample_rate)
            text, language, probability = recognised.text, RECOGNISED_LANGUAGE, recognised.probability
        if fault != "early_final":
            await until(due_at)
        if previous is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([previous])
        if self._mute.active:
            return
        heard = self._heard(text, language, probability, change.voiced_at, now() - began_at)
        if fault == "malformed":
            await self._wire.malformed()
        elif fault == "empty":
            await self._wire.final(self._heard("", language, probability, change.voiced_at, 0.0))
        elif fault != "no_final":
            await self._wire.final(heard)
        scripted = entry is not None
        self._scope.log("stt", "transcript", text=heard.text, language=heard.language, scripted=scripted)
        if entry is not None:
            entry.delivered = delivered
            if entry.used_up and entry in self._held:
                self._held.remove(entry)

    async def _tell_partials(self) -> None:
        """Tell the words so far, now and then, until the turn ends."""
        said = ""
        while True:
            await asyncio.sleep(PARTIAL_EVERY_SECONDS)
            at = self._activity.clock_seconds
            entry = self._entry
            if entry is not None:
                language, probability = entry.language, entry.probability
                elapsed = at - self._entry_started_at - self._scope.settings.stt_partial_seconds
                text = entry.said_by(elapsed) if entry.words else ""
            else:
                recognised = await recognise_async(self._utterance(), self._sample_rate)
                text, language, probability = recognised.text, RECOGNISED_LANGUAGE, recognised.probability
            if text and text != said and not self._mute.active:
                said = text
                await self._wire.partial(self._heard(text, language, probability, at, 0.0))

    def _heard(self, text: str, language: str, probability: float | None, ended_at: float, took: float) -> Heard:
        # A client that names the language is told that language, and no probability: so does the real service.
        if self.language is not None:
            language, probability = self.language, None
        seconds = max(0.0, ended_at - self._speech_started_at)
        return Heard(text, language, probability, self._speech_started_at, ended_at, seconds, took)

    def _take_entry(self, voiced_at: float) -> None:
        if self._entry is not None and self._entry.abandoned_by(voiced_at - self._entry_started_at):
            self._scope.log("stt", "transcript_abandoned", text=self._entry.text)
            self._held.remove(self._entry)
            self._entry = None
        if self._entry is None and self._scope.queue:
            self._taken_from = self._scope.queue  # another one, once the scope has been reset: nothing goes back there
            self._entry = self._taken_from.popleft()
            self._held.append(self._entry)
            self._entry_started_at = voiced_at

    def _utterance(self) -> Samples:
        joined = np.concatenate(self._audio) if self._audio else np.zeros(0, np.int16)
        begin = self._speech_started_at - self._audio_seconds_dropped - PAD_SECONDS
        return joined[max(0, int(begin * self._sample_rate)) :]

    def _keep_only_recent_audio(self, seconds_kept: float) -> None:
        kept_seconds = sum(map(len, self._audio)) / self._sample_rate
        while self._audio and kept_seconds - len(self._audio[0]) / self._sample_rate > seconds_kept:
            seconds = len(self._audio.pop(0)) / self._sample_rate
            kept_seconds -= seconds
            self._audio_seconds_dropped += seconds
