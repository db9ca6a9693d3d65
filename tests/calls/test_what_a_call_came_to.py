"""After a real call its record holds the outcome, and the webhook is told, signed, within ten seconds."""

import asyncio
import base64
import time

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook

from records.engine import new_engine
from records.reading import read_record
from sandbox.caller import CallPlan, Control, Turn, place_call

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]
SCOPE = "sk_outcome"
KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()


async def test_the_webhook_is_told_what_the_call_came_to_and_no_secret(sandbox, worker_with, join, tmp_path):
    told, heard = asyncio.Queue(), []

    async def receive(request):
        body = await request.read()
        heard.append(body.decode())
        await told.put((Webhook(KEY).verify(body, dict(request.headers)), time.monotonic()))
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/hook", receive)
    url = f"sqlite+aiosqlite:///{tmp_path}/calls.db"
    async with TestServer(app) as receiver:
        environment = {
            "WORKER_RECORDS_URL": url, "WORKER_RECORDS_WORDS": "true",
            "WORKER_RECORDS_SPOOL_DIR": str(tmp_path / "spool"),
            "WORKER_OUTCOME_WEBHOOK_URL": str(receiver.make_url("/hook")), "WORKER_OUTCOME_WEBHOOK_SECRET": KEY,
            "WORKER_OUTCOME_WEBHOOK_INSECURE": "true",
        }  # fmt: skip
        async with worker_with("outcome", scope=SCOPE, **environment) as worker:
            await sandbox.configure(SCOPE)
            turns = (
                Turn(text="My card number is 4111 1111 1111 1111, where is my order?", language="en-IN"),
                Turn(text="Thank you, goodbye.", language="en-IN", expects_end=True),
            )
            result = await place_call(
                CallPlan(turns=turns), join=join("outcome"), control=Control(sandbox.sandbox_url, SCOPE)
            )
            ended_at = time.monotonic()
            async with asyncio.timeout(20):
                event, told_at = await told.get()
            log = worker.log_text()

    assert result.good, result.errors
    assert told_at - ended_at <= 2 * 10
    assert (event["type"], event["data"]["outcome_status"]) == ("call.finished", "ok")
    assert event["data"]["outcome"]["language"] == "en-IN"
    assert event["data"]["summary"].startswith("The caller said: ")
    engine = new_engine(url)
    async with engine.connect() as connection:
        record = await read_record(connection, event["data"]["id"])
    await engine.dispose()
    assert record["summary"] == event["data"]["summary"]
    assert "[card]" in record["turns"][0]["heard"]
    asked = [
        event
        for event in await sandbox.seen(SCOPE)
        if event["provider"] == "llm" and "The call:" in str(event.get("user"))
    ]
    assert len([event for event in asked if event["kind"] == "asked"]) == 1
    for kept in (str(record), *heard, str(asked), log):
        assert "4111" not in kept
    assert "call.outcome" in log
