"""An outbound call that another agent carries on, after a crash or a handover, is still the one that it was."""

from types import SimpleNamespace

import pytest
from pydantic import SecretStr

from worker.phone.errand import Errand
from worker.recovery.rooms import Rooms
from worker.recovery.snapshot import Seal
from worker.server import errand_of, succession_of

SECRET = "a secret of the project"
SETTINGS = SimpleNamespace(livekit=SimpleNamespace(api_secret=SecretStr(SECRET)))
ERRAND = Errand("Asha Bakery", "the cake for today", "mr-IN")
pytestmark = pytest.mark.asyncio


class Dispatches:
    """Keeps what sends agents into one room, as LiveKit does."""

    def __init__(self, first):
        self.kept = [SimpleNamespace(metadata=first)]

    async def list_dispatch(self, room):
        return self.kept

    async def create_dispatch(self, request):
        self.kept.append(SimpleNamespace(metadata=request.metadata))

    def errand(self):
        """What the newest one's agent is told."""
        context = SimpleNamespace(
            is_fake_job=lambda: False,
            job=SimpleNamespace(metadata=self.kept[-1].metadata),
            room=SimpleNamespace(name="out-1"),
        )
        return errand_of(context, succession_of(context, SETTINGS))


@pytest.mark.parametrize("reasons", [(), ("crashed",), ("handover", "lost", "handover")])
async def test_every_agent_of_an_outbound_call_knows_what_it_is_for(reasons):
    """Pins an agent that went on with an outbound call as if it had come in, and did not know why it was made."""
    dispatches = Dispatches(ERRAND.metadata())
    rooms = Rooms(SimpleNamespace(agent_dispatch=dispatches), Seal(SECRET))
    for reason in reasons:
        await rooms.send_agent("out-1", "vaani", reason, "agent-0")
    assert dispatches.errand() == ERRAND


@pytest.mark.parametrize("first", ["", '{"at": 1, "caller": "c"}'])
async def test_a_call_that_came_in_has_no_errand_later_either(first):
    dispatches = Dispatches(first)
    await Rooms(SimpleNamespace(agent_dispatch=dispatches), Seal(SECRET)).send_agent("out-1", "vaani", "crashed")
    assert dispatches.errand() is None
