"""A stopping worker's call goes to a successor, however slow; it ends only when none comes at all."""

import asyncio
import time
from types import SimpleNamespace

import pytest
from livekit import rtc

from tests.jumping_clock import run, wait
from worker.conversation import handoff
from worker.conversation.handoff import READY_ATTRIBUTE, Handoff

AGENT = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
CALLER = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
ME = "agent-1"
NEVER = None
HANDOVER_SECONDS = 16.0


class Session:
    """A session in which nobody speaks, unless a test says so."""

    def __init__(self, agent_state="listening"):
        self.agent_state, self.user_state, self.current_speech = agent_state, "listening", None
        self.interrupted = False

    def on(self, name, listener):
        pass

    def interrupt(self, *, force):
        self.interrupted = force


class Rooms:
    """LiveKit's API: the agent that is sent for joins, and is ready, at its own time; what is written is kept."""

    def __init__(self, people, joins_at, ready_at):
        self.people, self.joins_at, self.ready_at = people, joins_at, ready_at
        self.states = []

    async def send_agent(self, room, name, reason, previous, call_id):
        self.coming = asyncio.create_task(self._come())

    async def _come(self):
        if self.joins_at is NEVER:
            return
        await wait(self.joins_at)
        self.people["agent-2"] = successor = SimpleNamespace(kind=AGENT, attributes={})
        if self.ready_at is not NEVER:
            await wait(self.ready_at - self.joins_at)
            successor.attributes[READY_ATTRIBUTE] = ME

    async def write_state(self, room, existing_metadata, state):
        self.states.append(state)


class Outcome(SimpleNamespace):
    """Whether the call was handed over, when that was known, and what was written down for the successor."""


def handed_over(monkeypatch, *, joins_at, ready_at, session=None, goodbye_at=NEVER, limit=HANDOVER_SECONDS):
    async def hand_over():
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(handoff, "time", SimpleNamespace(monotonic=lambda: 100 + loop.time(), time=time.time))
        people = {"caller": SimpleNamespace(kind=CALLER, attributes={})}
        room = SimpleNamespace(
            name="room", metadata="", isconnected=lambda: True, on=lambda *_: None, remote_participants=people,
            local_participant=SimpleNamespace(identity=ME),
        )  # fmt: skip
        settings = SimpleNamespace(default_language="en-IN", alone_seconds=1.0)
        failover = SimpleNamespace(handover_seconds=limit)
        rooms = Rooms(people, joins_at, ready_at)
        thread = Handoff(SimpleNamespace(room=room), session or Session(), rooms, settings, failover, "vaani")
        if goodbye_at is not NEVER:
            loop.call_later(goodbye_at, thread.ends)
        done = await thread.hand_over()
        return Outcome(done=done, seconds=loop.time(), states=rooms.states, given_up=thread.given_up)

    return run(hand_over())


@pytest.mark.parametrize("limit", [4.0, 8.0, 16.0, 60.0])
def test_it_ends_with_time_for_a_goodbye_when_nobody_comes(monkeypatch, limit):
    outcome = handed_over(monkeypatch, joins_at=NEVER, ready_at=NEVER, limit=limit)
    assert not outcome.done
    assert not outcome.given_up
    assert limit - outcome.seconds >= min(5.0, limit / 2) - 0.1


@pytest.mark.parametrize("ready_at", [0.5, 3.0, 7.1, 7.5, 10.0])
def test_it_goes_to_whoever_is_ready_in_time_for_a_goodbye(monkeypatch, ready_at):
    """Pins the trap that less than half of the time was used, and a call ended that somebody was about to take."""
    outcome = handed_over(monkeypatch, joins_at=0.2, ready_at=ready_at)
    assert outcome.done
    assert outcome.given_up
    assert outcome.seconds == pytest.approx(ready_at, abs=0.2)
    assert [state.cut_short for state in outcome.states] == [False]


@pytest.mark.parametrize("ready_at", [12.5, NEVER])
def test_a_successor_that_is_there_but_slow_is_left_the_call_and_asks_again(monkeypatch, ready_at):
    outcome = handed_over(monkeypatch, joins_at=1.0, ready_at=ready_at)
    assert outcome.done
    assert outcome.given_up
    assert outcome.seconds < HANDOVER_SECONDS
    assert [state.cut_short for state in outcome.states] == [True]


def test_a_reply_that_does_not_end_is_cut_off_before_the_time_is_up(monkeypatch):
    session = Session(agent_state="speaking")
    outcome = handed_over(monkeypatch, joins_at=0.2, ready_at=1.0, session=session)
    assert outcome.done
    assert session.interrupted
    assert outcome.seconds < HANDOVER_SECONDS
    assert [state.cut_short for state in outcome.states] == [True]


@pytest.mark.parametrize("goodbye_at", [1.0, 2.5])
def test_a_call_that_is_ending_is_not_handed_over(monkeypatch, goodbye_at):
    outcome = handed_over(monkeypatch, joins_at=0.5, ready_at=3.0, goodbye_at=goodbye_at)
    assert not outcome.done
    assert not outcome.given_up
