"""Workers watch one another's calls: who is looked after, when, and how often."""

import asyncio

import pytest

from worker.recovery.redispatch import SILENT_SECONDS, Redispatcher, Watchdog
from worker.recovery.rooms import RoomView
from worker.recovery.snapshot import CallState, Succession

LIVING = CallState(agent="agent-1", language="en-IN", started_at=0.0)


def view(sealed, *, over=False, name="room"):
    return RoomView(name, sealed, CallState(agent="agent-1", language="en-IN", started_at=0.0, over=over))


class FakeRooms:
    """A project with one room."""

    def __init__(self, *, callers=1, successions=(), state=LIVING, arrives=True):
        self.callers, self.known, self.now, self.arrives = callers, list(successions), state, arrives
        self.done = []

    async def has_caller(self, room):
        return bool(self.callers)

    async def state(self, room):
        return self.now

    async def successions(self, room):
        return self.known

    async def remove(self, room, identity):
        self.done.append(("remove", identity))

    async def send_agent(self, room, agent_name, reason, previous="", call_id=""):
        self.done.append(("send", reason, previous))
        self.call_id = call_id
        return Succession(reason, len(self.known) + 1, previous)

    async def arrived(self, room, identity, seconds):
        return self.arrives

    async def delete(self, room):
        self.done.append(("delete",))


def watch():
    rooms = FakeRooms()
    return Watchdog(rooms, Redispatcher(rooms, "vaani"), every_seconds=4)


def test_a_state_that_changes_belongs_to_a_living_agent():
    peers = watch()
    for beat in range(20):
        assert peers.silent([view(f"v1.{beat}")], now=beat * 6.0) == []


def test_a_state_that_stays_the_same_for_long_enough_is_an_agent_that_is_gone():
    peers = watch()
    assert peers.silent([view("v1.a")], now=0) == []
    assert peers.silent([view("v1.a")], now=SILENT_SECONDS - 1) == []
    assert [room.name for room in peers.silent([view("v1.a")], now=SILENT_SECONDS)] == ["room"]


def test_a_call_that_was_ended_on_purpose_and_rooms_of_others_are_left_alone():
    peers = watch()
    rooms = [view("v1.a", over=True), RoomView("theirs", "", None)]
    peers.silent(rooms, now=0)
    assert peers.silent(rooms, now=100) == []


def test_whoever_is_sent_knows_which_record_to_go_on_with():
    rooms = FakeRooms(state=CallState("agent-1", "en-IN", 0.0, call_id="the call"))
    asyncio.run(Redispatcher(rooms, "vaani").redispatch("room", "agent-1", "crashed"))
    assert rooms.call_id == "the call"


def test_the_dead_agent_is_put_out_before_another_is_sent():
    """Pins the trap that the server shows a killed agent for 20 s: its caller would see two."""
    rooms = FakeRooms()
    asyncio.run(Redispatcher(rooms, "vaani").redispatch("room", "agent-1", "crashed"))
    assert rooms.done == [("remove", "agent-1"), ("send", "crashed", "agent-1")]


@pytest.mark.parametrize(
    ("rooms", "expected"),
    [
        (FakeRooms(callers=0), []),
        (FakeRooms(state=CallState("agent-1", "en-IN", 0.0, over=True)), [("delete",)]),
        (FakeRooms(successions=[Succession("crashed", 1), Succession("lost", 2)]), [("delete",)]),
        (
            FakeRooms(successions=[Succession("handover", 1), Succession("handover", 2)]),
            [("remove", "agent-1"), ("send", "crashed", "agent-1")],
        ),
        (FakeRooms(arrives=False), [("remove", "agent-1"), ("send", "crashed", "agent-1"), ("delete",)]),
    ],
    ids=["nobody there", "said goodbye already", "two died before", "handovers do not count", "nobody free"],
)
def test_a_caller_gets_another_agent_or_the_end_of_the_call(rooms, expected):
    asyncio.run(Redispatcher(rooms, "vaani").redispatch("room", "agent-1", "crashed"))
    assert rooms.done == expected


class StrangeRooms(FakeRooms):
    """A project where this call fails as no API error does, once."""

    def __init__(self, broken):
        super().__init__()
        self.broken, self.views = broken, 0

    def _break(self, name):
        if self.broken == name:
            self.broken = ""
            raise UnicodeEncodeError("utf-8", "\ud83d", 0, 1, "surrogates not allowed")

    async def view(self, names=()):
        if not names:
            self.views += 1
        self._break("view")
        return [view("v1.a")]

    async def successions(self, room):
        self._break("successions")
        return await super().successions(room)

    async def has_caller(self, room):
        self._break("has_caller")
        return await super().has_caller(room)


@pytest.mark.parametrize("broken", ["view", "successions", "has_caller"])
async def test_whatever_goes_wrong_with_one_room_the_watch_goes_on(monkeypatch, broken):
    """Pins the trap that one stray exception ended the watch over all rooms, in silence."""
    monkeypatch.setattr("worker.recovery.redispatch.SILENT_SECONDS", 0.0)
    monkeypatch.setattr("worker.recovery.redispatch.random.uniform", lambda low, high: 0.0)
    rooms = StrangeRooms(broken)
    rescued = asyncio.Event()
    rooms.done = Noting(rescued)
    watching = asyncio.create_task(Watchdog(rooms, Redispatcher(rooms, "vaani"), every_seconds=0.001).run())
    try:
        await asyncio.wait_for(rescued.wait(), 5)
    finally:
        watching.cancel()

    assert ("send", "lost", "agent-1") in rooms.done
    assert not watching.done() or watching.cancelled()


class Noting(list):
    """A list that says when an agent was sent."""

    def __init__(self, event):
        super().__init__()
        self.event = event

    def append(self, what):
        super().append(what)
        if what[0] == "send":
            self.event.set()
