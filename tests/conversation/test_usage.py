"""What a call is billed for is counted, also what the framework's counters leave out."""

import asyncio
import json
from types import SimpleNamespace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit import rtc
from livekit.agents import Agent, AgentSession, APIConnectionError, llm

from worker.bill import LIVEKIT_LINE, PHONE_LINE
from worker.conversation.usage import CallUsage
from worker.providers.openai_llm import build_llm
from worker.reply.history import History
from worker.reply.summaries import Summaries
from worker.settings import LlmSettings, OpenAiSettings


def session(**rows):
    return SimpleNamespace(model_usage=[SimpleNamespace(type=f"{kind}_usage", **row) for kind, row in rows.items()])


def frame(seconds):
    samples = int(16_000 * seconds)
    return rtc.AudioFrame(bytes(2 * samples), 16_000, 1, samples)


def usage_of(**more):
    return CallUsage(recogniser="saaras:v4-realtime", voice="bulbul:v3", model="gpt-6-luna", **more)


def chunk(words="", usage=None):
    return llm.ChatChunk(id="1", delta=llm.ChoiceDelta(content=words) if words else None, usage=usage)


def read(usage, pieces, until=None):
    async def answer():
        for piece in pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def run():
        stream = usage.through(answer(), 100)
        try:
            async for number, _ in _counted(stream):
                if number == until:
                    break
        finally:
            await stream.aclose()

    asyncio.run(run())


async def _counted(stream):
    number = 0
    async for piece in stream:
        number += 1
        yield number, piece


def test_the_silence_that_a_recogniser_hears_is_paid_too():
    usage = usage_of()
    usage.session_told(session(stt={"model": "saaras:v3-realtime", "audio_duration": 3.5}))
    for _ in range(10):
        usage.heard(frame(1.0))
    assert usage.rows() == {"stt_usage:saaras:v4-realtime": {"audio_duration": 10.0}}


def test_what_a_provider_reports_is_never_counted_less():
    usage = usage_of()
    usage.session_told(
        session(stt={"model": "m", "audio_duration": 7.0}, tts={"model": "bulbul:v3", "characters_count": 9})
    )
    usage.heard(frame(1.0))
    usage.spoken("four")
    rows = usage.rows()
    assert rows["stt_usage:saaras:v4-realtime"] == {"audio_duration": 7.0}
    assert rows["tts_usage:bulbul:v3"] == {"characters_count": 9}


def test_words_that_were_sent_to_a_voice_are_paid_when_the_caller_speaks_over_them():
    usage = usage_of()
    usage.spoken("A long answer that nobody has heard to its end.")
    assert usage.rows() == {"tts_usage:bulbul:v3": {"characters_count": 47}}


def test_an_answer_that_tells_its_tokens_is_left_to_the_framework():
    usage = usage_of()
    told = llm.CompletionUsage(completion_tokens=2, prompt_tokens=90, total_tokens=92)
    read(usage, [chunk("Hel"), chunk("lo"), chunk(usage=told)])
    assert usage.rows() == {}


def test_an_answer_that_is_broken_off_is_counted_by_what_was_seen_of_it():
    usage = usage_of()
    read(usage, [chunk("one"), chunk(" two"), chunk(" three")], until=2)
    assert usage.rows() == {"llm_usage:gpt-6-luna": {"input_tokens": 100, "output_tokens": 2}}


@pytest.mark.parametrize(("before", "billed"), [([], {}), ([chunk("one")], {"input_tokens": 100, "output_tokens": 1})])
def test_a_request_that_was_refused_costs_nothing_unless_it_was_begun(before, billed):
    usage = usage_of()
    with pytest.raises(APIConnectionError):
        read(usage, [*before, APIConnectionError()])
    assert usage.rows() == ({"llm_usage:gpt-6-luna": billed} if billed else {})


def test_what_is_asked_besides_is_added_to_the_same_models_row():
    usage = usage_of()
    usage.session_told(session(llm={"model": "gpt-6-luna", "input_tokens": 7, "input_cache_creation_tokens": 5}))
    usage.besides(
        {"llm_usage:gpt-6-luna": {"input_tokens": 3, "output_tokens": 2}, "llm_usage:other": {"input_tokens": 1}}
    )
    assert usage.rows() == {
        "llm_usage:gpt-6-luna": {"input_tokens": 10, "input_cache_creation_tokens": 5, "output_tokens": 2},
        "llm_usage:other": {"input_tokens": 1},
    }


def test_a_line_is_paid_from_its_answer_until_the_call_is_over():
    now = [100.0]
    usage = usage_of(clock=lambda: now[0])
    usage.joined(LIVEKIT_LINE)
    now[0] = 110.0
    usage.joined(PHONE_LINE)
    now[0] = 130.0
    usage.left()
    now[0] = 150.0  # the outcome is written, and nobody is on the line
    assert usage.rows() == {LIVEKIT_LINE: {"seconds": 30.0}, PHONE_LINE: {"seconds": 20.0}}


def test_a_colleagues_line_is_paid_beside_the_callers_as_long_as_it_lasts():
    now = [100.0]
    usage = usage_of(clock=lambda: now[0])
    usage.joined(PHONE_LINE)
    now[0] = 110.0
    usage.joined(PHONE_LINE, "colleague-1")
    now[0] = 125.0
    usage.left_line(PHONE_LINE, "colleague-1")
    usage.left_line(PHONE_LINE, "colleague-2")  # was never answered
    now[0] = 130.0
    usage.left_line(PHONE_LINE, "colleague-1")
    assert usage.rows() == {PHONE_LINE: {"seconds": 30.0 + 15.0}}


USAGE_OF_A_SUMMARY = {
    "prompt_tokens": 1500, "completion_tokens": 40, "total_tokens": 1540,
    "prompt_tokens_details": {"cached_tokens": 1000, "cache_write_tokens": 300},
}  # fmt: skip


async def summed_up(request):
    """A model's answer, as OpenAI streams it with `stream_options.include_usage`."""
    reply = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await reply.prepare(request)
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    delta = {"index": 0, "delta": {"role": "assistant", "content": "They want a cake."}, "finish_reason": "stop"}
    for content in (chunk | {"choices": [delta]}, chunk | {"choices": [], "usage": USAGE_OF_A_SUMMARY}):
        await reply.write(f"data: {json.dumps(content)}\n\n".encode())
    await reply.write(b"data: [DONE]\n\n")
    return reply


@pytest.mark.parametrize("fallback", [None, "gpt-6-sol"])
async def test_summaries_of_a_long_history_are_counted_and_what_they_write_into_the_cache(fallback):
    """Through the framework's own session and OpenAI's own plugin: nothing of ours adds these up."""
    app, usage = web.Application(), usage_of()
    app.router.add_post("/v1/chat/completions", summed_up)
    async with TestServer(app) as server:
        api = OpenAiSettings(api_key="sk-test", base_url=str(server.make_url("/v1")))
        model = build_llm(LlmSettings(fallback_model=fallback), api)
        session = AgentSession(llm=model)
        counted = asyncio.Event()

        def told(event):
            usage.session_told(event.usage)
            counted.set()

        session.on("session_usage_updated", told)
        await session.start(Agent(instructions=""), record=False)
        summaries = Summaries(History(10), lambda: session.llm, lambda fault: pytest.fail(str(fault)))
        talk = llm.ChatContext.empty()
        for _ in range(4):
            talk.add_message(role="user", content="I want a cake. " * 10)
            talk.add_message(role="assistant", content="Which one? " * 10)
        summaries.consider(talk)
        await summaries.settled()
        await asyncio.wait_for(counted.wait(), 10)  # the framework counts in a task of its own
        await session.aclose()
    counters = {
        "input_tokens": 1500, "input_cached_tokens": 1000, "input_cache_creation_tokens": 300, "output_tokens": 40,
    }  # fmt: skip
    assert usage.rows() == {"llm_usage:gpt-6-luna": counters}
