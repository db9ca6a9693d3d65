"""A call by telephone: nothing is heard or said while it rings, and keys are words of the turn."""

import asyncio
from types import SimpleNamespace

import pytest
from livekit import rtc
from livekit.agents import stt

from tests.jumping_clock import run, wait
from tests.phone.test_line import SIP, Room
from worker import log_events
from worker.bill import PHONE_LINE
from worker.conversation.listening import Listening
from worker.conversation.opening import Opening
from worker.conversation.phone_call import PhoneCall
from worker.conversation.phrases import Phrases
from worker.conversation.speaker import Speaker
from worker.conversation.spending import Spending
from worker.conversation.usage import CallUsage
from worker.languages import SUPPORTED
from worker.phone.errand import Errand
from worker.phone.menu import Other
from worker.settings import PhoneSettings

SETTINGS = PhoneSettings(menu={"1": "en-IN", "2": "hi-IN"})


class Session(rtc.EventEmitter):
    """The session's side of it, which notes what is asked of it."""

    def __init__(self):
        super().__init__()
        self.did = []
        self.current_speech = None
        self.input = SimpleNamespace(set_audio_enabled=lambda on: self.did.append("listens" if on else "deaf"))
        self.output = SimpleNamespace(audio=None)

    def interrupt(self):
        self.did.append("falls silent")
        if self.current_speech is not None and not self.current_speech.allow_interruptions:
            raise RuntimeError("it does not stop")

    def reset_away_timer(self):
        self.did.append("not away")


class Reports:
    def __init__(self):
        self.events = []
        self.transfers = []
        self.record = SimpleNamespace(
            caller="", met=lambda caller: None, transferred=lambda to, outcome: self.transfers.append((to, outcome))
        )
        self.usage = CallUsage()

    def event(self, name, **fields):
        self.events.append((name, fields))


def a_call(settings=SETTINGS, **attributes):
    """(the call's telephone part, its room, its session, its reports, what was keyed in)."""
    room, session, reports, keyed = Room(**attributes), Session(), Reports(), []
    spoken = SimpleNamespace(wait_for_playout=lambda: wait(1), interrupted=False)
    speaker = SimpleNamespace(say=lambda phrase, **how: session.did.append((phrase, how)) or spoken)
    listening = SimpleNamespace(key_in=keyed.append)
    return PhoneCall(room, session, settings, speaker, listening, reports), room, session, reports, keyed


def press(room, digit, person=None):
    room.emit("sip_dtmf_received", SimpleNamespace(code=1, digit=digit, participant=person or room.phone))


def test_while_it_rings_nothing_is_heard_and_then_everything():
    async def scenario():
        phone, room, session, reports, _ = a_call(**{"sip.callStatus": "ringing"})
        asyncio.get_running_loop().call_later(20, room.status, "active")
        assert await phone.answered(room.phone)
        assert session.did == ["deaf", "listens", "not away"]
        assert reports.events == [(log_events.CALL_ANSWERED, {"direction": "out", "rang_seconds": 20.0})]

    run(scenario())


def test_a_phone_that_is_not_picked_up_is_told_and_left():
    async def scenario():
        phone, room, session, reports, _ = a_call(**{"sip.callStatus": "ringing", "sip.ruleID": "SDR_1"})
        asyncio.get_running_loop().call_later(2, room.leave, rtc.DisconnectReason.USER_UNAVAILABLE)
        assert not await phone.answered(room.phone)
        assert session.did == ["deaf"]
        assert reports.events == [(log_events.CALL_NOT_ANSWERED, {"direction": "in", "reason": "unavailable"})]

    run(scenario())


def test_a_caller_on_a_page_is_there_at_once_and_has_neither_menu_nor_keys():
    async def scenario():
        phone, room, _, reports, keyed = a_call()
        page = SimpleNamespace(identity="page", kind=rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD, attributes={})
        assert await phone.answered(page)
        assert await phone.ask_for_language(known=False) is Other.NOTHING
        press(room, "1", page)
        press(room, "#", page)
        assert (reports.events, keyed) == ([], [])

    run(scenario())


def test_only_the_callers_keys_count():
    async def scenario():
        phone, room, session, _, keyed = a_call()
        assert await phone.answered(room.phone)
        colleague = SimpleNamespace(identity="sip_2", kind=SIP, attributes={})
        for digit, person in (("4", room.phone), ("9", colleague), ("7", room.phone), ("#", room.phone)):
            press(room, digit, person)
        assert keyed == ["47"]
        assert session.did == ["falls silent"]
        press(room, "5")
        session.current_speech = SimpleNamespace(allow_interruptions=False)
        session.emit("close", None)
        await wait(10)
        assert keyed == ["47"], "a call that is over hears no more"

    run(scenario())


@pytest.mark.parametrize(("mask", "shown"), [(True, "my PIN is ••••"), (False, "my PIN is 4711")])
def test_what_was_keyed_is_shown_in_no_transcript_of_the_room(mask, shown):
    async def scenario():
        phone, room, session, reports, _ = a_call(PhoneSettings(mask_keys=mask))
        await phone.answered(room.phone)
        for digit in "4711#":
            press(room, digit)
        heard = SimpleNamespace(transcript="my PIN is 4711", is_final=True)
        session.emit("user_input_transcribed", heard)
        assert heard.transcript == reports.shown("my PIN is 4711") == shown
        assert reports.record.shown("my PIN is 4711") == shown, "nor kept"

    run(scenario())


@pytest.mark.parametrize(
    ("attributes", "known", "asked"),
    [({"sip.ruleID": "SDR_1"}, False, True), ({"sip.ruleID": "SDR_1"}, True, False), ({}, False, False)],
)
def test_the_menu_is_for_those_who_call_and_whose_language_nobody_has_said(attributes, known, asked):
    async def scenario():
        phone, room, session, _, _ = a_call(**attributes)
        await phone.answered(room.phone)
        choosing = asyncio.create_task(phone.ask_for_language(known=known))
        await wait(1.5)
        press(room, "2")
        assert await choosing == ("hi-IN" if asked else Other.NOTHING)
        assert [what[1]["language"] for what in session.did if what[0] == "menu"] == (
            ["en-IN", "hi-IN"] if asked else []
        )

    run(scenario())


def test_a_spoken_choice_wants_no_other_answer_and_only_while_the_menu_is_open():
    async def scenario():
        phone, room, _, _, _ = a_call(**{"sip.ruleID": "SDR_1"})
        await phone.answered(room.phone)
        assert not phone.takes("Hindi")
        choosing = asyncio.create_task(phone.ask_for_language(known=False))
        await wait(0.5)
        assert phone.takes("हिंदी")
        assert await choosing == "hi-IN"
        assert not phone.takes("English")

    run(scenario())


# ---- keys among the words


class Hearing:
    def __init__(self):
        self.heard = []

    def put_back(self, event):
        self.heard.append(event)

    def close(self):
        """Nothing runs."""


def listening(session):
    hearing = Hearing()
    ending = SimpleNamespace(begun=False)
    return Listening(session, hearing, None, SimpleNamespace(), Reports(), SimpleNamespace(), ending), hearing


def test_keyed_digits_are_a_final_transcript_that_nobody_doubts():
    """Pins keys ignored: pressed 1, 2 and #, and the agent went on as if nothing had been."""
    words, hearing = listening(Session())
    words.key_in("4711")
    [event] = hearing.heard
    assert event.type is stt.SpeechEventType.FINAL_TRANSCRIPT
    assert event.alternatives[0].text == "4711"
    assert words.passes(event)


def test_keys_pressed_into_a_greeting_that_does_not_stop_are_heard_after_it():
    session = Session()
    done = []
    session.current_speech = SimpleNamespace(
        allow_interruptions=False, done=lambda: False, add_done_callback=done.append
    )
    words, hearing = listening(session)
    words.key_in("4711")
    assert hearing.heard == []
    done[0](None)
    assert len(hearing.heard) == 1


# ---- the opening


def opening(did, *, answered=True, language_known=False, choice=Other.NOTHING, errand=None, person=True, before=None):
    """An opening whose phone is picked up, or not, and whose caller chooses, or not, and has called before, or not."""

    is_person, ending = person, SimpleNamespace(begun=False, end=did.append)

    async def is_answered(person):
        return answered

    async def ask(*, known):
        did.append(f"asks, known: {known}")
        return choice

    async def earlier():
        return before

    def look_up(person, caller):
        did.append("looks up")
        return asyncio.create_task(earlier())

    async def person_answers():
        did.append("listens")
        ending.begun = not is_person  # a machine is hung up on
        return is_person

    phone = SimpleNamespace(
        by_called_number={"+918012345678": "kn-IN"}, answered=is_answered, ask_for_language=ask, errand=errand,
        is_answered_by_a_person=person_answers, look_up_language=look_up,
    )  # fmt: skip
    person = SimpleNamespace(
        identity="sip_1", kind=SIP,
        attributes={"sip.trunkPhoneNumber": "08012345678" if language_known else "+912212345678",
                    "sip.phoneNumber": "+914412345678"},
    )  # fmt: skip

    async def there(kind):
        return person

    async def notice():
        did.append("notice")
        return True

    languages = SimpleNamespace(
        settled="", open_in=lambda code: did.append(f"opens in {code}"), wish=lambda code: did.append(f"wish {code}")
    )
    session = rtc.EventEmitter()
    session.output = SimpleNamespace(audio=None)
    session.generate_reply = lambda instructions: did.append("says why")
    return Opening(
        SimpleNamespace(is_fake_job=lambda: False, wait_for_participant=there), session,
        SimpleNamespace(alone_seconds=5, default_language="en-IN", greeting_interruptible=False), None,
        SimpleNamespace(succession=None, started_at=0), languages, None,
        SimpleNamespace(say=lambda phrase, **how: did.append(f"{phrase} {how.get('company', '')}".strip())),
        SimpleNamespace(limit_call=lambda at: None, expect_microphone=lambda: None),
        ending, Reports(), phone,
        SimpleNamespace(prepare=lambda: None, met=lambda caller: None, dialogue=SimpleNamespace(open=notice)),
        Spending(session, None, None, ending, None),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ({}, ["looks up", "opens in ta-IN", "asks, known: False", "notice", "greeting"]),
        ({"before": "mr-IN"}, ["looks up", "opens in mr-IN", "asks, known: True", "notice", "greeting"]),
        ({"language_known": True, "before": "mr-IN"}, ["opens in kn-IN", "asks, known: True", "notice", "greeting"]),
        ({"choice": "hi-IN"}, ["looks up", "opens in ta-IN", "asks, known: False", "wish hi-IN", "notice", "greeting"]),
        ({"choice": Other.SPEAKS}, ["looks up", "opens in ta-IN", "asks, known: False", "notice"]),
        ({"answered": False}, ["looks up", "not_answered"]),
    ],
)
def test_a_phone_call_opens_in_the_language_that_somebody_knows(how, what):
    did = []
    run(opening(did, **how).greet())
    assert did == what


@pytest.mark.parametrize("answered", [True, False])
def test_a_line_is_paid_for_once_it_is_answered(answered):
    begun = opening([], answered=answered)
    run(begun.greet())
    assert (PHONE_LINE in begun._reports.usage.rows()) is answered


ERRAND = Errand("Asha Bakery", "a cake", "mr-IN")


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ({"errand": ERRAND}, ["opens in mr-IN", "listens", "outbound Asha Bakery", "notice", "says why"]),
        (
            {"errand": Errand("Asha Bakery", "a cake")},
            ["looks up", "opens in ta-IN", "listens", "outbound Asha Bakery", "notice", "says why"],
        ),
        ({"errand": ERRAND, "person": False}, ["opens in mr-IN", "listens"]),
        ({"errand": ERRAND, "answered": False}, ["not_answered"]),
    ],
)
def test_who_is_called_hears_first_who_calls_and_that_it_is_an_assistant(how, what):
    did = []
    run(opening(did, **how).greet())
    assert did == what


def an_outbound_call(*, heard, late="", doubted=""):
    """What is told, logged and done when these words pick up, and others come 5 s later; the recogniser doubts some."""

    async def scenario():
        room, session, reports, told, machines = Room(), Session(), Reports(), [], []

        async def set_attributes(attributes):
            told.append(attributes)

        room.local_participant = SimpleNamespace(set_attributes=set_attributes)
        listening = SimpleNamespace(key_in=None)
        phone = PhoneCall(room, session, SETTINGS, None, listening, reports, errand=ERRAND, machine=machines.append)
        deciding = asyncio.create_task(phone.is_answered_by_a_person())
        await wait(0.5)
        assert phone.takes("hello?"), "who picks up is not answered before it is known who it is"
        session.emit("user_state_changed", SimpleNamespace(new_state="speaking"))
        await wait(1)
        assert not doubted or listening.doubted(doubted), "nobody is asked before it is known who it is"
        session.emit("user_input_transcribed", SimpleNamespace(transcript=heard, is_final=True))
        session.emit("user_state_changed", SimpleNamespace(new_state="listening"))
        person = await deciding
        await wait(5)
        if late:
            session.emit("user_input_transcribed", SimpleNamespace(transcript=late, is_final=True))
        await wait(5)
        assert phone.takes("yes?") is (not person or bool(late))
        return (
            person,
            [each["vaani.answered_by"] for each in told],
            [machine.value for machine in machines],
            [fields["answered_by"] for _, fields in reports.events],
        )

    return run(scenario())


def test_a_person_is_told_of_and_spoken_to():
    assert an_outbound_call(heard="Hello?") == (True, ["human"], [], ["human"])


def test_a_machine_is_told_of_and_hung_up_on():
    told = an_outbound_call(heard="The number you have dialled is switched off")
    assert told == (False, ["announcement"], ["announcement"], ["announcement"])


def test_what_the_recogniser_doubts_still_tells_a_machine_from_a_person():
    """Pins an announcement on a bad line, half of it read wrong, that was greeted as a person."""
    half = {"doubted": "The number you are calling is which tough.", "heard": "Please try again later."}
    assert an_outbound_call(**half)[1] == ["announcement"]


def test_a_mailbox_that_was_taken_for_a_person_is_hung_up_on_when_it_says_what_it_is():
    told = an_outbound_call(heard="Hi, this is Ravi", late="please leave a message after the tone")
    assert told == (True, ["human", "voicemail"], ["voicemail"], ["human", "voicemail"])


@pytest.mark.parametrize("language", SUPPORTED)
def test_what_is_said_first_has_the_callers_name_in_it_in_every_language(language):
    """Pins a slot that was called like a parameter: who picked up heard an apology, and that was all."""
    phrases = Phrases.load()
    said = []
    session = SimpleNamespace(say=lambda text, **how: said.append(text), current_speech=None)
    speaker = Speaker.__new__(Speaker)
    speaker._session, speaker._phrases = session, phrases
    speaker._audio = SimpleNamespace(frames=lambda language, text: None)
    speaker._replies = SimpleNamespace(begin=lambda reply, speech: None)
    speaker._phrase_reply = lambda code: SimpleNamespace(language=code)
    speaker.say("outbound", language=language, company="Asha Bakery")
    speaker.say("menu", language=language, digit="2")
    assert "Asha Bakery" in said[0]
    assert "2" in said[1]
    assert "{" not in "".join(said)


def a_mailbox(errand, *, speaks_for=3):
    """What is said, and when, to a mailbox whose greeting goes on for so long after it was known as one."""

    async def scenario():
        room, session, reports, said, machines = Room(), Session(), Reports(), [], []
        loop = asyncio.get_running_loop()

        async def set_attributes(_):
            pass

        async def played():
            await wait(4)

        room.local_participant = SimpleNamespace(set_attributes=set_attributes)
        speech = SimpleNamespace(wait_for_playout=played)

        def noted(what):
            said.append((what, round(loop.time() - known_at)))
            return speech

        speaker = SimpleNamespace(
            say=lambda phrase, *, allow_interruptions, company: noted(f"{phrase} {company}"), recite=noted
        )
        phone = PhoneCall(
            room, session, SETTINGS, speaker, SimpleNamespace(key_in=None), reports, errand=errand,
            machine=lambda answer: machines.append((answer.value, round(loop.time() - known_at))),
        )  # fmt: skip
        deciding = asyncio.create_task(phone.is_answered_by_a_person())
        await wait(0.5)
        session.emit("user_state_changed", SimpleNamespace(new_state="speaking"))
        await wait(1)
        known_at = loop.time()
        words = SimpleNamespace(transcript="please leave a message after the tone", is_final=True)
        session.emit("user_input_transcribed", words)
        await wait(speaks_for)
        session.emit("user_state_changed", SimpleNamespace(new_state="listening"))
        assert not await deciding
        return said, machines, [name for name, _ in reports.events]

    return run(scenario())


def test_a_mailbox_is_told_who_calls_and_the_message_when_it_has_said_all_it_says():
    said, machines, events = a_mailbox(Errand("Asha Bakery", "a cake", "mr-IN", "Your cake is ready."))
    assert said == [("outbound Asha Bakery", 5), ("Your cake is ready.", 5)]
    assert machines == [("voicemail", 9)]
    assert events[-1] == log_events.CALL_MESSAGE_LEFT


def test_a_mailbox_that_never_falls_silent_is_told_all_the_same():
    said, _, _ = a_mailbox(Errand("Asha Bakery", "a cake", "", "Your cake is ready."), speaks_for=60)
    assert [what for what, _ in said] == ["outbound Asha Bakery", "Your cake is ready."]
    assert said[0][1] == 21


def test_without_a_message_a_mailbox_is_hung_up_on():
    said, machines, events = a_mailbox(ERRAND)
    assert (said, machines) == ([], [("voicemail", 1)])
    assert log_events.CALL_MESSAGE_LEFT not in events
