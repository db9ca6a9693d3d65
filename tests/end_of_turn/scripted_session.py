"""A real AgentSession in process, driven by a script of what a caller says and when, on a clock that jumps.

Only the ends are stand-ins, through the framework's own base classes: a voice detector, a recogniser and a model that
follow the script. What the framework calls when, cancels and commits is its own doing.
"""

import asyncio
import selectors
from dataclasses import dataclass, field

import numpy as np
from livekit import rtc
from livekit.agents import Agent, AgentSession, StopResponse, llm, stt, vad
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS
from livekit.agents.voice import io

FRAME_SECONDS = 0.02
RATE_HZ = 16000  # what the product asks the room for
VAD_ONSET_SECONDS = 0.06
VAD_SILENCE_SECONDS = 0.25
END_OF_SPEECH_WINDOW_SECONDS = 0.20
FINAL_AFTER_VOICE_SECONDS = 0.45


class JumpingLoop(asyncio.SelectorEventLoop):
    """Time passes only by jumping to the next timer, so waits cost nothing and are exact."""

    def __init__(self):
        super().__init__(_ImpatientSelector(self))
        self.jumped_seconds = 0.0
        self.threads_at_work = 0

    def time(self):
        return self.jumped_seconds

    def run_in_executor(self, executor, func, *args):
        """Time stands still while a thread works, or its answer would always come too late."""
        self.threads_at_work += 1
        answer = super().run_in_executor(executor, func, *args)
        answer.add_done_callback(self._thread_done)
        return answer

    def _thread_done(self, _):
        self.threads_at_work -= 1


class _ImpatientSelector(selectors.DefaultSelector):
    def __init__(self, loop):
        super().__init__()
        self._loop = loop

    def select(self, timeout=None):
        if self._loop.threads_at_work:
            return super().select(None if timeout is None else min(timeout, 0.05))
        ready = super().select(0 if timeout is not None else None)
        if not ready and timeout:
            self._loop.jumped_seconds += timeout
        return ready


@dataclass
class Segment:
    """One stretch of voice, and the text that the recogniser will write for it (None: nothing at all).

    `only_announced` is a noise: the recogniser says that it begins and nothing more, the voice detector is silent.
    """

    begins: float
    ends: float
    text: str | None
    final_after_seconds: float = FINAL_AFTER_VOICE_SECONDS
    only_announced: bool = False
    announced_after_seconds: float = 0.1


@dataclass
class Outcome:
    commits: list[tuple[float, str]] = field(default_factory=list)
    speculations: list[tuple[float, str]] = field(default_factory=list)
    closing_seconds: float = 0.0


class _Mic(io.AudioInput):
    def __init__(self, segments, until, noise_rms):
        super().__init__(label="script")
        self._segments, self._until, self._began, self._noise_rms = segments, until, None, noise_rms
        self._random = np.random.default_rng(3)

    async def __anext__(self):
        loop = asyncio.get_running_loop()
        if self._began is None:
            self._began, self._frames = loop.time(), 0
        self._frames += 1
        at = self._frames * FRAME_SECONDS
        if at > self._until:
            await asyncio.Event().wait()
        await asyncio.sleep(self._began + at - loop.time())  # noqa: TID251 (virtual time)
        voiced = any(s.begins <= at - FRAME_SECONDS / 2 < s.ends for s in self._segments)
        count = int(RATE_HZ * FRAME_SECONDS)
        wave = np.sin(np.arange(count) * 2 * np.pi * 220 / RATE_HZ) * (6000 if voiced else 5)
        wave += self._random.normal(0, 1, count) * self._noise_rms(at)
        return rtc.AudioFrame(wave.astype(np.int16).tobytes(), RATE_HZ, 1, count)


class ScriptedVAD(vad.VAD):
    def __init__(self):
        super().__init__(capabilities=vad.VADCapabilities(update_interval=0.032))
        self.streams = []

    def stream(self):
        self.streams.append(_VadStream(self))
        return self.streams[-1]

    def say(self, kind, **details):
        event = vad.VADEvent(type=kind, samples_index=0, timestamp=0.0, speech_duration=0.0, silence_duration=0.0)
        for name, value in details.items():
            setattr(event, name, value)
        for stream in self.streams:
            if not stream._event_ch.closed:
                stream._event_ch.send_nowait(event)


class _VadStream(vad.VADStream):
    async def _main_task(self):
        async for _ in self._input_ch:
            pass


class ScriptedSTT(stt.STT):
    def __init__(self):
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=False))
        self.streams = []

    async def _recognize_impl(self, *args, **kwargs):
        raise NotImplementedError

    def stream(self, *, language=None, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        self.streams.append(_SttStream(stt=self, conn_options=conn_options))
        return self.streams[-1]

    def say(self, kind, text="", language="en-IN"):
        alternatives = [stt.SpeechData(language=language, text=text)] if text else []
        for stream in self.streams:
            if not stream._event_ch.closed:
                stream._event_ch.send_nowait(stt.SpeechEvent(type=kind, alternatives=alternatives))


class _SttStream(stt.SpeechStream):
    async def _run(self):
        async for _ in self._input_ch:
            pass


class _Llm(llm.LLM):
    def __init__(self, outcome, detector, ready_after_seconds):
        super().__init__()
        self._outcome, self._detector, self._ready_after_seconds = outcome, detector, list(ready_after_seconds)

    def chat(self, *, chat_ctx, tools=None, conn_options=DEFAULT_API_CONNECT_OPTIONS, **_):
        said = chat_ctx.items[-1].text_content if chat_ctx.items else ""
        loop = asyncio.get_running_loop()
        self._outcome.speculations.append((loop.time(), said))
        if self._ready_after_seconds:
            self._detector.observe_reply(ready=False)
            loop.call_later(self._ready_after_seconds.pop(0), lambda: self._detector.observe_reply(ready=True))
        return _LlmStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _LlmStream(llm.LLMStream):
    async def _run(self):
        self._event_ch.send_nowait(llm.ChatChunk(id="1", delta=llm.ChoiceDelta(role="assistant", content="Good.")))


class _Caller(Agent):
    """Feeds the detector as the product's own agent does (worker.conversation.assistant), or not at all."""

    def __init__(self, detector, outcome, observed):
        super().__init__(instructions="Answer.")
        self._detector, self._outcome, self._observed = detector, outcome, observed
        self.call_is_over = False

    async def stt_node(self, audio, model_settings):
        heard = self._detector.watch(audio, lambda: self.call_is_over) if self._observed else audio
        async for event in Agent.default.stt_node(self, heard, model_settings):
            if self._observed:
                self._detector.observe_speech_event(event)
            yield event

    async def on_user_turn_completed(self, turn_ctx, new_message):
        self._outcome.commits.append((asyncio.get_running_loop().time(), new_message.text_content))
        raise StopResponse


async def _play(segments, voice_detector, recogniser, began_at):
    """Say what a voice detector and a recogniser would say of these segments, each in its own time."""

    async def at(seconds, act, *args, **details):
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, began_at + seconds - loop.time()))  # noqa: TID251 (virtual time)
        act(*args, **details)

    kinds, events = vad.VADEventType, stt.SpeechEventType
    tasks = []
    for s in segments:
        tasks.append(at(s.begins + s.announced_after_seconds, recogniser.say, events.START_OF_SPEECH))
        if s.only_announced:
            continue
        length = s.ends - s.begins
        tasks += [
            at(s.begins + VAD_ONSET_SECONDS, voice_detector.say, kinds.START_OF_SPEECH, speech_duration=0.05),
            at(
                s.ends + VAD_SILENCE_SECONDS,
                voice_detector.say,
                kinds.END_OF_SPEECH,
                speech_duration=length,
                silence_duration=VAD_SILENCE_SECONDS,
            ),
        ]
        final_at = s.ends + s.final_after_seconds
        if s.text:
            tasks.append(at(final_at, recogniser.say, events.FINAL_TRANSCRIPT, s.text))
        tasks.append(at(final_at + 0.001, recogniser.say, events.END_OF_SPEECH))
    await asyncio.gather(*tasks)


async def _call(make_detector, segments, until, observed, noise_rms, ready_after_seconds):
    loop = asyncio.get_running_loop()
    outcome = Outcome()
    detector = make_detector(loop.time)
    voice_detector, recogniser = ScriptedVAD(), ScriptedSTT()
    session = AgentSession(
        stt=recogniser,
        vad=voice_detector,
        llm=_Llm(outcome, detector, ready_after_seconds),
        turn_handling={
            "turn_detection": detector,
            "endpointing": {"mode": "fixed", "min_delay": 0.0, "max_delay": 0.0},
            "interruption": {"mode": "vad"},
            "preemptive_generation": {"enabled": True},
        },
    )
    if observed:
        session.on("user_state_changed", lambda event: detector.observe_user_state(event.new_state))
    session.input.audio = _Mic(segments, until, noise_rms)
    caller = _Caller(detector, outcome, observed)
    await session.start(caller, record=False)
    began_at = loop.time()
    await asyncio.gather(
        _play(segments, voice_detector, recogniser, began_at),
        asyncio.sleep(until),  # noqa: TID251 (virtual time)
    )
    closes_at, caller.call_is_over = loop.time(), True
    await session.aclose()
    outcome.closing_seconds = loop.time() - closes_at
    outcome.commits = [(at - began_at, text) for at, text in outcome.commits]
    outcome.speculations = [(at - began_at, text) for at, text in outcome.speculations]
    return outcome


def play_call(make_detector, segments, *, until=8.0, observed=True, noise_rms=lambda at: 0.0, ready_after_seconds=()):
    """Play one call to its end.

    `make_detector` gets the clock that the call runs on; `noise_rms` says how loud the line's noise is at a time;
    `ready_after_seconds` how long each reply takes that is begun.
    """
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(_call(make_detector, segments, until, observed, noise_rms, ready_after_seconds))
