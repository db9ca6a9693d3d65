"""Places outbound calls to one phone of the sandbox, as `python -m phone setup` and `call` do it."""

import contextlib
from datetime import UTC, datetime

from livekit import api

from phone.config import read_config
from phone.dialling import Dialler
from phone.do_not_call import NoList
from phone.journal import Journal
from phone.rules import Callee
from phone.setup import set_up
from tests.phone.telephone_file import ENVIRON, RIGHT
from tests.telephone.conftest import until_nobody_is_left

CALLEE = "+919812345678"
CALLEES_DIGITS = "9812345678"
NOON = datetime(2026, 11, 29, 6, 30, tzinfo=UTC)
OVER_SECONDS = 5.0


class Outbound:
    """Calls one phone, and looks whether anybody is left in a room."""

    def __init__(self, livekit, dialler, purpose):
        self.livekit = livekit
        self._dialler, self._purpose = dialler, purpose

    async def call(self, language=""):
        """One call, to its end; the result."""
        return await self._dialler.call(Callee(CALLEE, "C-1", language), self._purpose)

    async def until_nobody_is_left(self):
        await until_nobody_is_left(self.livekit, OVER_SECONDS)

    async def rooms(self):
        return (await self.livekit.room.list_rooms(api.ListRoomsRequest())).rooms


@contextlib.asynccontextmanager
async def outbound_to(phone, stack, folder):
    """Set the trunk up twice, of which the second changes nothing, and call through it."""
    host, port = phone.endpoint.address
    path = folder / "phone.toml"
    right = RIGHT.replace("sip.carrier.example:5060", f"{host}:{port}").replace('"tcp"', '"udp"')
    path.write_text(
        right.replace('caller_id = "+911600', 'voicemail = "Your cake is ready."\ncaller_id = "+911600'),
        encoding="utf-8",
    )
    config, journal = read_config(path, ENVIRON), Journal(folder / "phone.db")
    async with stack.telephone.api() as livekit:
        changes = await set_up(livekit, config)
        assert {change.how for change in await set_up(livekit, config)} == {"unchanged"}
        dialler = Dialler(
            livekit, config, config.outbound, changes[-1].id, forbidden=NoList(), one_at_a_time=journal.hold,
            key=stack.api_secret, now=lambda: NOON,
        )  # fmt: skip
        yield Outbound(livekit, dialler, config.purposes["order-update"])
    journal.close()
