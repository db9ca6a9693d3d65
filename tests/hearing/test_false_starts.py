"""A caller goes on just when the answer begins: the answer stops, is told to nobody, and both halves get one answer.

The framework's own session, on a clock that jumps; only microphone, recogniser, model and voice are stand-ins.
"""

import asyncio
import time

import pytest
from livekit import rtc
from livekit.agents import Agent, AgentSession, StopResponse, function_tool, llm, stt, vad
from livekit.agents.voice import io

from tests.end_of_turn.scripted_session import ScriptedSTT, ScriptedVAD
from tests.jumping_clock import one_clock, run, wait
from tests.own_nodes import Model, Voice
from worker.hearing.false_starts import FalseStarts
from worker.hearing.overheard import Overheard

FRAME_SECONDS = 0.05
SOUND = rtc.AudioFrame(bytes(2400), 24000, 1, 1200)
REPLY = "Your order is on its way and will be with you tomorrow."
ONSET_SECONDS, SILENCE_SECONDS = 0.05, 0.25


class Loudspeaker(io.AudioOutput):
    """Plays in its own time; what has been given to it stops when it is paused or cleared."""

    def __init__(self):
        super().__init__(label="loudspeaker", capabilities=io.AudioOutputCapabilities(pause=True), sample_rate=24000)
        self.loud, self._given, self._played, self._goes_on = [], 0.0, 0.0, asyncio.Event()
        self._goes_on.set()
        self._ending = None

    async def capture_frame(self, frame):
        await super().capture_frame(frame)
        self._given += frame.duration
        await self._goes_on.wait()
        if not self._played:
            self.on_playback_started(created_at=time.time())
        self._played += frame.duration
        self.loud.append(asyncio.get_running_loop().time())
        await wait(frame.duration)

    def flush(self):
        super().flush()
        if self._given:
            self._ending = asyncio.get_running_loop().call_later(FRAME_SECONDS, lambda: self._end(interrupted=False))

    def clear_buffer(self):
        if self._ending is not None:
            self._ending.cancel()
        if self._given:
            self._end(interrupted=True)

    def pause(self):
        super().pause()
        self._goes_on.clear()

    def resume(self):
        super().resume()
        self._goes_on.set()

    def _end(self, *, interrupted):
        played, self._given, self._played = self._played, 0.0, 0.0
        self.on_playback_finished(
            playback_position=played,
            interrupted=interrupted,
            synchronized_transcript="Your or" if interrupted else None,
        )


class Microphone(io.AudioInput):
    def __init__(self):
        super().__init__(label="microphone")

    async def __anext__(self):
        await wait(1.0)
        return rtc.AudioFrame(bytes(320), 16000, 1, 160)


class AtOnce:
    """Decides in the moment of the transcript: far too early for a caller who pauses."""

    model = provider = "test"

    async def supports_language(self, language):
        return True

    async def unlikely_threshold(self, language):
        return 0.5

    async def predict_end_of_turn(self, chat_ctx, *, timeout=None):
        return 1.0


class Answering(Agent):
    """Does with a transcript, and at the end of a turn, what the product's own agent does."""

    def __init__(self, overheard, tools):
        super().__init__(instructions="Answer.", llm=Model(), tools=tools)
        self.overheard, self.false_starts, self.asked = overheard, None, []

    async def on_user_turn_completed(self, turn_ctx, new_message):
        if new_message.text_content == "nothing":
            raise StopResponse
        self.overheard.turn_is_over()

    async def stt_node(self, audio, model_settings):
        async for event in Agent.default.stt_node(self, audio, model_settings):
            if self.overheard.keeps(event, self.session.current_speech):
                continue
            await self.false_starts.join(event)
            yield event

    async def llm_node(self, chat_ctx, tools, model_settings):
        self.asked.append([(item.role, item.text_content) for item in chat_ctx.items if item.type == "message"][1:])
        if tools and len(self.asked) == 1:
            call = llm.FunctionToolCall(name="block_card", arguments="{}", call_id="1")
            yield llm.ChatChunk(id="1", delta=llm.ChoiceDelta(role="assistant", content="A moment.", tool_calls=[call]))
        else:
            yield REPLY

    async def tts_node(self, text, model_settings):
        async for _ in text:
            pass
        for _ in range(40):
            yield SOUND


class Scene:
    """One call, from its first word on."""

    def __init__(self, tools=()):
        loop = asyncio.get_running_loop()
        self.voice_detector, self.recogniser, self.loudspeaker = ScriptedVAD(), ScriptedSTT(), Loudspeaker()
        self.overheard = Overheard(give_back=lambda event: None, now=loop.time)
        self.agent = Answering(self.overheard, list(tools))
        self.session = AgentSession(
            stt=self.recogniser, vad=self.voice_detector, llm=Model(), tts=Voice(),
            turn_handling={
                "turn_detection": AtOnce(),
                "endpointing": {"mode": "fixed", "min_delay": 0.0, "max_delay": 0.0},
                "interruption": {"mode": "vad", "min_duration": 0.1, "false_interruption_timeout": 0.9},
                "preemptive_generation": {"enabled": True, "preemptive_tts": True},
            },
            aec_warmup_duration=0,
        )  # fmt: skip
        self.told, self.shown, self.went_on = [], [], []
        self.agent.false_starts = FalseStarts(self.session, self.overheard, lambda: self.went_on.append(loop.time()))
        self.session.on("agent_state_changed", lambda event: self.overheard.agent_state_changed(event.new_state))
        self.session.on("user_state_changed", self._caller_moved)
        self.session.on("conversation_item_added", self._told)
        self.session.on("user_input_transcribed", lambda event: self.shown.append(event.transcript))
        self.session.input.audio, self.session.output.audio = Microphone(), self.loudspeaker

    def _caller_moved(self, event):
        if event.new_state == "speaking":
            self.overheard.caller_spoke(self.session.current_speech)

    def _told(self, event):
        if event.item.type == "message":
            self.told.append(_said(event.item))

    async def says(self, text, seconds=0.6):
        """Say something, and wait until it is written."""
        kinds = vad.VADEventType
        await wait(ONSET_SECONDS)
        self.voice_detector.say(kinds.START_OF_SPEECH, speech_duration=ONSET_SECONDS)
        await wait(0.1)
        self.voice_detector.say(kinds.INFERENCE_DONE, speech_duration=0.15, raw_accumulated_speech=0.15, speaking=True)
        await wait(seconds)
        self.voice_detector.say(kinds.END_OF_SPEECH, speech_duration=seconds, silence_duration=SILENCE_SECONDS)
        await wait(0.2)
        if text is not None:
            self.recogniser.say(stt.SpeechEventType.FINAL_TRANSCRIPT, text)

    async def hears(self, seconds):
        """Wait until so much of an answer has been heard, in this pause."""
        heard = len(self.loudspeaker.loud)
        while len(self.loudspeaker.loud) - heard < seconds / FRAME_SECONDS:
            await wait(FRAME_SECONDS)

    @property
    def history(self):
        return [_said(item) for item in self.session.history.items if item.type == "message"]


def _said(item):
    return item.role, item.text_content


def call(monkeypatch, play, tools=()):
    async def whole():
        one_clock(monkeypatch, time.time())  # messages are dated by the real clock, and are put in order by it
        scene = Scene(tools)
        await scene.session.start(scene.agent, record=False)
        await play(scene)
        await wait(4.0)
        await scene.session.aclose()
        return scene

    return run(whole())


JOINED = ("user", "where is my order from last week")


@pytest.mark.parametrize("heard_seconds", [0.0, 0.05, 0.2, 0.3])
def test_both_halves_get_one_answer_and_the_first_is_told_to_nobody(monkeypatch, heard_seconds):
    async def play(scene):
        await scene.says("where is my order")
        if heard_seconds:
            await scene.hears(heard_seconds)
        await scene.says("from last week")

    scene = call(monkeypatch, play)
    assert scene.agent.asked == [[("user", "where is my order")], [JOINED]]
    assert len(scene.went_on) == 1
    assert scene.shown == ["where is my order", "from last week"]
    assert scene.told == [("user", "where is my order"), JOINED, ("assistant", REPLY)]
    assert scene.history == [JOINED, ("assistant", REPLY)]
    assert [_said(item) for item in scene.agent.chat_ctx.messages()][1:] == scene.history


@pytest.mark.parametrize("words", ["haan", "okay", "please"])
def test_a_word_that_shows_listening_is_no_listening_before_there_was_anything_to_hear(monkeypatch, words):
    async def play(scene):
        await scene.says("where is my order")
        await scene.hears(0.1)
        await scene.says(words, 0.3)

    scene = call(monkeypatch, play)
    assert scene.agent.asked[1] == [("user", f"where is my order {words}")]
    assert scene.told[-2:] == [("user", f"where is my order {words}"), ("assistant", REPLY)]


def test_a_turn_that_goes_on_twice_is_one_turn(monkeypatch):
    async def play(scene):
        await scene.says("where is my order")
        await scene.hears(0.2)
        await scene.says("from last week")
        await scene.hears(0.2)
        await scene.says("the blue one")

    scene = call(monkeypatch, play)
    whole = ("user", "where is my order from last week the blue one")
    assert scene.agent.asked[-1] == [whole]
    assert scene.history == [whole, ("assistant", REPLY)]
    assert len(scene.went_on) == 2


def test_who_speaks_when_something_was_heard_interrupts(monkeypatch):
    async def play(scene):
        await scene.says("where is my order")
        await scene.hears(0.8)
        await scene.says("stop")

    scene = call(monkeypatch, play)
    assert not scene.went_on
    assert scene.told[:3] == [("user", "where is my order"), ("assistant", "Your or"), ("user", "stop")]


def test_a_cough_takes_nothing_back_and_the_answer_goes_on(monkeypatch):
    async def play(scene):
        await scene.says("where is my order")
        await scene.hears(0.2)
        await scene.says(None, 0.2)

    scene = call(monkeypatch, play)
    assert not scene.went_on
    assert scene.history == [("user", "where is my order"), ("assistant", REPLY)]
    assert len(scene.loudspeaker.loud) == 40


def test_what_a_tool_has_done_is_not_taken_back(monkeypatch):
    @function_tool
    async def block_card():
        """Block the card."""
        await wait(5.0)
        return "blocked"

    async def play(scene):
        await scene.says("block my card")
        await scene.hears(0.2)
        await scene.says("the old one")

    scene = call(monkeypatch, play, [block_card])
    assert not scene.went_on
    assert [text for role, text in scene.told if role == "user"] == ["block my card", "the old one"]
