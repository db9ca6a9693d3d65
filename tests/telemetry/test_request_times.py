"""The model's stage is what the model took: from the request on its way to the first token here."""

import asyncio
import json
import time

import pytest
from aiohttp import web
from livekit.agents import APIConnectOptions, llm, telemetry

from tests.telemetry.conftest import BASE, came
from tests.telemetry.test_turns import Room, finished
from worker.environment import load_settings
from worker.providers.openai_llm import build_llm
from worker.telemetry import names
from worker.telemetry.network import NetworkDelay

LONG_BEFORE_SECONDS = 5.0


@pytest.fixture
async def model():
    """A model that is down when it is asked first; yields it, and when it was asked and began to say something."""
    asked, said = [], []

    async def complete(request):
        asked.append(time.time())
        if len(asked) == 1:
            return web.json_response({"error": {"message": "down"}}, status=500)
        reply = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await reply.prepare(request)
        for content in ("", "Here", " I am."):  # OpenAI begins with a role and no words
            if content and not said:
                said.append(time.time())
            await reply.write(b"data: " + json.dumps(chunk(content)).encode() + b"\n\n")
        return reply

    async def models(_):
        return web.json_response({"object": "list", "data": []})

    app = web.Application()
    app.add_routes([web.post("/v1/chat/completions", complete), web.get("/v1/models", models)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    settings = load_settings(BASE | {"OPENAI_BASE_URL": f"http://127.0.0.1:{runner.addresses[0][1]}/v1"})
    yield build_llm(settings.llm, settings.openai), asked, said
    await runner.cleanup()


def chunk(content):
    delta = {"index": 0, "delta": {"role": "assistant", "content": content}, "finish_reason": None}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [delta]}


async def written(model):
    """Let the model write one reply below a span that began long before; returns what the framework tells of it."""
    began = time.time() - LONG_BEFORE_SECONDS
    with telemetry.tracer.start_as_current_span("llm_node", start_time=round(began * 1e9)) as node:
        context = llm.ChatContext.empty()
        context.add_message(role="user", content="Are you there?")
        options = APIConnectOptions(max_retry=1, retry_interval=0.0, timeout=5)
        async with model.chat(chat_ctx=context, conn_options=options) as stream:
            assert "".join([each.delta.content or "" async for each in stream if each.delta]) == "Here I am."
        took = time.time() - began
        node.set_attribute("lk.response.ttft", took)
    return {"started_speaking_at": began + took + 0.5, "llm_node_ttft": took, "llm_node_ttfs": took}


async def test_the_stage_begins_when_the_request_leaves_and_ends_with_the_first_token(told, receiver, model):
    """Pins 0.02 s and more of our own writing that the model was blamed for; a try that failed was waited for too."""
    url, received = receiver
    asking, asked, said = model
    async with told(url) as (call, _):
        await asking._prewarm_impl()  # a connection is opened in nobody's turn
        heard_until = time.time()
        reply = await written(asking)
        heard = {"stopped_speaking_at": heard_until - LONG_BEFORE_SECONDS}
        call._turn(finished(heard, reply), NetworkDelay(Room()))
        await came(received, lambda got: got.named("turn"))
    (stage,) = received.named(names.MODEL)
    assert heard_until <= stage.began <= asked[0]
    assert said[0] <= stage.ended <= reply["started_speaking_at"] - 0.5
    noted = [
        [event[1] for event in span.events if event[1] != "exception"] for span in received.named("llm_request_run")
    ]
    assert noted == [["request_sent"], ["request_sent", "first_token"]]


async def test_replies_that_are_written_at_once_have_each_their_own_times(told, receiver, model):
    url, received = receiver
    asking, asked, _ = model
    async with told(url) as (call, _):
        first, second = await asyncio.gather(written(asking), written(asking))
        for reply in (first, second):
            heard = {"stopped_speaking_at": reply["started_speaking_at"] - 2 * LONG_BEFORE_SECONDS}
            call._turn(finished(heard, reply), NetworkDelay(Room()))
        await came(received, lambda got: len(got.named("turn")) == 2)
    below = {span.span_id: span.parent_id for span in received.spans}
    for stage in received.named(names.MODEL):
        (node,) = stage.links
        runs = [run for run in received.named("llm_request_run") if below[run.parent_id] == node]
        sent = [at for run in runs for at, name, _ in run.events if name == "request_sent"]
        assert stage.began == pytest.approx(min(sent), abs=1e-4)
    assert len(asked) == 3
