"""Who has picked up: a person is known in half a second after "hello", a machine by what it says."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.jumping_clock import run, wait
from worker.phone.answering import AnsweredBy, Answering, machine_in
from worker.phone.errand import Errand, read_errand

ANNOUNCEMENTS = [
    "The number you have dialled is switched off. Please try again later.",
    "The Airtel number you are trying to reach is currently switched off",
    "The person you are calling is currently busy.",
    "The subscriber you have dialed is not reachable at the moment.",
    "The number you are calling is out of coverage area",
    "The number you have dialed does not exist. Please check the number",
    "The customer you are calling is not answering, please try again later",
    "Incoming calls are not available on the number you have dialled",
    "आप जिस नंबर से संपर्क करना चाहते हैं वह अभी स्विच ऑफ है",
    "आप जिस नंबर पर कॉल कर रहे हैं वह इस समय बंद है",
    "जिस व्यक्ति को आप कॉल कर रहे हैं वह अभी व्यस्त हैं, कृपया थोड़ी देर बाद प्रयास करें",
    "आपने जो नंबर डायल किया है वह मौजूद नहीं है",
    "डायल किया गया नंबर पहुँच से बाहर है",
    "उपभोक्ता अभी उत्तर नहीं दे रहे हैं",
    "aap jis number se sampark karna chahte hain vah abhi switch off hai",
]
VOICEMAILS = [
    "Hi, you've reached Ravi. Please leave a message after the tone.",
    "Your call has been forwarded to an automated voice messaging system, please record your message after the beep",
    "The mailbox is full",
    "कृपया बीप के बाद अपना संदेश छोड़ें",
    "The person you are calling is not available. Please leave your message at the tone",
]
MISHEARD = ["Remember my calling is with stuff.", "Please try again later."]
PEOPLE = [
    "Hello?", "हैलो", "हाँ बोलिए", "Yes, who is this?", "Ravi speaking", "जी कौन बोल रहा है", "My phone was switched off",
    "मैं अभी व्यस्त हूँ बाद में कॉल कीजिए", "I am busy, call me later", "வணக்கம்", "haan bolo", "मेरा फ़ोन बंद था",
    "he is not available right now", "please try again later", "who gave you this number", "",
]  # fmt: skip


@pytest.mark.parametrize("text", ANNOUNCEMENTS)
def test_the_network_is_known_by_what_it_says(text):
    assert machine_in(text) is AnsweredBy.ANNOUNCEMENT


@pytest.mark.parametrize("text", VOICEMAILS)
def test_a_mailbox_is_known_by_what_it_says(text):
    assert machine_in(text) is AnsweredBy.VOICEMAIL


@pytest.mark.parametrize("text", PEOPLE)
def test_what_people_say_is_no_machines(text):
    assert machine_in(text) is None


def answered(*acts, seconds_between=0.0):
    """Who has picked up, and after how many seconds; a number is a pause, "(" and ")" the begin and end of speech."""

    async def scenario():
        answering = Answering()
        begun_at = asyncio.get_running_loop().time()

        async def act():
            for each in acts:
                if isinstance(each, float | int):
                    await wait(each)
                elif each in "()":
                    answering.user_state_changed("speaking" if each == "(" else "listening")
                else:
                    answering.hear(each)

        acting = asyncio.create_task(act())
        answer = await answering.decide()
        seconds = asyncio.get_running_loop().time() - begun_at
        await acting
        return answer, round(seconds, 2)

    return run(scenario())


@pytest.mark.parametrize(
    ("acts", "answer", "seconds"),
    [
        ((), AnsweredBy.HUMAN, 1.5),  # says nothing: waits for us
        ((0.3, "(", 0.6, ")"), AnsweredBy.HUMAN, 1.4),  # "hello?"
        ((0.3, "(", 0.6, ")", 0.2, "Hello?"), AnsweredBy.HUMAN, 1.4),
        ((0.3, "(", 0.6, ")", 0.3, "(", 0.5, ")"), AnsweredBy.HUMAN, 2.2),  # "hello? ... hello?"
        ((0.3, "(", 4.0, ")", 0.7, ANNOUNCEMENTS[0]), AnsweredBy.ANNOUNCEMENT, 5.0),
        ((0.3, "(", 4.0, ANNOUNCEMENTS[8], 2.0, ")"), AnsweredBy.ANNOUNCEMENT, 4.3),
        ((0.3, "(", 4.0, ")", 0.9, VOICEMAILS[0]), AnsweredBy.VOICEMAIL, 5.2),
        ((0.3, "(", 4.0, ")", 0.7, "Good morning, Mehta and sons, how may I help you"), AnsweredBy.HUMAN, 5.8),
        ((0.3, "(", 2.1, *MISHEARD, ")"), AnsweredBy.HUMAN, 2.9),  # nobody is known by so little who has just begun
        ((0.3, "(", 2.1, ")", 0.4, "(", MISHEARD[0], 1.3, MISHEARD[1], ")"), AnsweredBy.ANNOUNCEMENT, 4.1),
        ((0.3, "(", 2.1, ")", 0.4, "(", 1.3, ")", *MISHEARD), AnsweredBy.ANNOUNCEMENT, 4.1),
        ((0.3, "(", 40.0, ")"), AnsweredBy.ANNOUNCEMENT, 20.0),  # music, or a recording nobody understands
    ],
)
def test_who_picks_up_is_known_in_time_and_talked_over_never(acts, answer, seconds):
    assert answered(*acts) == (answer, seconds)


def test_a_machine_is_found_out_late_but_not_for_ever():
    async def scenario(seconds):
        answering = Answering()
        await answering.decide()
        await wait(seconds)
        return answering.hear("please leave a message after the tone")

    assert run(scenario(10)) is AnsweredBy.VOICEMAIL
    assert run(scenario(30)) is None


def test_what_a_person_says_bit_by_bit_does_not_make_a_machine_of_them():
    """Pins words of three sentences that together were an announcement's: the person was hung up on."""

    async def scenario():
        answering = Answering()
        await answering.decide()
        said = ("Yes, this is the shop.", "The customer is here, yes.", "Your call is about the cake.", "Ravi is busy.")
        return [answering.hear(text) for text in said]

    assert run(scenario()) == [None] * 4


# ---- the errand


def test_an_errand_is_read_as_it_was_written():
    errand = Errand("Asha Bakery", "the cake for today", "mr-IN", "आपका केक तैयार है।")
    assert read_errand(errand.metadata()) == errand
    assert "Asha Bakery" in errand.instruction()
    assert "the cake for today" in errand.instruction()


@pytest.mark.parametrize(
    "metadata", ["", "{", "[]", "null", '{"at": 1}', '{"errand": 1}', '{"errand": {"company": ""}}', "[" * 10000,
                 '{"errand": {"company": 1, "about": "x"}}', '{"errand": {"company": "A"}}']
)  # fmt: skip
def test_what_is_no_errand_is_none(metadata):
    assert read_errand(metadata) is None


def test_a_language_that_is_not_spoken_is_left_to_the_call():
    assert read_errand('{"errand": {"company": "A", "about": "b", "language": "klingon"}}').language == ""


@given(st.text(max_size=200))
def test_whatever_a_dispatch_says_it_is_an_errand_or_none(metadata):
    assert read_errand(metadata) is None or isinstance(read_errand(metadata), Errand)
