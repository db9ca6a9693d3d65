"""Who is taken, who is left to another worker, and who is only told that all lines are busy."""

import asyncio
from types import SimpleNamespace

import pytest

from worker import front_desk
from worker.front_desk import BUSY_ATTRIBUTE, FrontDesk
from worker.recovery.sealed_state import Seal, Succession

SEAL = Seal("a-livekit-api-secret-of-some-length")
AGENT, CALLER = SimpleNamespace(kind=4), SimpleNamespace(kind=0)


class FakeRooms:
    """A room with these people, to which these agents were sent before."""

    def __init__(self, people=(CALLER,), known=()):
        self.people, self.known, self.sent = people, known, []

    async def participants(self, room):
        return self.people

    async def successions(self, room):
        return self.known

    async def send_agent(self, room, agent_name, reason):
        self.sent.append((room, agent_name, reason))


class Request:
    """An offer of LiveKit's, and what it was answered."""

    def __init__(self, name, metadata=""):
        self.id = name
        self.room = SimpleNamespace(name="room")
        self.job = SimpleNamespace(metadata=metadata)
        self.answer = None

    async def accept(self, **arguments):
        self.answer = ("accept", arguments)

    async def reject(self, *, terminate):
        self.answer = ("reject", terminate)


def a_desk(most, rooms=None):
    server = SimpleNamespace(active_jobs=[])
    return FrontDesk(server, most, "vaani", SimpleNamespace(seal=SEAL, rooms=rooms or FakeRooms())), server


def offer(desk, name, succession=None):
    request = Request(name, SEAL.seal(succession, "room") if succession else "")
    asyncio.run(desk.take(request))
    return request.answer


@pytest.fixture(autouse=True)
def _no_wait_for_other_workers(monkeypatch):
    monkeypatch.setattr(front_desk, "OTHERS_SECONDS", 0.0)
    monkeypatch.setattr(front_desk.random, "uniform", lambda low, high: 0.0)


def test_a_call_taken_a_moment_ago_counts_before_its_process_runs():
    """Pins the trap of a burst: two callers in the same instant on one line."""
    desk, _ = a_desk(most=1)
    assert offer(desk, "first")[0] == "accept"
    assert offer(desk, "second") == ("reject", False), "another worker may have room"


@pytest.mark.parametrize(
    ("rooms", "sent"),
    [
        (FakeRooms(), [("room", "vaani", "busy")]),
        (FakeRooms(people=(CALLER, AGENT)), []),
        (FakeRooms(known=(Succession("busy", 1),)), []),
    ],
    ids=["nobody took it", "another worker took it", "another worker is refusing it"],
)
def test_a_call_that_nobody_has_room_for_is_refused_aloud_and_once(rooms, sent):
    desk, _ = a_desk(most=1, rooms=rooms)

    async def two_callers():
        await desk.take(Request("first"))
        await desk.take(Request("second"))
        await asyncio.gather(*desk._tasks)

    asyncio.run(two_callers())
    assert rooms.sent == sent


def test_refusing_a_call_takes_no_line():
    desk, server = a_desk(most=1)
    answer = offer(desk, "refused", Succession("busy", 1))
    assert answer == ("accept", {"identity": "vaani-busy", "attributes": {BUSY_ATTRIBUTE: "true"}})
    server.active_jobs = [SimpleNamespace(job=SimpleNamespace(id="refused"))]
    assert desk.calls() == 0
    assert offer(desk, "first")[0] == "accept"


def test_a_caller_in_mid_call_is_taken_even_when_all_lines_are_busy():
    desk, _ = a_desk(most=1)
    offer(desk, "first")
    assert offer(desk, "rescued", Succession("crashed", 2, "agent-1")) == ("accept", {"identity": "vaani-agent-2"})


def test_forged_metadata_is_an_ordinary_call():
    desk, _ = a_desk(most=1)
    request = Request("first", "v1." + "A" * 200)
    asyncio.run(desk.take(request))
    assert request.answer == ("accept", {})


def test_the_load_stays_below_what_makes_livekit_stop_offering_calls():
    desk, server = a_desk(most=2)
    server.active_jobs = [SimpleNamespace(job=SimpleNamespace(id=str(number))) for number in range(5)]
    assert desk.load() < 0.7
