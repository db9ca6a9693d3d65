"""A whole call from a telephone: greeted in Hindi, a number keyed in, transferred; and nobody's number is kept."""

import asyncio
import base64
import contextlib
import json
import re
import sqlite3

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from sandbox.caller import CallPlan, Turn, place_call
from sandbox.caller.audio import read_wav
from sandbox.phone.demo import CALLER, COLLEAGUE, NUMBER, WORKER_ENVIRONMENT
from sandbox.phone.line import TelephoneLine
from sandbox.phone.telephone import Referral, Telephone
from sandbox.services.otlp import running_receiver
from sandbox.stack import Stack, StackOptions
from sandbox.stack.livekit_server import HOW_TO_GET_IT, find_server
from tests.needs import missing
from tests.telephone.conftest import until
from tests.telephone.numbers_in import numbers_in

pytestmark = pytest.mark.calls
PLAN = CallPlan(
    (
        Turn("4711#", "en-IN", keys="4711#"),
        Turn("Please connect me to a real person.", "en-IN", expects_end=True),
    ),
    name="telephone",
)
# The machine also runs everything else: what the recogniser takes then must not look like deafness.
ENVIRONMENT = {**WORKER_ENVIRONMENT, "WORKER_REPLY_LATE_SECONDS": "5"}


def everything_that_tells(folder, otlp_url, webhook_url):
    """Settings of a worker that says all it can: the log at its finest, traces, metrics, records, a webhook."""
    return {
        "WORKER_LOG_LEVEL": "DEBUG",
        "OTEL_EXPORTER_OTLP_ENDPOINT": otlp_url,
        "OTEL_METRICS_EXPORTER": "otlp,prometheus",
        "OTEL_METRIC_EXPORT_INTERVAL": "2000",
        "WORKER_RECORDS_URL": f"sqlite+aiosqlite:///{folder}/calls.db",
        "WORKER_RECORDS_SPOOL_DIR": str(folder / "spool"),
        "WORKER_OUTCOME_WEBHOOK_URL": webhook_url,
        "WORKER_OUTCOME_WEBHOOK_SECRET": "whsec_" + base64.b64encode(b"k" * 32).decode(),
        "WORKER_OUTCOME_WEBHOOK_INSECURE": "true",
    }


async def test_a_telephone_calls_keys_a_number_and_is_transferred(tmp_path):
    """Pins the caller's number on 214 of 239 lines at DEBUG: LiveKit's individual rule names the room after it."""
    if find_server() is None:
        missing(HOW_TO_GET_IT)
    phone = Telephone(CALLER, referral=Referral(after_seconds=0.5))
    told = asyncio.Queue()

    async def hear(request):
        await told.put(await request.text())
        return web.Response(status=204)

    hook = web.Application()
    hook.router.add_post("/", hear)
    with running_receiver() as (otlp_url, received):
        async with TestServer(hook) as receiver:
            telling = everything_that_tells(tmp_path, otlp_url, str(receiver.make_url("/")))
            options = StackOptions(scope="sandbox-phone", telephone=True, worker_environment=ENVIRONMENT | telling)
            async with Stack(options) as stack:
                await stack.telephone.give_number(NUMBER, attributes={"language": "hi-IN"})
                await phone.open()
                line = TelephoneLine(phone, NUMBER, stack.telephone, record=True)
                result = await place_call(PLAN, line=line, control=stack.control, out_dir=tmp_path)
                await phone.aclose()
                async with asyncio.timeout(30):
                    webhook = await told.get()
                async with stack.http.get(f"{stack.health_url()}metrics") as reply:
                    scraped = await reply.text()
                worker = stack.processes["worker"]
                await worker.stop()  # what it says when it stops, too
                log = worker.log_text()
    assert result.errors == ()
    assert result.good
    assert line.rang_at <= line.connected_at
    assert "नमस्ते" in result.greeting  # the rule's language, from its attribute
    assert "4711" in result.turns[0].reply
    assert (result.ended_by, line.call.referred_to) == ("agent", [COLLEAGUE])
    assert json.loads((tmp_path / "call.json").read_text())["greeting_seconds"] is not None
    samples, rate = read_wav(tmp_path / "call.wav")
    assert len(samples) / rate == pytest.approx(result.duration_seconds, abs=1.0)

    assert not re.search(r"(?<![\d.])4711(?!\d)", log), "keys are in no log, alone: moments have any four digits"
    assert '"level": "DEBUG"' in log
    assert '"recording.started"' not in log, "a telephone is not recorded either where nobody has set it up"
    database = (tmp_path / "calls.db").read_bytes() + b"".join(
        path.read_bytes() for path in tmp_path.glob("calls.db-*")
    )
    traces = b"".join(received.bodies)
    for told_where in (log, webhook, scraped, traces.decode("latin-1"), database.decode("latin-1")):
        assert len(told_where) > 200, "something is told there"
        assert numbers_in(told_where, CALLER) == []


KEYS_ONLY = CallPlan((Turn("4711#", "en-IN", keys="4711#"),), name="keys")
NOBODYS_NUMBER = "+918012345699"
"""Of a rule that says nothing about a language."""


def language_kept(file):
    """The language of the one call that is kept so far, once it has said anything."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            rows = database.execute("SELECT language FROM calls WHERE turn_count > 0").fetchall()
    except sqlite3.OperationalError:  # no file yet, or no schema
        return None
    return rows[0][0] if rows else None


async def test_a_caller_who_rings_again_is_greeted_as_they_were_spoken_to(tmp_path):
    """Pins the opening language of issue "The telephone": what an earlier call settled, where records are kept."""
    if find_server() is None:
        missing(HOW_TO_GET_IT)
    phone = Telephone(CALLER)
    kept = {
        "WORKER_RECORDS_URL": f"sqlite+aiosqlite:///{tmp_path}/calls.db",
        "WORKER_RECORDS_SPOOL_DIR": str(tmp_path / "spool"),
    }
    options = StackOptions(scope="sandbox-phone", telephone=True, worker_environment=ENVIRONMENT | kept)
    async with Stack(options) as stack:
        await stack.telephone.give_number(NUMBER, attributes={"language": "hi-IN"})
        await stack.telephone.give_number(NOBODYS_NUMBER)
        await phone.open()
        greetings = []
        for number in (NUMBER, NOBODYS_NUMBER):
            line = TelephoneLine(phone, number, stack.telephone)
            result = await place_call(KEYS_ONLY, line=line, control=stack.control, out_dir=tmp_path)
            assert result.errors == ()
            greetings.append(result.greeting)
            await until(lambda: language_kept(tmp_path / "calls.db") == "hi-IN", seconds=30)
        await phone.aclose()
    assert "नमस्ते" in greetings[0]  # the rule's language
    assert greetings[1] == greetings[0]
