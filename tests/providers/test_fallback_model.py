"""LLM_FALLBACK_MODEL: when the first model fails, the second one answers the same request."""

import json

import pytest
from aiohttp import web
from livekit.agents import APIConnectOptions, APIError, llm

from worker.environment import load_settings
from worker.providers.openai_llm import build_llm

KEYS = {
    "LIVEKIT_URL": "ws://127.0.0.1:1",
    "LIVEKIT_API_KEY": "key",
    "LIVEKIT_API_SECRET": "secret",
    "SARVAM_API_KEY": "none",
    "OPENAI_API_KEY": "none",
}


@pytest.fixture
async def models():
    """An endpoint on which every model but `second` is down; yields its address and the models asked for."""
    asked = []

    async def complete(request):
        asked.append((await request.json())["model"])
        if asked[-1] != "second":
            return web.json_response({"error": {"message": "down"}}, status=500)
        reply = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await reply.prepare(request)
        delta = {"index": 0, "delta": {"role": "assistant", "content": "Here I am."}, "finish_reason": None}
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "second", "choices": [delta]}
        await reply.write(f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode())
        return reply

    app = web.Application()
    app.router.add_post("/v1/chat/completions", complete)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1", asked
    await runner.cleanup()


async def answer(model):
    context = llm.ChatContext.empty()
    context.add_message(role="user", content="Are you there?")
    options = APIConnectOptions(max_retry=0, timeout=5)
    async with model.chat(chat_ctx=context, conn_options=options) as stream:
        return "".join([chunk.delta.content or "" async for chunk in stream if chunk.delta])


async def test_the_second_model_answers_when_the_first_is_down(models):
    url, asked = models
    settings = load_settings({**KEYS, "OPENAI_BASE_URL": url, "LLM_MODEL": "first", "LLM_FALLBACK_MODEL": "second"})
    assert await answer(build_llm(settings.llm, settings.openai)) == "Here I am."
    assert asked[0] == "first"
    assert asked[-1] == "second"


async def test_without_a_second_model_the_failure_is_told(models):
    url, _ = models
    settings = load_settings({**KEYS, "OPENAI_BASE_URL": url, "LLM_MODEL": "first"})
    with pytest.raises(APIError):
        await answer(build_llm(settings.llm, settings.openai))
