"""A colleague is told what a caller wants and asked: what they say, key, or leave unsaid decides."""

import asyncio
from types import SimpleNamespace

import pytest
from livekit import rtc

from tests.jumping_clock import run, wait
from tests.phone.test_line import SIP
from worker.conversation.consultation import Consultation, EarsAndVoice
from worker.conversation.phrases import Phrases
from worker.conversation.usage import CallUsage
from worker.languages import SUPPORTED
from worker.phone.transfer import Transfer

PHRASES = Phrases.load().with_part("colleague")
MATTER = "A caller asks where order 4711 is."
GREETING, QUESTION, CONNECTING, THANKS, GONE = (
    PHRASES.text(f"colleague_{name}", "en-IN")
    for name in ("greeting", "question", "connecting", "thanks", "caller_gone")
)
SPEECH_SECONDS = 4.0


class Speech:
    """Something that is said for four seconds, unless it is cut off."""

    def __init__(self):
        self.over = asyncio.Event()
        self.cut_off = False
        asyncio.get_running_loop().call_later(SPEECH_SECONDS, self.over.set)

    async def wait_for_playout(self):
        await self.over.wait()

    def interrupt(self, *, force):
        assert force
        self.cut_off = not self.over.is_set()
        self.over.set()


class Session(rtc.EventEmitter):
    """The framework's session with the colleague."""

    def __init__(self):
        super().__init__()
        self.said, self.speeches, self.closed = [], [], False
        self.output = SimpleNamespace(audio=None)

    async def start(self, **options):
        self.options = options

    def say(self, text, **how):
        assert not how["allow_interruptions"], "a sound on the line does not cut the matter short"
        self.said.append(text)
        self.speeches.append(Speech())
        return self.speeches[-1]

    def interrupt(self, *, force):
        for speech in self.speeches:
            speech.interrupt(force=force)

    async def aclose(self):
        self.closed = True

    def hears(self, text):
        self.emit("user_input_transcribed", SimpleNamespace(transcript=text, is_final=True))

    def speaks(self, seconds, text):
        """The colleague speaks from now on for so long."""
        loop = asyncio.get_running_loop()
        self.emit("user_state_changed", SimpleNamespace(new_state="speaking"))
        loop.call_later(seconds, self.emit, "user_state_changed", SimpleNamespace(new_state="listening"))
        loop.call_later(seconds, self.hears, text)


class Call:
    """One consultation, to which things happen after so many seconds."""

    def __init__(self, language="en-IN"):
        self.room, self.session = rtc.EventEmitter(), Session()
        voice = SimpleNamespace(speak_in=lambda language: None)
        audio = SimpleNamespace(frames=lambda language, text: None)
        parts = EarsAndVoice(self.session, voice, PHRASES, audio, language)
        self.consultation = Consultation(self.room, "colleague-1", parts, CallUsage())

    def key(self, digit, identity="colleague-1"):
        person = SimpleNamespace(identity=identity, kind=SIP)
        self.room.emit("sip_dtmf_received", SimpleNamespace(digit=digit, participant=person))

    async def hold(self, *happenings, matter=MATTER):
        """(what came of it, what the colleague heard)."""

        async def told():
            return matter

        for seconds, happens in happenings:
            asyncio.get_running_loop().call_later(seconds, happens)
        outcome = await self.consultation.hold(asyncio.ensure_future(told()))
        await self.consultation.aclose()
        assert self.session.closed
        assert not any(self.room._events.values()), "nobody listens to keys any more"
        return outcome, self.session.said


def consult(*happenings, matter=MATTER, language="en-IN"):
    """Hold one; each happening is `(seconds, name of a method, arguments)`."""

    async def scenario():
        call = Call(language)
        made = [
            (seconds, lambda name=name, rest=rest: getattr(call if name == "key" else call.session, name)(*rest))
            for seconds, name, *rest in happenings
        ]
        return await call.hold(*made, matter=matter)

    return run(scenario())


# Silent on picking up, so that it begins after 1.5 s: greeting to 5.5 s, the matter to 9.5 s, the question to 13.5 s.


@pytest.mark.parametrize(
    ("answer", "outcome", "last"),
    [
        (("hears", "Yes."), Transfer.DONE, CONNECTING),
        (("hears", "haan ji"), Transfer.DONE, CONNECTING),
        (("key", "1"), Transfer.DONE, CONNECTING),
        (("hears", "No, I can't take it right now."), Transfer.DECLINED, THANKS),
        (("hears", "later please"), Transfer.DECLINED, THANKS),
        (("key", "2"), Transfer.DECLINED, THANKS),
    ],
)
def test_who_answers_the_question_has_decided_and_is_thanked(answer, outcome, last):
    for seconds in (10.5, 15.0):  # into the question, and after it
        assert consult((seconds, *answer)) == (outcome, [GREETING, MATTER, QUESTION, last])


def test_a_yes_while_the_matter_is_told_is_how_people_listen_and_a_key_is_not():
    listening = consult((7.0, "hears", "haan"), (8.0, "hears", "okay"), (12.0, "hears", "no"))
    assert listening == (Transfer.DECLINED, [GREETING, MATTER, QUESTION, THANKS])
    assert consult((7.0, "key", "1")) == (Transfer.DONE, [GREETING, MATTER, CONNECTING])
    assert consult((3.0, "key", "2")) == (Transfer.DECLINED, [GREETING, THANKS])


def test_who_asks_back_is_told_once_more_and_who_never_answers_has_not_taken_it():
    again = consult((14.0, "hears", "Sorry, who is calling?"), (24.0, "hears", "yes"))
    assert again == (Transfer.DONE, [GREETING, MATTER, QUESTION, MATTER, QUESTION, CONNECTING])
    assert consult() == (Transfer.NO_ANSWER, [GREETING, MATTER, QUESTION, MATTER, QUESTION])


def test_a_hello_is_no_answer_and_other_keys_and_the_callers_keys_are_none():
    said = consult((10.0, "hears", "hello?"), (11.0, "key", "7"), (12.0, "key", "1", "callee"), (14.0, "key", "2"))
    assert said == (Transfer.DECLINED, [GREETING, MATTER, QUESTION, THANKS])


def test_a_mailbox_is_told_nothing():
    """Pins a matter that concerns nobody but the colleague, left on whatever tape has picked up."""
    box = "The person you have called is not available. Please leave a message after the tone."
    assert consult((0.1, "speaks", 5.0, box)) == (Transfer.VOICEMAIL, [])
    assert consult((0.1, "speaks", 0.8, "Hello, Meera speaking."), (14.0, "key", "1"))[0] is Transfer.DONE


def test_without_a_summary_the_colleague_is_asked_all_the_same():
    assert consult((8.0, "hears", "yes"), matter="") == (Transfer.DONE, [GREETING, QUESTION, CONNECTING])


def test_a_farewell_cuts_off_what_is_being_said():
    async def scenario():
        call = Call()
        holding = asyncio.create_task(call.hold())
        await wait(7)
        holding.cancel()
        await call.consultation.say_to_its_end("colleague_caller_gone")
        return call.session

    session = run(scenario())
    assert session.said == [GREETING, MATTER, GONE]
    assert session.speeches[1].cut_off


@pytest.mark.parametrize("language", SUPPORTED)
def test_a_colleague_is_spoken_to_in_their_own_language(language):
    outcome, said = consult((14.0, "key", "1"), language=language, matter="…")
    assert outcome is Transfer.DONE
    assert said == [
        PHRASES.text("colleague_greeting", language), "…", PHRASES.text("colleague_question", language),
        PHRASES.text("colleague_connecting", language),
    ]  # fmt: skip
    assert "1" in said[2]
    assert "2" in said[2]
