"""A call ends once and well, whoever ends it and whatever hangs: the table in Ending's docstring, line by line."""

import asyncio
from types import SimpleNamespace

import pytest

from tests.jumping_clock import run, wait
from worker import log_events
from worker.conversation import ending as module
from worker.conversation.ending import NOBODY_CAME, SAID_GOODBYE, Ending, State
from worker.recovery.exit_codes import FAILED, UNUSED


class Speech:
    """Something that is said for so many seconds; for ever where nobody listens."""

    def __init__(self, seconds):
        self.over = asyncio.Event()
        if seconds is not None:
            asyncio.get_running_loop().call_later(seconds, self.over.set)

    def done(self):
        return self.over.is_set()

    async def wait_for_playout(self):
        await self.over.wait()


class Call:
    """A call's surroundings, which note what is done to them."""

    def __init__(self, *, goodbye_seconds=2.0, heard=True, successor=False):
        self.did, self.handlers = [], {}
        self.goodbye_seconds, self.heard, self.successor = goodbye_seconds, heard, successor
        self.session = SimpleNamespace(
            on=self.handlers.__setitem__, current_speech=None, agent_state="listening", user_state="listening",
            shutdown=self.shutdown,
        )  # fmt: skip
        ctx = SimpleNamespace(
            room=SimpleNamespace(disconnect=self.leave),
            add_shutdown_callback=lambda _: None,
            shutdown=lambda reason: self.note("job over"),
        )
        handoff = SimpleNamespace(
            ends=lambda: self.note("no successor"), goes_on=lambda: self.note("goes on"),
            hand_over=self.hand_over, end_room=self.end_room, given_up=False,
        )  # fmt: skip
        outages = SimpleNamespace(note=lambda provider: self.note(f"{provider} is down"))
        self.recorded, self.handoff = [], handoff
        record = SimpleNamespace(
            ended=lambda reason, failed: self.recorded.append((reason, failed)),
            left=lambda: self.recorded.append("left"),
        )
        usage = SimpleNamespace(left=lambda: None)
        reports = SimpleNamespace(event=self.event, aclose=self.close_reports, record=record, usage=usage)
        speaker = SimpleNamespace(say=self.say, apologise=lambda provider, phrase: self.note(f"sorry for {provider}"))
        self.ending = Ending(ctx, self.session, speaker, handoff, outages, reports)

    def note(self, what):
        self.did.append(what)

    def event(self, name, **fields):
        ended = name == log_events.CALL_ENDED
        self.note(f"ended: {fields['reason']}, failed {fields['failed']}" if ended else name)

    def say(self, phrase, *, allow_interruptions):
        assert not allow_interruptions
        self.note(f"says {phrase}")
        self.session.agent_state = "speaking" if self.heard else "listening"
        self.session.current_speech = Speech(self.goodbye_seconds)
        return self.session.current_speech

    def caller(self, state):
        moved = SimpleNamespace(old_state=self.session.user_state, new_state=state)
        self.session.user_state = state
        self.handlers["user_state_changed"](moved)

    def shutdown(self, *, drain):
        self.note("drains" if drain else "cuts off")
        self.close("user_initiated")

    def close(self, reason):
        self.handlers["close"](SimpleNamespace(reason=SimpleNamespace(value=reason)))

    async def leave(self):
        self.note("leaves")

    async def hand_over(self):
        await wait(1)
        return self.successor and not self.ending.begun

    async def end_room(self):
        self.note("room over")

    async def close_reports(self):
        await wait(0.1)


@pytest.fixture(autouse=True)
def exit_codes(monkeypatch):
    codes = []
    monkeypatch.setattr(module, "exit_with", codes.append)
    return codes


def story(act, seconds=120, **surroundings):
    """Let `act` happen to a call in these surroundings; return its state and what was done after so many seconds."""

    async def scenario():
        call = Call(**surroundings)
        act(call)
        await wait(seconds)
        return call

    call = run(scenario())
    return call.ending.state, call.did


def spoken_and_told(did):
    return [what for what in did if what.startswith(("says", "ended", "sorry"))]


def test_a_goodbye_is_heard_before_the_call_ends():
    state, did = story(lambda call: call.ending.end("goodbye", "goodbye"))
    assert did == ["no successor", "says goodbye", "ended: goodbye, failed False", "drains", "job over", "room over"]
    assert state is State.OVER


def test_who_ends_it_first_gives_the_reason():
    def act(call):
        call.ending.end("goodbye", "goodbye")
        call.ending.end("time_limit", "time_up")
        call.ending.give_up("llm", "give_up")

    _, did = story(act)
    assert spoken_and_told(did) == ["says goodbye", "ended: goodbye, failed False"]


def test_a_goodbye_longer_than_any_hang_is_not_cut():
    _, did = story(lambda call: call.ending.end("goodbye", "goodbye"), goodbye_seconds=30.0)
    assert "drains" in did
    assert "cuts off" not in did


@pytest.mark.parametrize("seconds", [11.0, 13.0])
def test_a_goodbye_that_nobody_can_hear_holds_no_line(seconds):
    """Pins a caller who does not subscribe: draining waited for speech that such a caller never takes."""
    state, did = story(lambda call: call.ending.end("silent", "goodbye"), seconds, goodbye_seconds=None, heard=False)
    over = seconds > module.QUIET_LIMIT_SECONDS
    assert (state is State.OVER) == over
    assert ("cuts off" in did) == over


def test_a_goodbye_without_end_ends():
    _, did = story(lambda call: call.ending.end("goodbye", "goodbye"), goodbye_seconds=None)
    assert "cuts off" in did


def test_a_goodbye_that_waits_its_turn_is_waited_for():
    """Between two speeches the session has none."""

    def act(call):
        call.ending.end("goodbye", "goodbye")
        asyncio.get_running_loop().call_later(0.01, lambda: setattr(call.session, "current_speech", None))

    _, did = story(act, seconds=1.0)
    assert spoken_and_told(did) == ["says goodbye"]


def test_a_provider_that_stays_away_fails_the_call_once(exit_codes):
    def act(call):
        call.ending.give_up("tts", "give_up")
        call.ending.crash(ValueError("afterwards"))

    _, did = story(act)
    assert did[:3] == ["sorry for tts", "tts is down", "no successor"]
    assert spoken_and_told(did)[1:] == ["says give_up", "ended: tts_failed, failed True"]
    assert exit_codes == [FAILED]


def test_what_of_ours_breaks_is_apologised_for(exit_codes):
    _, did = story(lambda call: call.ending.crash(ValueError("ours")))
    assert did[0] == "sorry for call"
    assert exit_codes == [FAILED]


def test_a_call_to_which_nobody_came_leaves_its_token_good(exit_codes):
    _, did = story(lambda call: call.ending.end(NOBODY_CAME))
    assert exit_codes == [UNUSED]
    assert spoken_and_told(did) == ["ended: nobody_came, failed False"]


def test_a_caller_who_leaves_ends_the_call():
    state, did = story(lambda call: call.close("participant_disconnected"))
    assert did == ["ended: participant_disconnected, failed False", "job over", "room over"]
    assert state is State.OVER


def test_nothing_ends_a_call_that_is_over():
    def act(call):
        call.close("participant_disconnected")
        call.ending.end("time_limit", "time_up")
        call.ending.hand_over()

    _, did = story(act)
    assert did.count("job over") == 1
    assert spoken_and_told(did) == ["ended: participant_disconnected, failed False"]


def test_a_call_that_another_agent_carries_on_is_left_at_once():
    def act(call):
        call.ending.hand_over()
        call.ending.hand_over()

    state, did = story(act, successor=True)
    assert did[:4] == [log_events.CALL_HANDOVER, log_events.CALL_HANDOVER, "leaves", "cuts off"]
    assert spoken_and_told(did) == []
    assert state is State.OVER


def test_a_call_that_nobody_carries_on_is_ended_with_an_apology():
    _, did = story(lambda call: call.ending.hand_over())
    assert spoken_and_told(did) == ["says give_up", "ended: worker_stopped, failed False"]


@pytest.mark.parametrize(
    ("act", "recorded"),
    [
        (lambda call: call.close("participant_disconnected"), [("participant_disconnected", False)]),
        (lambda call: call.ending.end("goodbye", "goodbye"), [("goodbye", False)]),
        (lambda call: call.ending.give_up("tts", "give_up"), [("tts_failed", True)]),
    ],
)
def test_the_record_says_why_the_call_is_over(act, recorded):
    async def scenario():
        call = Call()
        act(call)
        await wait(120)
        return call.recorded

    assert run(scenario()) == recorded


def test_the_record_of_a_call_that_goes_on_elsewhere_is_not_ended():
    async def scenario():
        call = Call()
        call.handoff.given_up = True
        call.close("room_disconnected")
        await wait(1)
        return call.recorded

    assert run(scenario()) == ["left"]


def test_a_goodbye_during_a_hand_over_is_the_end():
    def act(call):
        call.ending.hand_over()
        asyncio.get_running_loop().call_later(0.5, call.ending.end, "goodbye", "goodbye")

    _, did = story(act, successor=True)
    assert spoken_and_told(did) == ["says goodbye", "ended: goodbye, failed False"]


def later(seconds, act, *arguments):
    asyncio.get_running_loop().call_later(seconds, act, *arguments)


def test_a_caller_who_speaks_into_the_goodbye_is_heard_before_the_call_ends():
    """Pins "Wait, what..." over a goodbye of two seconds: the room was gone in the middle of the sentence."""

    def act(call):
        call.ending.end(SAID_GOODBYE, "goodbye")
        later(1.0, call.caller, "speaking")
        later(4.0, call.caller, "listening")
        later(4.5, call.ending.take_back)

    state, did = story(act)
    assert state is State.OPEN
    assert did == ["no successor", "says goodbye", "goes on"]


def test_a_caller_who_says_goodbye_too_ends_the_call():
    def act(call):
        call.ending.end(SAID_GOODBYE, "goodbye")
        later(1.5, call.caller, "speaking")
        later(2.5, call.caller, "listening")

    state, did = story(act, seconds=6.0)
    assert state is State.OVER
    assert "drains" in did


def test_a_line_that_is_never_quiet_ends_all_the_same():
    def act(call):
        call.ending.end(SAID_GOODBYE, "goodbye")
        later(1.0, call.caller, "speaking")

    state, _ = story(act, seconds=4.0 + module.LAST_WORDS_SECONDS)
    assert state is State.OVER


def test_a_call_that_was_taken_back_can_end_again():
    def act(call):
        call.ending.end(SAID_GOODBYE, "goodbye")
        later(1.0, call.ending.take_back)
        later(10.0, call.ending.end, SAID_GOODBYE, "goodbye")

    state, did = story(act)
    assert state is State.OVER
    assert spoken_and_told(did) == ["says goodbye", "says goodbye", f"ended: {SAID_GOODBYE}, failed False"]


@pytest.mark.parametrize("reason", ["time_limit", "caller_silent", "worker_stopped"])
def test_an_end_that_the_caller_has_not_begun_is_the_end(reason):
    def act(call):
        call.ending.end(reason, "time_up")
        later(1.0, lambda: call.note(call.ending.take_back()))

    state, did = story(act)
    assert state is State.OVER
    assert False in did


def test_nothing_is_taken_back_once_the_call_is_over():
    def act(call):
        call.ending.end(SAID_GOODBYE, "goodbye")
        later(30.0, lambda: call.note(call.ending.take_back()))

    state, did = story(act)
    assert state is State.OVER
    assert did[-1] is False


def test_a_goodbye_of_the_models_own_that_no_voice_has_spoken_is_said_from_ready_sound():
    """Pins a voice that is down: the call ended without a word."""
    _, did = story(lambda call: call.ending.end(SAID_GOODBYE))
    assert spoken_and_told(did) == ["says goodbye", f"ended: {SAID_GOODBYE}, failed False"]


def test_a_goodbye_of_the_models_own_that_is_heard_is_the_only_one():
    def act(call):
        call.session.current_speech = Speech(3.0)
        call.ending.end(SAID_GOODBYE)
        later(0.2, call.handlers["agent_state_changed"], SimpleNamespace(new_state="speaking"))

    _, did = story(act)
    assert spoken_and_told(did) == [f"ended: {SAID_GOODBYE}, failed False"]


def test_a_caller_who_was_sent_on_leaves_as_transferred():
    """Pins a transfer logged like a hang-up, as participant_disconnected."""
    state, did = story(lambda call: (call.ending.sent_on(), call.close("participant_disconnected")))
    assert did[:2] == ["no successor", "ended: transferred, failed False"]
    assert state is State.OVER


def talk(call, ends_room):
    """Two who talk with each other for ten minutes."""

    async def afterwards():
        await wait(600)
        call.note("the talk is over")
        return ends_room

    return afterwards


def connected(call, ends_room=True):
    call.ending.afterwards = talk(call, ends_room)
    call.ending.connected()


def test_a_caller_who_talks_with_a_colleague_is_left_to_it_and_the_room_ends_when_they_have_finished():
    state, did = story(connected, seconds=700.0)
    assert did[:3] == ["no successor", "cuts off", "ended: transferred, failed False"]
    assert did[3] == "the talk is over", "neither the room nor the job ends before"
    assert set(did[4:]) == {"job over", "room over"}
    assert state is State.OVER


def test_an_agent_that_was_put_out_does_not_end_the_room_of_the_two():
    _, did = story(lambda call: connected(call, ends_room=False), seconds=700.0)
    assert did[3:] == ["the talk is over", "job over"]


def test_a_worker_that_stops_leaves_the_two_alone():
    """Pins a talk between two people cut off because the agent that had brought them together went."""

    def act(call):
        connected(call)
        later(60, call.ending.hand_over)

    _, did = story(act, seconds=700.0)
    assert did[3:] == ["job over"]


def test_a_caller_who_was_sent_on_and_whose_line_stays_is_let_go():
    state, did = story(lambda call: call.ending.sent_on())
    assert "ended: transferred, failed False" in did
    assert did.count("ended: transferred, failed False") == 1
    assert did[-1] == "room over"
    assert state is State.OVER
