"""What belongs to a reply is found by its speech, in a real session, however many replies are under way."""

import asyncio
from types import SimpleNamespace

import pytest
from livekit import rtc
from livekit.agents import Agent, AgentSession
from livekit.agents.voice import io

from tests.own_nodes import Model, Voice
from worker.livekit_internals import speech_of_this_task
from worker.reply.replies import Replies, Reply

SILENCE = rtc.AudioFrame(bytes(480), 24000, 1, 240)
BRIDGE = SimpleNamespace()


class Speaker(io.AudioOutput):
    """Plays everything at once."""

    def __init__(self):
        super().__init__(label="test", capabilities=io.AudioOutputCapabilities(pause=False))

    async def capture_frame(self, frame):
        await super().capture_frame(frame)

    def flush(self):
        super().flush()
        self.on_playback_finished(playback_position=0.01, interrupted=False)

    def clear_buffer(self):
        self.on_playback_finished(playback_position=0.01, interrupted=True)


class Speaking(Agent):
    """Answers in Hindi, but not before a phrase in Tamil has been asked for."""

    def __init__(self, replies):
        super().__init__(instructions="Answer.", llm=Model())
        self.replies, self.spoken, self.begun, self.go_on = replies, {}, asyncio.Event(), asyncio.Event()

    async def llm_node(self, chat_ctx, tools, model_settings):
        self.replies.begin(Reply("hi-IN", BRIDGE))
        self.begun.set()
        await self.go_on.wait()
        yield "An answer."

    async def tts_node(self, text, model_settings):
        words = "".join([part async for part in text])
        self.spoken[words] = self.replies.of_this_task().language
        yield SILENCE


@pytest.mark.asyncio
async def test_two_replies_under_way_keep_their_languages():
    """Pins one `speaking_language` for a whole call: a phrase and an answer begun before it swapped their voices."""
    replies = Replies(speech_of_this_task)
    agent = Speaking(replies)
    async with asyncio.timeout(10), AgentSession(llm=Model(), tts=Voice()) as session:
        session.output.audio = Speaker()
        await session.start(agent, record=False)
        answer = session.generate_reply(user_input="A question?")
        await agent.begun.wait()
        phrase = session.say("A phrase.")
        replies.begin(Reply("ta-IN", BRIDGE), phrase)
        agent.go_on.set()
        await answer
        await phrase
        assert replies.of(answer) is None, "what is over is forgotten"
        assert replies.of(phrase) is None
    assert agent.spoken == {"An answer.": "hi-IN", "A phrase.": "ta-IN"}


def test_outside_of_any_speech_there_is_no_reply():
    replies = Replies(speech_of_this_task)
    assert replies.of_this_task() is None
    assert replies.of(None) is None
    assert replies.begin(Reply("hi-IN", BRIDGE)).language == "hi-IN"
