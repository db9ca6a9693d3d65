"""Workers watch one another's calls: who is looked after, when, and how often."""

import asyncio
from types import SimpleNamespace

import pytest
from livekit.protocol.models import ParticipantInfo

from records.events import call_id_of
from worker.recovery.redispatch import SILENT_SECONDS, Redispatcher, Watchdog
from worker.recovery.rooms import COLLEAGUE_ATTRIBUTE, RoomView
from worker.recovery.snapshot import CallState, Succession

LIVING = CallState(agent="agent-1", language="en-IN", started_at=0.0)


def view(sealed, *, over=False, name="room"):
    return RoomView(name, sealed, CallState(agent="agent-1", language="en-IN", started_at=0.0, over=over))


class FakeRooms:
    """A project with one room."""

    def __init__(self, *, callers=1, colleagues=(), successions=(), state=LIVING, arrives=True, becomes=None):
        self.known, self.now, self.arrives = list(successions), state, arrives
        self.people = [ParticipantInfo(identity=f"caller-{number}") for number in range(callers)]
        self.people += [
            ParticipantInfo(identity=each, kind=ParticipantInfo.Kind.SIP, attributes={COLLEAGUE_ATTRIBUTE: "true"})
            for each in colleagues
        ]
        self.becomes = becomes or state
        self.done, self.lost = [], []

    async def note_lost(self, call_id):
        self.lost.append(call_id)

    def succession_in(self, metadata, room):
        return Succession("crashed", 1, call_id="the call") if metadata else None

    async def participants(self, room):
        return self.people

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
        self.now = self.becomes
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
    asyncio.run(Redispatcher(rooms, "vaani").redispatch("room", "agent-1", "crashed", "the call"))
    assert rooms.call_id == "the call"


def test_the_dead_agent_is_put_out_before_another_is_sent():
    """Pins the trap that the server shows a killed agent for 20 s: its caller would see two."""
    rooms = FakeRooms()
    asyncio.run(Redispatcher(rooms, "vaani").redispatch("room", "agent-1", "crashed", "the call"))
    assert rooms.done == [("remove", "agent-1"), ("send", "crashed", "agent-1")]


SENT = [("remove", "agent-1"), ("send", "crashed", "agent-1")]


@pytest.mark.parametrize(
    ("rooms", "expected", "goes_on"),
    [
        (FakeRooms(callers=0), [], False),
        (FakeRooms(state=CallState("agent-1", "en-IN", 0.0, over=True)), [("delete",)], False),
        (FakeRooms(successions=[Succession("crashed", 1), Succession("lost", 2)]), [("delete",)], False),
        (FakeRooms(successions=[Succession("handover", 1), Succession("handover", 2)]), SENT, True),
        (FakeRooms(), SENT, True),
        (FakeRooms(arrives=False), [*SENT, ("delete",)], False),
        (FakeRooms(arrives=False, becomes=CallState("agent-2", "en-IN", 0.0)), SENT, True),
        (FakeRooms(callers=0, colleagues=["colleague-1"]), [("delete",)], False),
        (FakeRooms(colleagues=["colleague-1"]), [SENT[0], ("remove", "colleague-1"), SENT[1]], True),
        (FakeRooms(colleagues=["colleague-1"], state=CallState("agent-1", "en-IN", 0.0, over=True)), [], True),
    ],
    ids=[
        "nobody there", "said goodbye already", "two died before", "handovers do not count", "somebody comes",
        "nobody free", "somebody else has taken it", "only a colleague who was rung for them",
        "a colleague was being asked", "they talk with a colleague and need nobody",
    ],
)  # fmt: skip
def test_a_caller_gets_another_agent_or_the_end_of_the_call_and_its_record(rooms, expected, goes_on):
    asyncio.run(Redispatcher(rooms, "vaani", rooms.note_lost).redispatch("room", "agent-1", "crashed", "the call"))
    assert rooms.done == expected
    assert rooms.lost == ([] if goes_on else ["the call"])


async def test_while_livekit_cannot_be_asked_no_record_is_ended():
    """Whether the call goes on is not known then: a minute later the record is ended, if nobody was heard of."""

    class AwayRooms(FakeRooms):
        async def participants(self, room):
            raise TimeoutError

    rooms = AwayRooms()
    await Redispatcher(rooms, "vaani", rooms.note_lost).redispatch("room", "agent-1", "crashed", "the call")
    assert rooms.lost == []


@pytest.mark.parametrize(
    ("metadata", "expected"), [("", call_id_of("RM_1")), ("succeeds", "the call")], ids=["the first", "a successor"]
)
async def test_a_process_that_died_is_known_by_the_call_that_it_carried(metadata, expected):
    rooms, handlers = FakeRooms(callers=0), {}
    redispatcher = Redispatcher(rooms, "vaani", rooms.note_lost)
    redispatcher.follow(SimpleNamespace(_proc_pool=SimpleNamespace(on=handlers.__setitem__)))
    for exit_code in (0, -9):
        job = SimpleNamespace(id="J", room=SimpleNamespace(name="room", sid="RM_1"), metadata=metadata)
        running = SimpleNamespace(job=job, accept_arguments=SimpleNamespace(identity="agent-1"))
        handlers["process_closed"](SimpleNamespace(running_job=running, exitcode=exit_code))
    await redispatcher.aclose()
    assert rooms.lost == [expected]


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

    async def participants(self, room):
        self._break("participants")
        return await super().participants(room)


@pytest.mark.parametrize("broken", ["view", "successions", "participants"])
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
