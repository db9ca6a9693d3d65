"""A caller hears music while a colleague is asked; whatever comes of it, nobody is left alone or in silence."""

import asyncio
from types import SimpleNamespace

import pytest
from livekit import rtc
from livekit.agents import ToolError

from tests.jumping_clock import run, wait
from tests.phone.test_line import Room
from tests.phone.test_phone_call import Reports, Session
from worker import log_events
from worker.bill import PHONE_LINE
from worker.conversation import warm_transfer as module
from worker.conversation.phone_call import PhoneCall
from worker.conversation.usage import CallUsage
from worker.conversation.warm_transfer import WarmParts, WarmTransfer
from worker.phone.transfer import Transfer
from worker.settings import PhoneSettings

TO = "tel:+911140001234"


class Call:
    """One warm transfer among objects that note what is done to them; the colleague picks up after five seconds."""

    def __init__(self, monkeypatch, *, refuses=None, says=Transfer.DONE, says_after=10.0, apart=True, connects=True):
        self.did, self.room, self.session = [], Room(**{"sip.callStatus": "active"}), Session()
        self.room.isconnected = lambda: True
        self.session.agent_state = "listening"
        self.refuses, self.says, self.says_after, self.apart, self.connects = refuses, says, says_after, apart, connects
        self.usage = CallUsage(clock=lambda: asyncio.get_running_loop().time())
        monkeypatch.setattr(module, "Colleague", lambda *_: self.colleague())
        monkeypatch.setattr(module, "HoldMusic", lambda *_, **__: self.music())
        monkeypatch.setattr(module, "Consultation", lambda *_: self.consultation())
        self.transfer = WarmTransfer(
            None, self.room, self.session, WarmParts("ST_1", "hi-IN", lambda: None), self, self.usage,
            caller="sip_1", matter=self.matter, played=lambda at, samples: None,
        )  # fmt: skip

    def note(self, what):
        self.did.append(what)

    def noted(self, what, seconds=0.0):
        async def note(*_):
            await wait(seconds)
            self.note(what)

        return note

    def colleague(self):
        self.person = SimpleNamespace(identity="colleague-1")

        async def ring(to, seconds):
            assert to == TO
            self.room.remote_participants["colleague-1"] = self.person
            await wait(5)
            return self.refuses

        async def answers(value):
            return value

        async def connect():
            self.note("connected" if self.connects else "not connected")
            return self.connects

        async def release():
            self.note("released")
            self.room.remote_participants.pop("colleague-1", None)

        return SimpleNamespace(
            identity="colleague-1", ring=ring, is_apart=lambda seconds: answers(self.apart), connect=connect,
            release=release, stop_hearing=lambda: self.note("hears nothing"),
        )  # fmt: skip

    def music(self):
        return SimpleNamespace(start=self.noted("music"), aclose=self.noted("no music"))

    def consultation(self):
        async def hold(matter):
            self.note(f"tells {await matter}")
            await wait(self.says_after)
            return self.says

        async def say_to_its_end(phrase):
            await wait(2)
            self.note(f"tells {phrase}")

        return SimpleNamespace(hold=hold, say_to_its_end=say_to_its_end, aclose=self.noted("consulted"))

    async def matter(self):
        return "the matter"

    def say(self, phrase, **_):
        self.note(f"says {phrase}")
        return SimpleNamespace(wait_for_playout=lambda: wait(2))

    def leave(self, identity):
        self.room.emit("participant_disconnected", self.room.remote_participants.pop(identity))

    async def make(self, *happenings):
        """What comes of it when, after so many seconds, these things happen."""
        for seconds, happens in happenings:
            asyncio.get_running_loop().call_later(seconds, happens)
        outcome = await self.transfer.make(TO, 45.0)
        if outcome is not Transfer.DONE:
            self.session.emit("agent_state_changed", SimpleNamespace(new_state="speaking"))
            await wait(1)
        return outcome


@pytest.fixture
def call(monkeypatch):
    return lambda **how: Call(monkeypatch, **how)


def test_a_colleague_who_takes_the_call_is_connected_before_the_music_ends(call):
    async def scenario():
        made = call()
        assert await made.make() is Transfer.DONE
        assert made.did == [
            "music", "tells the matter", "consulted", "connected", "no music", "says colleague_is_there",
        ]  # fmt: skip
        assert PHONE_LINE in made.usage.rows()

    run(scenario())


@pytest.mark.parametrize("refused", [Transfer.BUSY, Transfer.DECLINED, Transfer.NO_ANSWER, Transfer.FAILED])
def test_a_colleague_who_is_not_reached_leaves_the_caller_with_music_until_they_are_told(call, refused):
    async def scenario():
        made = call(refuses=refused)
        assert await made.make() is refused
        assert made.did == ["music", "released", "no music"]
        assert PHONE_LINE not in made.usage.rows()

    run(scenario())


@pytest.mark.parametrize("said", [Transfer.DECLINED, Transfer.NO_ANSWER, Transfer.VOICEMAIL])
def test_a_colleague_who_does_not_take_the_call_is_hung_up_on(call, said):
    async def scenario():
        made = call(says=said)
        assert await made.make() is said
        assert made.did == ["music", "tells the matter", "consulted", "released", "no music"]
        assert made.usage.rows() == {PHONE_LINE: {"seconds": 10.0}}

    run(scenario())


def test_the_music_ends_when_the_agent_never_speaks_again(call):
    async def scenario():
        made = call(says=Transfer.DECLINED)
        await made.transfer.make(TO, 45.0)
        assert "no music" not in made.did
        await wait(module.SPEAKS_AGAIN_SECONDS + 1)
        assert made.did[-1] == "no music"

    run(scenario())


def test_a_colleague_who_hangs_up_in_the_middle_has_not_taken_the_call(call):
    async def scenario():
        made = call(says_after=60)
        assert await made.make((9, lambda: made.leave("colleague-1"))) is Transfer.HUNG_UP
        assert made.did == ["music", "tells the matter", "consulted", "released", "no music"]

    run(scenario())


def test_a_colleague_who_never_decides_is_let_go(call):
    async def scenario():
        made = call(says_after=10_000)
        assert await made.make() is Transfer.NO_ANSWER
        assert asyncio.get_running_loop().time() < 5 + module.CONSULTATION_SECONDS + 2
        assert "released" in made.did

    run(scenario())


def test_nobody_is_consulted_while_it_is_not_certain_that_the_caller_does_not_hear_it(call):
    async def scenario():
        made = call(apart=False)
        assert await made.make() is Transfer.FAILED
        assert made.did == ["music", "released", "no music"]

    run(scenario())


def test_two_who_cannot_be_connected_are_not_left_in_silence(call):
    async def scenario():
        made = call(connects=False)
        assert await made.make() is Transfer.FAILED
        assert made.did == ["music", "tells the matter", "consulted", "not connected", "released", "no music"]

    run(scenario())


@pytest.mark.parametrize(
    ("after", "told"), [(2, []), (9, ["tells the matter", "tells colleague_caller_gone", "consulted"])]
)
def test_a_caller_who_hangs_up_meanwhile_is_not_waited_for_and_the_colleague_is_told(call, after, told):
    async def scenario():
        made = call(says_after=60)
        resting = []
        made.room.on("participant_disconnected", lambda _: resting.append(asyncio.create_task(made.transfer.rest())))
        assert await made.make((after, lambda: made.leave("sip_1"))) is Transfer.CALLER_LEFT
        assert made.did == ["music", *told, "released", "no music"]
        assert await resting[0], "the room is to be ended, and was not before the colleague had been told"

    run(scenario())


def test_an_agent_that_leaves_lets_the_colleague_go_at_once(call):
    async def scenario():
        made = call(says_after=60)
        assert await made.make((9, made.transfer.call_off)) is Transfer.FAILED
        assert made.did[-3:] == ["consulted", "released", "no music"]
        assert "tells colleague_caller_gone" not in made.did, "whoever follows is to find nobody but the caller"

    run(scenario())


@pytest.mark.parametrize("leaves", ["sip_1", "colleague-1"])
def test_the_room_of_two_who_talk_ends_with_the_first_who_leaves(call, leaves):
    async def scenario():
        made = call()
        await made.make()
        resting = asyncio.create_task(made.transfer.rest())
        await wait(600)
        assert made.did[-1] == "hears nothing"
        assert not resting.done()
        made.leave(leaves)
        assert await resting

    run(scenario())


def test_an_agent_that_is_put_out_of_the_room_does_not_end_the_talk_of_the_two(call):
    async def scenario():
        made = call()
        await made.make()
        resting = asyncio.create_task(made.transfer.rest())
        await wait(60)
        made.room.emit("disconnected", rtc.DisconnectReason.UNKNOWN_REASON)
        assert not await resting

    run(scenario())


def test_a_caller_who_speaks_to_the_music_is_answered_now_and_then_and_heard(call):
    async def scenario():
        made = call(says=Transfer.DECLINED)
        words = [(1, "hello?"), (2, "are you there?"), (3, " "), (12, "it is about my refund")]
        await made.make(*[(at, lambda text=text: made.transfer.caller_says(text)) for at, text in words])
        made.transfer.caller_says("and now?")
        assert made.transfer.heard == ["hello?", "are you there?", "it is about my refund"]
        assert made.did.count("says still_trying") == 2

    run(scenario())


# ---- as the call's tool sees it


def on_the_phone():
    """(the telephone's part of a call, its session, its reports)."""
    room, session, reports = Room(**{"sip.callStatus": "active"}), Session(), Reports()
    return PhoneCall(room, session, PhoneSettings(), None, SimpleNamespace(key_in=None), reports), session, reports


class Made:
    """A warm transfer of which this came."""

    def __init__(self, outcome, heard=()):
        self.outcome, self.heard = outcome, list(heard)

    async def make(self, to, seconds):
        return self.outcome

    def caller_says(self, text):
        self.heard.append(text)


@pytest.mark.parametrize("outcome", [outcome for outcome in Transfer if outcome is not Transfer.DONE])
def test_the_conversation_goes_on_with_what_the_caller_has_said_meanwhile(outcome):
    async def scenario():
        phone, session, reports = on_the_phone()
        await phone.answered(phone._room.phone)
        with pytest.raises(ToolError, match=r'the caller said: "and my refund\?".*Tell the caller so'):
            await phone.transfer(None, TO, 45.0, lambda: pytest.fail("sent"), lambda: Made(outcome, ["and my refund?"]))
        assert reports.events[-1] == (log_events.CALL_TRANSFER, {"outcome": outcome.value, "kind": "warm"})
        assert "deaf" not in session.did

    run(scenario())


def test_what_a_caller_says_while_they_wait_reaches_the_transfer():
    async def scenario():
        phone, session, _ = on_the_phone()
        await phone.answered(phone._room.phone)
        made, connected = Made(Transfer.DONE), []
        assert await phone.transfer(None, TO, 45.0, lambda: connected.append(True), lambda: made)
        for text, is_final in (("hel", False), ("hello?", True)):
            session.emit("user_input_transcribed", SimpleNamespace(transcript=text, is_final=is_final))
        assert (connected, made.heard, session.did) == ([True], ["hello?"], ["deaf"])

    run(scenario())
