"""Who is taken, who is left to another worker, and who is only told why not."""

import asyncio
import json
import time
from types import SimpleNamespace

import pytest
from livekit.agents import AssignmentTimeoutError

from worker.admission import BUSY_ATTRIBUTE, FEWEST_REFUSALS, FULL_LOAD, REFUSED_ATTRIBUTE, Admission
from worker.admission_rules import AdmissionRules
from worker.environment import load_settings
from worker.livekit_internals import EndedProcess
from worker.parent import CALLS_PER_CORE, build_server, most_calls
from worker.recovery.exit_codes import FAILED, LOST, UNUSED
from worker.recovery.snapshot import Seal, Succession

SEAL = Seal("a-livekit-api-secret-of-some-length")
LIMITS = SimpleNamespace(token_seconds=960.0, max_calls_per_caller=2, caller_seconds_per_day=0.0)
AGENT, CALLER = SimpleNamespace(kind=4), SimpleNamespace(kind=0)


class FakeRooms:
    """A room with these people, to which these agents were sent before."""

    def __init__(self, people=(CALLER,), known=()):
        self.people, self.known, self.sent, self.deleted = people, known, [], []

    async def participants(self, room):
        return self.people

    async def successions(self, room):
        return self.known

    async def send_agent(self, room, agent_name, reason):
        self.sent.append((room, agent_name, reason))

    async def dispatch(self, room, agent_name, metadata):
        self.sent.append((room, agent_name, metadata))

    async def delete(self, room):
        self.deleted.append(room)


class Request:
    """An offer of LiveKit's, and what it was answered."""

    def __init__(self, name, metadata="", room="room"):
        self.id = name
        self.room = SimpleNamespace(name=room)
        self.job = SimpleNamespace(id=name, metadata=metadata)
        self.answer = None

    async def accept(self, **arguments):
        self.answer = ("accept", arguments)

    async def reject(self, *, terminate):
        self.answer = ("reject", terminate)


def an_admission(most, rooms=None, is_late=lambda: False):
    server = SimpleNamespace(active_jobs=[], _pending_assignments={})
    client = SimpleNamespace(seal=SEAL, rooms=rooms or FakeRooms())
    return Admission(server, most, "vaani", client, AdmissionRules(LIMITS), is_late), server


def offer(admission, name, succession=None):
    request = Request(name, SEAL.seal(succession, "room") if succession else "")
    asyncio.run(admission.take(request))
    return request.answer


async def two_callers(admission):
    await admission.take(Request("first"))
    await admission.take(Request("second"))
    await asyncio.gather(*admission._tasks)


@pytest.fixture(autouse=True)
def _no_wait_for_other_workers(monkeypatch):
    monkeypatch.setattr("worker.admission.OTHERS_SECONDS", 0.0)
    monkeypatch.setattr("worker.admission.ASSIGNED_SECONDS", 0.0)
    monkeypatch.setattr("worker.admission.random.uniform", lambda low, high: 0.0)


def test_a_call_taken_a_moment_ago_counts_before_its_process_runs():
    """Pins the trap of a burst: two callers in the same instant on one line."""
    admission, _ = an_admission(most=1)
    assert offer(admission, "first")[0] == "accept"
    assert offer(admission, "second") == ("reject", False), "another worker may have room"


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
    admission, _ = an_admission(most=1, rooms=rooms)

    asyncio.run(two_callers(admission))
    assert rooms.sent == sent


class Forgotten(Request):
    """An offer that LiveKit's server has forgotten when the answer comes."""

    async def accept(self, **arguments):
        await super().accept(**arguments)
        raise AssignmentTimeoutError


@pytest.mark.parametrize(
    ("people", "sent"),
    [((CALLER,), [("room", "vaani", "the ticket")]), ((CALLER, AGENT), [])],
    ids=["nobody came", "another agent came"],
)
def test_a_call_that_livekit_forgot_is_offered_again_and_its_line_is_free(people, sent):
    """Pins livekit#4541: a worker that answers after 3 s is assigned nothing, and the caller waits for nobody."""
    rooms = FakeRooms(people=people)
    admission, server = an_admission(most=1, rooms=rooms)
    server._pending_assignments["first"] = None

    async def forgotten():
        await admission.take(Forgotten("first", "the ticket"))
        await asyncio.gather(*admission._tasks)

    asyncio.run(forgotten())
    assert rooms.sent == sent
    assert admission.calls() == 0


def test_a_call_that_was_assigned_is_offered_to_nobody_else():
    rooms = FakeRooms()
    admission, _ = an_admission(most=1, rooms=rooms)

    async def taken():
        await admission.take(Request("first"))
        await asyncio.gather(*admission._tasks)

    asyncio.run(taken())
    assert rooms.sent == []
    assert admission.calls() == 1


def test_refusing_a_call_takes_no_line():
    admission, server = an_admission(most=1)
    answer = offer(admission, "refused", Succession("busy", 1))
    assert answer == ("accept", {"identity": "vaani-busy", "attributes": {BUSY_ATTRIBUTE: "true"}})
    server.active_jobs = [SimpleNamespace(job=SimpleNamespace(id="refused"))]
    assert admission.calls() == 0
    assert offer(admission, "first")[0] == "accept"


def test_a_caller_in_mid_call_is_taken_even_when_all_lines_are_busy():
    admission, _ = an_admission(most=1)
    offer(admission, "first")
    assert offer(admission, "rescued", Succession("crashed", 2, "agent-1")) == ("accept", {"identity": "vaani-agent-2"})


def test_forged_metadata_is_an_ordinary_call():
    admission, _ = an_admission(most=1)
    request = Request("first", "v1." + "A" * 200)
    asyncio.run(admission.take(request))
    assert request.answer == ("accept", {})


def test_the_load_stays_below_what_makes_livekit_stop_offering_calls():
    admission, server = an_admission(most=2)
    server.active_jobs = [SimpleNamespace(job=SimpleNamespace(id=str(number))) for number in range(5)]
    assert admission.load() < 0.7


SETTINGS = {
    "LIVEKIT_URL": "ws://127.0.0.1:1", "LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "a-secret",
    "SARVAM_API_KEY": "key", "OPENAI_API_KEY": "key", "WORKER_IDLE_PROCESSES": "1",
}  # fmt: skip


@pytest.mark.parametrize("running", [0, 1, 7])
def test_callers_who_come_at_the_same_moment_are_all_offered_a_line(running):
    """Pins: an idle worker told LiveKit that it was full while the first of four was being answered; one got nobody."""
    server = build_server(load_settings(SETTINGS)).server
    server._devmode, server._draining = False, False
    server._proc_pool = SimpleNamespace(processes=[SimpleNamespace(running_job=object()) for _ in range(running)])
    server._worker_load = 0.05 * running
    for answered in range(10):
        server._reserved_slots = answered  # so many accepted, whose processes have not begun
        assert server._is_available()


def ticket(*, age_seconds=1.0, caller="asha", **more):
    return json.dumps({"at": time.time() - age_seconds, "caller": caller, **more})


def show(admission, name, metadata, room="room"):
    """A first dispatch with this ticket, and what it was answered."""
    request = Request(name, metadata, room)
    asyncio.run(admission.take(request))
    return request.answer


def refused(reason):
    return ("accept", {"identity": "vaani-refused", "attributes": {REFUSED_ATTRIBUTE: reason}})


def process(name, exit_code):
    return EndedProcess(name, "room", "agent", exit_code)


@pytest.mark.parametrize("exit_code", [0, FAILED])
def test_a_token_is_good_for_one_call(exit_code):
    """Pins the trap that the dispatch is in the token: whoever joins again makes the room again, with an agent."""
    admission, _ = an_admission(most=3)
    assert show(admission, "first", ticket()) == ("accept", {})
    admission._process_closed(process("first", exit_code))

    assert show(admission, "again", ticket(age_seconds=300)) == refused("used")
    assert show(admission, "other", ticket(), room="another room") == ("accept", {})


@pytest.mark.parametrize("exit_code", [LOST, -9, 1])
def test_a_call_that_was_lost_goes_on_with_its_token_however_old(exit_code):
    """Pins the trap that LiveKit's own restart makes the room, and the dispatch, again."""
    admission, _ = an_admission(most=3)
    show(admission, "first", ticket())
    admission._process_closed(process("first", exit_code))

    assert show(admission, "again", ticket(age_seconds=1700)) == ("accept", {})


def test_a_token_that_nobody_came_with_is_still_good():
    admission, _ = an_admission(most=3)
    show(admission, "ahead", ticket(ahead=True))
    admission._process_closed(process("ahead", UNUSED))

    assert show(admission, "caller", ticket()) == ("accept", {})


def test_a_token_that_is_shown_while_its_call_is_ending_was_used():
    """Pins the trap that the room is gone a moment before its call's process."""
    admission, _ = an_admission(most=3)
    same = ticket()
    show(admission, "first", same)
    request = Request("again", same)

    async def joins_at_once():
        asyncio.get_running_loop().call_soon(admission._process_closed, process("first", 0))
        await admission.take(request)

    asyncio.run(joins_at_once())
    assert request.answer == refused("used")


def test_a_token_that_is_too_old_begins_no_call():
    admission, _ = an_admission(most=3)
    assert show(admission, "late", ticket(age_seconds=900)) == ("accept", {})
    assert show(admission, "later", ticket(age_seconds=961), room="another room") == refused("expired")


def test_an_agent_that_follows_another_is_not_refused():
    admission, _ = an_admission(most=3)
    show(admission, "first", ticket())
    admission._process_closed(process("first", 0))

    for reason in ("crashed", "lost", "handover"):
        assert offer(admission, reason, Succession(reason, 3))[1] == {"identity": "vaani-agent-3"}


@pytest.mark.parametrize(
    "metadata",
    ["", "{}", "null", "7", '"text"', "[1]", '{"at": "now", "caller": "asha"}', '{"at": true}', '{"caller": "asha"}',
     '{"at": 1, "caller": 7}', '{"order": 4711}', "{", "[" * 100_000],
)  # fmt: skip
def test_a_dispatch_without_a_ticket_is_always_taken(metadata):
    """A phone's dispatch rule and `lk dispatch create` use one room name again and again."""
    admission, _ = an_admission(most=30)
    for number in range(3):
        assert show(admission, str(number), metadata) == ("accept", {})
        admission._process_closed(process(str(number), 0))


def test_one_caller_has_two_calls_at_once_and_others_are_not_in_it():
    admission, server = an_admission(most=9)
    for number in range(2):
        assert show(admission, str(number), ticket(), room=str(number)) == ("accept", {})
    server.active_jobs = [SimpleNamespace(job=SimpleNamespace(id=str(number))) for number in range(2)]

    assert show(admission, "third", ticket(), room="third") == refused("too_many_calls")
    assert show(admission, "other", ticket(caller="ravi"), room="other") == ("accept", {})
    for number in range(4):
        nobody = ticket(caller=None)
        assert show(admission, f"nobody {number}", nobody, room=f"room {number}") == ("accept", {})
    admission._process_closed(process("0", 0))
    assert show(admission, "fourth", ticket(), room="fourth") == ("accept", {})


def test_calls_that_other_agents_carry_on_count_for_their_caller():
    admission, _ = an_admission(most=9)
    offer(admission, "rescued", Succession("crashed", 1, caller="asha"))
    show(admission, "second", ticket(), room="second")
    assert show(admission, "third", ticket(), room="third") == refused("too_many_calls")


def test_a_call_that_was_given_to_another_worker_is_not_counted(monkeypatch):
    """Pins the trap that LiveKit may take back an accepted call: its caller would be refused for ever."""
    monkeypatch.setattr("worker.admission.PENDING_SECONDS", 0.0)
    admission, _ = an_admission(most=9)
    for number in range(5):
        assert show(admission, str(number), ticket(), room=str(number)) == ("accept", {})


def test_refusals_that_nobody_has_a_voice_for_end_the_call(monkeypatch):
    """Pins the trap of silence: a caller who is neither taken nor told anything waits for ever."""
    monkeypatch.setattr("worker.admission.UNHEARD_SECONDS", 0.0)
    rooms = FakeRooms()
    admission, _ = an_admission(most=1, rooms=rooms)

    async def many():
        requests = [Request(str(number), ticket(age_seconds=2000), f"room {number}") for number in range(6)]
        for request in requests:
            await admission.take(request)
        await asyncio.gather(*admission._tasks)
        return [request.answer for request in requests]

    answers = asyncio.run(many())
    assert answers[:4] == [refused("expired")] * 4
    assert answers[4:] == [("reject", True)] * 2
    assert rooms.deleted == ["room 4", "room 5"]


def test_a_late_worker_takes_no_call_beside_those_it_has_and_says_that_it_is_full():
    admission, _ = an_admission(most=8, is_late=lambda: True)
    assert admission.load() == 0.0
    assert offer(admission, "first")[0] == "accept", "a worker without a call is not late because of its calls"
    assert admission.load() == FULL_LOAD
    assert offer(admission, "second") == ("reject", False), "another worker may have room"


def test_a_caller_of_a_late_worker_is_told_that_lines_are_busy():
    rooms = FakeRooms()
    admission, _ = an_admission(most=8, rooms=rooms, is_late=lambda: True)

    asyncio.run(two_callers(admission))
    assert rooms.sent == [("room", "vaani", "busy")]


def test_a_late_worker_still_carries_on_a_call_that_another_has_lost():
    admission, _ = an_admission(most=8, is_late=lambda: True)
    offer(admission, "first")
    assert offer(admission, "second", Succession("crashed", 1))[0] == "accept"


def test_a_worker_has_lines_for_the_cores_that_it_may_use(monkeypatch):
    """Pins the figure of a worker pinned to one core of a large machine: the machine's."""
    monkeypatch.setattr("worker.parent.get_cpu_monitor", lambda: SimpleNamespace(cpu_count=lambda: 16.0))
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {3})
    assert most_calls(SimpleNamespace(max_calls=0)) == CALLS_PER_CORE
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(64)))
    assert most_calls(SimpleNamespace(max_calls=0)) == 16 * CALLS_PER_CORE
    assert most_calls(SimpleNamespace(max_calls=3)) == 3


def refusing(admission, server, callers):
    """So many callers are being told that all lines are busy: their agents run."""
    for number in range(callers):
        name = f"refused {number}"
        offer(admission, name, Succession("busy", 1))
        server.active_jobs.append(SimpleNamespace(job=SimpleNamespace(id=name)))


def test_those_beyond_all_lines_are_told_so_a_few_at_a_time(monkeypatch):
    """Pins: at twice the lines those without one, told all at once and calling again, cost a core of those who had."""
    monkeypatch.setattr("worker.admission.REFUSED_AFTER_SECONDS", 60.0)  # only that one less is being told helps
    rooms = FakeRooms()
    admission, server = an_admission(most=2, rooms=rooms)
    server.active_jobs += [SimpleNamespace(job=SimpleNamespace(id=name)) for name in ("one", "two")]
    refusing(admission, server, FEWEST_REFUSALS)

    async def one_more():
        await admission.take(Request("third"))
        waiting = asyncio.gather(*admission._tasks)
        await asyncio.wait([waiting], timeout=0.2)
        waited = list(rooms.sent)
        server.active_jobs.pop()
        await asyncio.wait_for(waiting, 10)
        return waited

    assert asyncio.run(one_more()) == []
    assert rooms.sent == [("room", "vaani", "busy")]


def test_nobody_waits_long_to_be_told(monkeypatch):
    monkeypatch.setattr("worker.admission.REFUSED_AFTER_SECONDS", 0.1)
    rooms = FakeRooms()
    admission, server = an_admission(most=1, rooms=rooms)
    server.active_jobs.append(SimpleNamespace(job=SimpleNamespace(id="one")))
    refusing(admission, server, 3)

    async def one_more():
        await admission.take(Request("fifth"))
        await asyncio.wait_for(asyncio.gather(*admission._tasks), 10)

    asyncio.run(one_more())
    assert rooms.sent == [("room", "vaani", "busy")]
