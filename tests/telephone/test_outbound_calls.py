"""Calls that go out, through the real livekit-server and worker, to telephones that do what people and networks do."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from livekit import api

from phone.config import read_config
from phone.dialling import Dialler
from phone.do_not_call import NoList
from phone.journal import Journal
from phone.outcomes import Outcome
from phone.rules import Callee
from phone.setup import set_up
from sandbox.phone.telephone import Answering, Telephone
from sandbox.stack import Stack, StackOptions
from sandbox.stack.livekit_server import HOW_TO_GET_IT, find_server
from tests.needs import missing
from tests.phone.telephone_file import ENVIRON, RIGHT
from tests.telephone.conftest import LOUD, loudness, until

pytestmark = pytest.mark.calls
NUMBER = "+919812345678"
NOON = datetime(2026, 11, 29, 6, 30, tzinfo=UTC)
OVER_SECONDS = 5.0


async def until_nobody_is_left(livekit):
    async with asyncio.timeout(OVER_SECONDS):
        while (await livekit.room.list_rooms(api.ListRoomsRequest())).rooms:
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.1)


async def test_a_busy_phone_is_told_and_left_and_a_person_hears_who_calls(tmp_path):
    """Pins the agent that stayed in the room of a call which nobody had answered."""
    if find_server() is None:
        missing(HOW_TO_GET_IT)
    phone = Telephone(NUMBER, answering=Answering(status=486))
    await phone.open()
    host, port = phone.endpoint.address
    path = tmp_path / "phone.toml"
    right = RIGHT.replace("sip.carrier.example:5060", f"{host}:{port}").replace(
        'transport = "tcp"', 'transport = "udp"'
    )
    path.write_text(right, encoding="utf-8")
    config, journal = read_config(path, ENVIRON), Journal(tmp_path / "phone.db")
    purpose = config.purposes["order-update"]
    async with Stack(StackOptions(scope="sandbox-outbound", telephone=True)) as stack, stack.telephone.api() as livekit:
        changes = await set_up(livekit, config)
        assert {change.how for change in await set_up(livekit, config)} == {"unchanged"}
        dialler = Dialler(
            livekit, config, config.outbound, changes[-1].id, forbidden=NoList(), one_at_a_time=journal.hold,
            key=stack.api_secret, now=lambda: NOON,
        )  # fmt: skip

        assert (await dialler.call(Callee(NUMBER, "C-1"), purpose)).outcome is Outcome.BUSY
        await until_nobody_is_left(livekit)

        phone.answering = Answering(after_seconds=1.0)
        calling = asyncio.create_task(dialler.call(Callee(NUMBER, "C-1", "hi-IN"), purpose))
        async with asyncio.timeout(30):
            call = await phone.answered_calls.get()
        heard = []
        call.on_frame = lambda frame, at: heard.append(at) if loudness(frame) > LOUD else None
        await until(lambda: len(heard) > 50, 20)
        await call.hang_up()
        async with asyncio.timeout(20):
            assert (await calling).outcome is Outcome.HUMAN
        await until_nobody_is_left(livekit)
        log = stack.processes["worker"].log_text()
    await phone.aclose()
    journal.close()
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert "human" in {line.get("answered_by") for line in lines}
    assert not [line for line in lines if line["message"].startswith("call.failed") or line.get("failed")]
    assert "9812345678" not in log
