"""What the agent's nodes tell whoever decides on the end of a turn: a reply is being made, a reply could be heard."""

from types import SimpleNamespace

import pytest
from livekit import rtc
from livekit.agents import Agent, llm

from worker.conversation import assistant
from worker.reply.replies import Reply
from worker.reply.speculation import Attempt, Speculation
from worker.spoken import Pronunciations

FRAME = rtc.AudioFrame(bytes(480), 24000, 1, 240)


def call_of(reply, told):
    usage = SimpleNamespace(spoken=lambda part: None, through=lambda answer, tokens: answer)
    listening = SimpleNamespace(
        reply_begun=lambda: told.append("begun"), reply_is_ready=lambda: told.append("ready"), overheard=None
    )
    voice = SimpleNamespace(speak_in=lambda language: None, pronunciations=Pronunciations({}))
    history = SimpleNamespace(for_turn=lambda chat_ctx: SimpleNamespace(sendable=chat_ctx.copy, amend=None))
    return SimpleNamespace(
        phone=SimpleNamespace(errand=None), listening=listening, history=history,
        speaker=SimpleNamespace(
            reply=reply, voice=voice, reply_to=lambda words, turns: reply, speculation=Speculation()
        ),
        reports=SimpleNamespace(usage=usage, on_reply_sound=None),
        worded_calls=SimpleNamespace(follow=lambda answer, audible, **_: answer),
        ending=SimpleNamespace(crash=pytest.fail),
    )  # fmt: skip


def agent_of(monkeypatch, told, attempt):
    """The agent, with a voice and a model that answer at once and are not retried."""

    async def frames(*_):
        for number in range(3):
            told.append(f"frame {number}")
            yield FRAME

    async def words(*_):
        yield "It comes."

    monkeypatch.setattr(Agent.default, "tts_node", frames)
    monkeypatch.setattr(Agent.default, "llm_node", words)
    monkeypatch.setattr(assistant, "steady_speech", lambda text, synthesize, bridge: synthesize(text))
    monkeypatch.setattr(assistant, "steady_reply", lambda ask, bridge, **_: ask())
    reply = Reply("en-IN", SimpleNamespace(audible=lambda text: True), attempt)
    return assistant.Assistant(call_of(reply, told), "Answer.", [])


async def text():
    yield "It comes."


async def test_a_reply_is_ready_with_its_first_sound_and_told_once(monkeypatch):
    told, speculation = [], Speculation()
    agent = agent_of(monkeypatch, told, speculation.begin("where is my order", ahead=True))
    agent._call.speaker.speculation = speculation
    assert len([frame async for frame in agent.tts_node(text(), None)]) == 3
    assert told == ["frame 0", "ready", "frame 1", "frame 2"]


async def test_a_reply_whose_turn_is_over_says_nothing_of_the_next_turn(monkeypatch):
    """Pins the second half of an answer, whose voice begins when the caller has talked over the first."""
    told, speculation = [], Speculation()
    agent = agent_of(monkeypatch, told, speculation.begin("where is my order", ahead=True))
    agent._call.speaker.speculation = speculation
    speculation.settle("where is my order")
    assert [frame async for frame in agent.tts_node(text(), None)]
    assert "ready" not in told


async def test_a_ready_phrase_is_no_reply(monkeypatch):
    told = []
    agent = agent_of(monkeypatch, told, None)
    assert [frame async for frame in agent.tts_node(text(), None)]
    assert "ready" not in told


async def test_a_reply_that_is_begun_is_not_ready_yet(monkeypatch):
    told = []
    agent = agent_of(monkeypatch, told, Attempt("where is my order"))
    settings = SimpleNamespace(tool_choice="auto")
    assert [piece async for piece in agent.llm_node(llm.ChatContext.empty(), [], settings)]
    assert told == ["begun"]
