"""Kinds of turns that once were read wrong, several members each: none is only the one that was seen."""

import pytest

from worker.end_of_turn import Completeness, read_words
from worker.end_of_turn.asking import _LONGEST_PHRASE_WORDS, _kinds
from worker.end_of_turn.waiting import DEFAULT_POLICY, Evidence, how_long_to_wait
from worker.end_of_turn.weighing import WORD_ITSELF, Weights, weigh

FINISHED, UNCLEAR, UNFINISHED = Completeness.FINISHED, Completeness.UNCLEAR, Completeness.UNFINISHED
VEHICLE = "What is your vehicle number?"


def completeness(text, language, asked=""):
    return read_words(text, f"{language}-IN", asked).completeness


@pytest.mark.parametrize("asked", ["", "aur kuchh?", "Is there anything else?"])
@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("bas itna hi", "hi"),
        ("haan bas itna hi", "hi"),
        ("बस यही", "hi"),
        ("बस एवढंच", "mr"),
        ("shudhu eituku", "bn"),
        ("બસ આટલું જ", "gu"),
        ("ਬੱਸ ਇੰਨਾ ਹੀ", "pa"),
        ("ନା ସେତିକି", "od"),
        ("avlo dhan", "ta"),
        ("ఇంకేమీ లేదు", "te"),
        ("ishte", "kn"),
        ("അത്രയേ ഉള്ളൂ", "ml"),
        ("no that is all", "en"),
    ],
)
def test_that_is_all_is_a_whole_turn_whatever_was_asked(text, language, asked):
    assert completeness(text, language, asked) is FINISHED


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("ਬੱਤੀ ਨਹੀਂ ਆ ਰਹੀ", "pa"),
        ("ਫੋਨ ਨਹੀਂ ਚੱਲਦਾ", "pa"),
        ("gas nahi mil reha", "pa"),
        ("बिजली नहीं आ रही", "hi"),
        ("ओटीपी नहीं मिलता", "hi"),
        ("refund nahi mil raha", "hi"),
        ("recharge nahin ho rahe", "hi"),
        ("નેટ નથી ચાલતું", "gu"),
        ("gas nathi malti", "gu"),
    ],
)
def test_a_negated_verb_needs_no_auxiliary(text, language):
    assert completeness(text, language) is FINISHED


@pytest.mark.parametrize("text", ["मुझे रिफंड मिल रहा", "mujhe card chahiye lekin", "aapka agent bol raha"])
def test_without_its_negation_it_does(text):
    assert completeness(text, "hi") is not FINISHED


@pytest.mark.parametrize(
    "text",
    [
        "and the landline",
        "okay the landline",
        "okay and the landline",
        "and the mobile",
        "and the office address",
        "also my statement",
        "okay my savings account",
    ],
)
def test_one_more_thing_is_asked_for_by_its_name_alone(text):
    assert completeness(text, "en") is FINISHED


@pytest.mark.parametrize(
    "text", ["what is the rate like", "what does the room look like", "what is the food like", "how does it look like"]
)
def test_like_may_end_a_question(text):
    assert completeness(text, "en") is FINISHED


@pytest.mark.parametrize("text", ["kalsi", "kelsi", "nillisi", "tegesi", "bill kalsi", "ಕಳಿಸಿ", "ಬಿಲ್ ಕಳ್ಸಿ"])
def test_a_kannada_request_is_whole(text):
    assert completeness(text, "kn") is FINISHED


@pytest.mark.parametrize("text", ["bataiye", "बताइए", "sollunga", "cheppandi", "parayoo", "sanga", "bolun", "kaho"])
def test_one_word_asks_the_agent_to_speak(text):
    assert completeness(text, None) is FINISHED


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("MH 12 AB 1234", VEHICLE),
        ("M H forty three A B one two three four", VEHICLE),
        ("mh12ab1234", VEHICLE),
        ("it is K A zero one M J four five six seven", VEHICLE),
        ("DL 8 C AF 5030", "gaadi ka number bataiye?"),
        ("TN 37 1234", VEHICLE),
        ("22 BH 4567 AA", VEHICLE),
        ("my car is GJ 5 RX 9090", ""),
    ],
)
def test_a_whole_vehicle_number_is_a_whole_answer(text, asked):
    assert completeness(text, "en", asked) is FINISHED


@pytest.mark.parametrize("text", ["mh 12", "M H twelve", "MH 12 AB", "mh 12 ab 12", "k a zero one", "22 BH 45"])
def test_a_part_of_one_is_waited_for(text):
    assert completeness(text, "en", VEHICLE) is UNFINISHED


@pytest.mark.parametrize("text", ["up 20 percent", "I have 2", "is it ka 1 lakh plan"])
def test_what_only_begins_like_one_is_none(text):
    assert "vehicle" not in read_words(text, "en-IN").reason


@pytest.mark.parametrize(
    "text",
    [
        "my address is flat number",
        "our address is shop number",
        "it is house number",
        "the delivery address is door number",
        "it is doctor",
        "my name is professor",
        "this is doctor",
    ],
)
def test_a_title_or_a_label_waits_for_its_name(text):
    assert completeness(text, "en") is UNFINISHED


@pytest.mark.parametrize("text", ["what is the flat number", "call me doctor", "is there a doctor"])
def test_a_title_or_a_label_that_is_asked_for_does_not(text):
    assert completeness(text, "en") is not UNFINISHED


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("i paid but the shop", "en"),
        ("I called but your agent", "en"),
        ("it is late because the driver", "en"),
        ("I paid last week but my operator", "en"),
        ("paise bhar diye lekin dukaan", "hi"),
    ],
)
def test_a_clause_that_has_begun_waits_for_its_verb(text, language):
    assert completeness(text, language) is UNFINISHED


@pytest.mark.parametrize("text", ["I paid but the shop closed", "i paid but it failed", "paise diye lekin nahi mila"])
def test_a_clause_with_its_verb_does_not(text):
    assert completeness(text, "hi") is not UNFINISHED


def test_a_sign_that_quotes_a_word_is_weighed_and_never_told():
    weights = Weights(0.0, {f"{WORD_ITSELF} mera": -3.0, "2 words": -0.5}, 0.8, {}, 0.2)
    weighed = weigh([f"{WORD_ITSELF} mera", "2 words"], weights)
    assert weighed.probability < 0.05
    assert weighed.reason == "2 words"


@pytest.mark.parametrize("text", ["mujhe mera", "please check my", "avanga kitta", "account"])
def test_no_word_of_the_caller_is_in_the_reason(text):
    assert not set(text.split()) & set(read_words(text, None, "Which card?").reason.split())


def test_no_phrase_that_asks_is_longer_than_what_is_looked_up():
    assert max(len(phrase) for phrases in _kinds().values() for phrase in phrases) == _LONGEST_PHRASE_WORDS


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("yes that's right", "en-IN"), ("no that's wrong", "en-IN"), ("இல்ல அது தப்பு", "ta-IN"),
        ("అవును అది కరెక్ట్", "te-IN"), ("না ওটা ভুল", "bn-IN"), ("ହଁ ତାହା ଠିକ", "od-IN"), ("ಹೌದು ಅದು ಸರಿ", "kn-IN"),
        ("haan ye sahi hai", "hi-IN"), ("aama adhu sari", "ta-IN"),
    ],
)  # fmt: skip
def test_who_says_that_the_agent_is_right_or_wrong_has_finished(text, language):
    assert read_words(text, language).completeness is Completeness.FINISHED


@pytest.mark.parametrize(
    ("text", "finished"),
    [
        ("Are you open on Sundays?", True), ("Can you tell me my account balance?", True),
        ("Are you open on Sundays", False), ("On Sundays?", False), ("Can you tell me the?", False),
    ],
)  # fmt: skip
def test_a_recognisers_question_mark_counts_where_the_words_ask_too(text, finished):
    assert (read_words(text, "en-IN").completeness is Completeness.FINISHED) is finished


@pytest.mark.parametrize(
    ("asked", "text"), [("What is your address?", "flat number twelve"), ("Where do you live?", "flat 12")]
)
def test_a_door_without_its_street_is_waited_for(asked, text):
    assert completeness(text, "en", asked) is UNFINISHED
    assert completeness("house number 4, MG Road", "en", asked) is FINISHED


@pytest.mark.parametrize(
    ("asked", "text", "language"),
    [
        ("अपना नाम स्पेल कीजिए", "आर ए", "hi"),
        ("உங்கள் பெயரை ஸ்பெல் பண்ணுங்க", "ஆர் ஏ", "ta"),
        ("Please tell me your passport number.", "K", "en"),
    ],
)
def test_whoever_was_asked_to_spell_without_a_question_mark_is_waited_for(asked, text, language):
    assert how_long_to_wait(Evidence(text, f"{language}-IN", asked=asked)).seconds >= DEFAULT_POLICY.in_pieces_seconds
