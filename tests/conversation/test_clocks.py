"""When a silent caller is asked, a line without a microphone freed, a long call ended: minutes of calls in no time."""

import asyncio
import time
from functools import partial
from types import SimpleNamespace

import pytest
from livekit import rtc

from tests.jumping_clock import run, wait
from worker import log_events
from worker.conversation import clocks as module
from worker.conversation.clocks import Clocks
from worker.conversation.speaker import NobodyListensError
from worker.hearing.silence import CallersTime
from worker.settings import CallSettings

SILENCE_SECONDS, MICROPHONE_SECONDS = 15.0, 18.0
LONGEST_SECONDS, WARNING_SECONDS = 1800.0, 60.0
SETTINGS = CallSettings.model_construct(
    silence_seconds=SILENCE_SECONDS, longest_wait_seconds=300.0, microphone_seconds=MICROPHONE_SECONDS,
    max_call_seconds=LONGEST_SECONDS, call_warning_seconds=WARNING_SECONDS,
)  # fmt: skip


class Call:
    """A call's surroundings: what is said, logged and ended in it, and when."""

    def __init__(self, *, waiting=False):
        self.did, self.handlers, self.failed = [], {}, []
        self.items = []
        self.session = SimpleNamespace(
            on=self.handlers.__setitem__, user_state="listening",
            history=SimpleNamespace(messages=lambda: self.items, items=self.items),
        )  # fmt: skip
        self.ending = SimpleNamespace(begun=False, end=self.end, crash=self.failed.append)
        self.person = SimpleNamespace(kind=rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD, track_publications={})
        self.agents_sound = SimpleNamespace(wait_for_subscription=self.never_taken)
        room = SimpleNamespace(
            remote_participants={"caller": self.person},
            local_participant=SimpleNamespace(track_publications={"sound": self.agents_sound}),
        )
        reports = SimpleNamespace(event=lambda name, **_: self.note(name))
        speaker, hearing = SimpleNamespace(say=self.say), SimpleNamespace(waiting=waiting)
        self.clocks = Clocks(SETTINGS, self.session, room, hearing, speaker, self.ending, reports)

    def note(self, what):
        self.did.append((asyncio.get_running_loop().time(), what))

    def say(self, phrase):
        self.note(f"says {phrase}")
        said = asyncio.get_running_loop().create_future()
        said.set_result(None)
        return said

    def end(self, reason, phrase):
        self.ending.begun = True
        self.note(f"ends: {reason}, {phrase}")

    def caller_is(self, state):
        self.session.user_state = state
        self.handlers["user_state_changed"](SimpleNamespace(new_state=state))

    async def never_taken(self):
        await asyncio.get_running_loop().create_future()

    async def taken(self):
        return None

    def microphone(self, *, muted=False):
        source = rtc.TrackSource.SOURCE_MICROPHONE
        track = SimpleNamespace(kind=rtc.TrackKind.KIND_AUDIO, source=source, muted=muted)
        self.person.track_publications["microphone"] = track


@pytest.fixture(autouse=True)
def callers_time_is_the_loops(monkeypatch):
    now = lambda: asyncio.get_running_loop().time()  # noqa: E731
    monkeypatch.setattr(module, "CallersTime", partial(CallersTime, now=now))


def happens(scene, **options):
    """What is done in a call, and when, while a scene is played."""

    async def play():
        call = Call(**options)
        await scene(call)
        await wait(LONGEST_SECONDS + WARNING_SECONDS)
        assert call.failed == []
        return call.did

    return run(play())


def asked_and_left(asked_at):
    return [
        (asked_at, log_events.CALLER_SILENT),
        (asked_at, "says still_there"),
        (asked_at + SILENCE_SECONDS, "ends: caller_silent, goodbye_silent"),
    ]


def test_a_silent_caller_is_asked_once_then_said_goodbye_to():
    async def nobody_speaks(call):
        call.caller_is("away")

    assert happens(nobody_speaks) == asked_and_left(0.0)


@pytest.mark.parametrize("back_after_seconds", [0.5, 14.9])
def test_whoever_is_back_after_the_question_is_not_said_goodbye_to(back_after_seconds):
    async def comes_back(call):
        call.caller_is("away")
        await wait(back_after_seconds)
        call.caller_is("speaking")
        call.caller_is("listening")

    assert happens(comes_back) == asked_and_left(0.0)[:2]


def test_a_caller_who_asks_for_a_moment_is_waited_for_and_asked_then():
    async def fetches_a_pen(call):
        call.clocks.turn_is_over("Please hold on for two minutes.")
        await wait(SILENCE_SECONDS)
        call.caller_is("away")

    assert happens(fetches_a_pen) == asked_and_left(120.0)


@pytest.mark.parametrize(("said", "asked_at"), [("Okay, thank you.", 120.0), ("हाँ जी, धन्यवाद", 120.0), ("4521", 0.0)])
def test_who_thanks_for_the_moment_is_not_back(said, asked_at):
    """Pins "are you still there?" fifteen seconds behind "Sure, I'll wait." and "Thank you."."""

    async def thanks(call):
        call.clocks.turn_is_over("Please hold on for two minutes.")
        call.clocks.turn_is_over(said)
        call.caller_is("away")

    assert happens(thanks) == asked_and_left(asked_at)


def test_who_comes_back_in_the_time_they_asked_for_hears_nothing_of_it():
    async def is_quick(call):
        call.clocks.turn_is_over("Please hold on for two minutes.")
        call.caller_is("away")
        await wait(100.0)
        call.caller_is("speaking")

    assert happens(is_quick) == []


def test_who_is_asked_for_a_number_has_twice_the_time():
    async def looks_for_it(call):
        call.items.append(SimpleNamespace(type="message", role="assistant", text_content="What is your card number?"))
        call.caller_is("away")

    assert happens(looks_for_it) == asked_and_left(SILENCE_SECONDS)


def test_a_caller_whom_the_recogniser_lets_down_is_not_called_silent():
    async def nobody_is_heard(call):
        call.caller_is("away")

    assert happens(nobody_is_heard, waiting=True) == []


def test_nobody_is_asked_over_the_goodbye():
    async def leaves(call):
        call.ending.begun = True
        call.caller_is("away")

    assert happens(leaves) == []


def test_the_longest_call_is_warned_of_and_ended():
    async def talks_on(call):
        call.clocks.limit_call(time.time())

    warned, said, ended = happens(talks_on)
    assert [what for _, what in (warned, said, ended)] == [
        log_events.TIME_LIMIT, "says time_warning", "ends: time_limit, time_up",
    ]  # fmt: skip
    assert warned[0] == pytest.approx(LONGEST_SECONDS - WARNING_SECONDS, abs=1.0)
    assert ended[0] - warned[0] == WARNING_SECONDS


def test_a_call_that_another_agent_began_has_no_more_time_than_others():
    async def is_taken_over(call):
        call.clocks.limit_call(time.time() - LONGEST_SECONDS - 100)

    assert [at for at, _ in happens(is_taken_over)] == [0.0, 0.0, WARNING_SECONDS]


def test_a_line_without_a_microphone_is_asked_and_freed():
    async def only_listens(call):
        call.agents_sound.wait_for_subscription = call.taken
        call.clocks.expect_microphone()

    half = MICROPHONE_SECONDS / 2
    assert happens(only_listens) == [
        (half, log_events.CALLER_SILENT),
        (half, "says still_there"),
        (2 * half, "ends: caller_silent, goodbye_silent"),
    ]


def test_a_line_that_takes_no_sound_is_freed_too():
    async def does_not_listen(call):
        call.microphone()
        call.clocks.expect_microphone()

    assert [what for _, what in happens(does_not_listen)][-1] == "ends: caller_silent, goodbye_silent"


@pytest.mark.parametrize("opened_after_seconds", [1.0, 10.0])
def test_a_microphone_that_is_opened_in_time_keeps_the_line(opened_after_seconds):
    async def is_asked_by_the_browser(call):
        call.agents_sound.wait_for_subscription = call.taken
        call.clocks.expect_microphone()
        await wait(opened_after_seconds)
        call.microphone()

    did = [what for _, what in happens(is_asked_by_the_browser)]
    assert did == (
        [] if opened_after_seconds < MICROPHONE_SECONDS / 2 else [log_events.CALLER_SILENT, "says still_there"]
    )


def test_a_muted_microphone_is_none_but_whoever_has_typed_is_there():
    async def is_muted(call):
        call.agents_sound.wait_for_subscription = call.taken
        call.microphone(muted=True)
        call.clocks.expect_microphone()

    async def types(call):
        await is_muted(call)
        call.items.append(SimpleNamespace(type="message", role="user"))

    assert [what for _, what in happens(is_muted)][-1] == "ends: caller_silent, goodbye_silent"
    assert happens(types) == []


def test_a_clock_that_breaks_ends_the_call_instead_of_running_on_unseen():
    async def scene():
        call = Call()
        call.ending.end = lambda *_: 1 / 0
        call.caller_is("away")
        await wait(LONGEST_SECONDS)
        return [type(error) for error in call.failed]

    assert run(scene()) == [ZeroDivisionError]


def test_a_clock_that_strikes_while_the_caller_leaves_fails_no_call():
    """Pins: the framework refuses to speak in a session that closes, and the call was told as failed."""

    async def leaves(call):
        def say(phrase):
            raise NobodyListensError(phrase)

        call.clocks._speaker.say = say
        call.clocks.expect_microphone()

    assert [what for _, what in happens(leaves)] == [log_events.CALLER_SILENT]


def test_no_clock_runs_on_after_the_call():
    async def is_closed(call):
        call.clocks.limit_call(time.time())
        call.clocks.expect_microphone()
        call.caller_is("away")
        call.handlers["close"](None)

    assert happens(is_closed) == []
