"""Puts a judge behind the voice detector: what is not words is no speech that stops the agent.

The framework stops the agent when the detector has counted enough speech. That the caller speaks at all is told as
before: whoever waits for words, or measures silence, hears of every sound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from livekit import rtc
from livekit.agents import vad

from worker.barge_in.judge import Judge
from worker.barge_in.traits import RATE_HZ, WINDOW_SAMPLES


class JudgedVAD(vad.VAD):
    """Wraps the voice detector of one call."""

    def __init__(self, detector: vad.VAD) -> None:
        super().__init__(capabilities=detector.capabilities)
        self._detector = detector
        self._judge = Judge()
        self._agent_holds_the_floor: Callable[[], bool] = lambda: False

    def judge_while(self, agent_holds_the_floor: Callable[[], bool], usual_level: Callable[[], float]) -> None:
        """Begin to judge the sounds of a call.

        Args:
            agent_holds_the_floor: Whether the agent speaks or is about to: nothing is judged otherwise.
            usual_level: The RMS of the caller's voice, 0 while it is not known.
        """
        self._agent_holds_the_floor = agent_holds_the_floor
        self._judge.usual_level = usual_level

    def read_words(self) -> None:
        """Note that words of the sound that lasts now have been read, whatever it sounds like."""
        self._judge.read_words()

    @property
    def model(self) -> str:
        """Return the wrapped detector's model."""
        return self._detector.model

    @property
    def provider(self) -> str:
        """Return who makes it."""
        return self._detector.provider

    @property
    def min_silence_duration(self) -> float | None:
        """Return its silence window: the framework asks for it where a model decides on the end of a turn."""
        return getattr(self._detector, "min_silence_duration", None)

    def stream(self) -> vad.VADStream:
        """Return the detector's stream, judged."""
        return _JudgedStream(self._detector.stream(), self._judge, lambda: self._agent_holds_the_floor())


class _JudgedStream(vad.VADStream):
    """Passes on another stream's events; it has no task and no queue of its own, so its base's are not made."""

    def __init__(self, stream: vad.VADStream, judge: Judge, agent_holds_the_floor: Callable[[], bool]) -> None:
        self._stream = stream
        self._judge = judge
        self._agent_holds_the_floor = agent_holds_the_floor
        self._newest: vad.VADEvent | None = None
        self._at_once: vad.VADEvent | None = None

    async def _main_task(self) -> None:
        """Do nothing: the other stream works."""

    def push_frame(self, frame: rtc.AudioFrame) -> None:
        self._stream.push_frame(frame)

    def flush(self) -> None:
        self._stream.flush()

    def end_input(self) -> None:
        self._stream.end_input()

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def __anext__(self) -> vad.VADEvent:
        if (event := self._at_once) is not None:
            self._at_once = None
            return event
        event = await self._stream.__anext__()
        if not self._agent_holds_the_floor():
            self._judge.forget()
        elif event.type is vad.VADEventType.INFERENCE_DONE and _is_judgeable(event):
            window = np.frombuffer(event.frames[0].data, dtype=np.int16)
            self._judge.hear(window, event.probability, speaking=event.speaking)
            self._newest = event
            if event.speaking and not self._judge.hears_words:
                event.speech_duration = 0.0
        elif event.type is vad.VADEventType.START_OF_SPEECH and self._newest is not None and self._judge.hears_words:
            # The framework counts speech only at the next window; these words are sure by now.
            self._at_once = replace(self._newest, speaking=True, speech_duration=event.speech_duration)
        return event


def _is_judgeable(event: vad.VADEvent) -> bool:
    """Whether a window is one that weights were fitted for; a terminal's microphone (`console`) has another rate."""
    return [(each.sample_rate, each.samples_per_channel) for each in event.frames] == [(RATE_HZ, WINDOW_SAMPLES)]
