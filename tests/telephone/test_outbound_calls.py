"""Calls that go out, through the real livekit-server and worker, to telephones that do what people and networks do."""

import asyncio
import json

import pytest

from phone.outcomes import Outcome
from sandbox.phone.telephone import Answering, Telephone
from sandbox.stack import Stack, StackOptions
from sandbox.stack.livekit_server import HOW_TO_GET_IT, find_server
from tests.needs import missing
from tests.telephone.conftest import LOUD, loudness, until
from tests.telephone.numbers_in import numbers_in
from tests.telephone.outbound import CALLEE, CALLEES_DIGITS, OVER_SECONDS, outbound_to

pytestmark = pytest.mark.calls


async def test_a_busy_phone_is_told_and_left_and_a_person_hears_who_calls_and_hangs_up_in_mid_reply(tmp_path, caplog):
    """Pins the agent that stayed in the room of a call which nobody had answered."""
    if find_server() is None:
        missing(HOW_TO_GET_IT)
    caplog.set_level("DEBUG", "vaani.phone")
    phone = Telephone(CALLEE, answering=Answering(status=486))
    await phone.open()
    environment = {"WORKER_LOG_LEVEL": "DEBUG"}
    options = StackOptions(scope="sandbox-outbound", telephone=True, worker_environment=environment)
    async with Stack(options) as stack, outbound_to(phone, stack, tmp_path) as outbound:
        assert (await outbound.call()).outcome is Outcome.BUSY
        await outbound.until_nobody_is_left()

        phone.answering = Answering(after_seconds=1.0)
        calling = asyncio.create_task(outbound.call("hi-IN"))
        async with asyncio.timeout(30):
            call = await phone.answered_calls.get()
        rooms = await outbound.rooms()
        heard = []
        call.on_frame = lambda frame, at: heard.append(at) if loudness(frame) > LOUD else None
        await until(lambda: len(heard) > 50, 20)
        await call.hang_up()
        async with asyncio.timeout(OVER_SECONDS):
            assert (await calling).outcome is Outcome.HUMAN
        await outbound.until_nobody_is_left()
        log = stack.processes["worker"].log_text()
    await phone.aclose()
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert "human" in {line.get("answered_by") for line in lines}
    assert not [line for line in lines if line["message"].startswith("call.failed") or line.get("failed")]
    assert [each for each in caplog.messages if each == "phone.call_placed"]
    journal = b"".join(path.read_bytes() for path in tmp_path.glob("phone.db*"))
    assert CALLEES_DIGITS not in " ".join(path.name for path in tmp_path.iterdir())
    for told_where in (log, str(rooms), str([vars(each) for each in caplog.records]), journal.decode("latin-1")):
        assert numbers_in(told_where, CALLEE) == []
