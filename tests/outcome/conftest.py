"""A model at the end of the wire that answers as a test tells it, and keeps what it was asked."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest_asyncio
from aiohttp import web

from worker.outcome.making import OutcomeMaker
from worker.outcome.request import OutcomeModel
from worker.outcome.schema import OutcomeSchema
from worker.settings import LlmSettings, OpenAiSettings, OutcomeSettings

GOOD = {
    "intent": "cancel an order", "resolved": True, "promised": ["the order is cancelled"], "callback_wanted": False,
    "sentiment": "neutral", "language": "hi-IN",
}  # fmt: skip


def whole(outcome=GOOD, summary="The caller has cancelled order 4521.", promises=()):
    return json.dumps({"summary": summary, "promises": list(promises), "outcome": outcome}, ensure_ascii=False)


class ScriptedModel:
    """Answers with what it is given, in order, the last for ever: a text, a status, `hang`, or a whole choice."""

    def __init__(self):
        self.script, self.asked = [whole()], []
        self.url = ""

    async def complete(self, request):
        self.asked.append(await request.json())
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if answer == "hang":
            await asyncio.Event().wait()
        if isinstance(answer, int):
            return web.json_response({"error": {"message": "no", "type": "server_error"}}, status=answer)
        if isinstance(answer, str):
            answer = {"message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}
        return web.json_response(
            {
                "id": "c", "object": "chat.completion", "created": 1, "model": "m",
                "choices": [{"index": 0, **answer}] if answer else [],
                "usage": {"prompt_tokens": 90, "completion_tokens": 30, "total_tokens": 120},
            }
        )  # fmt: skip

    @property
    def text(self):
        return json.dumps(self.asked, ensure_ascii=False)


@asynccontextmanager
async def scripted_model():
    model, app = ScriptedModel(), web.Application()
    app.router.add_post("/v1/chat/completions", model.complete)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    model.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield model
    finally:
        await runner.cleanup()


@pytest_asyncio.fixture
async def model():
    async with scripted_model() as scripted:
        yield scripted


@asynccontextmanager
async def maker_for(model, schema=None, unmasked=("phone",), **settings):
    outcome = OutcomeSettings(**settings)
    api = OpenAiSettings(api_key="sk-test", base_url=model.url)
    asking = OutcomeModel(outcome, LlmSettings(), api)
    try:
        yield OutcomeMaker(outcome, schema or OutcomeSchema.load(None), asking, unmasked=unmasked)
    finally:
        await asking.aclose()
