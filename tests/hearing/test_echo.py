"""The agent's own words out of the caller's loudspeaker are told from the caller's."""

import time

import pytest

from worker.hearing.echo import find_echo

STORY = (
    "Sure, here is a story. Long ago a crow was very thirsty. It flew all day and found no water. At last it saw a "
    "pot with a little water inside. Its beak could not reach it."
)
QUESTION = "Your order is ready. Would you like it on Monday, or on Tuesday in the morning?"
HINDI = "ज़रूर, मैं देखती हूँ। आपका ऑर्डर नंबर क्या है?"
COURIER = "Your order will reach you tomorrow by six in the evening. The courier will call before coming."
TAMIL = "நிச்சயமாக, ஒரு கதை கேளுங்கள். ஒரு காகத்துக்கு மிகவும் தாகம்."


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ("Long ago a crow was very thirsty.", STORY),
        ("long ago a crow was very", STORY),  # cut in mid-sentence
        ("story long ago, a crow was very thirsty it flew", STORY),  # across sentences
        ("Long ago a cow was very thirty.", STORY),  # misheard
        ("it flew all they and found no water", STORY),
        ("on tuesday in the morning", QUESTION),
        ("आपका ऑर्डर नंबर क्या है", HINDI),
        ("जरूर मैं देखती हूं आपका ऑर्डर नंबर", HINDI),
        ("ஒரு காகத்துக்கு மிகவும் தாகம்", TAMIL),
        ("find no water at last it saw a pot", STORY),
        ("order will reach you tomorrow by 6 in the evening", COURIER),
        ("ஆர்டர் நாளைக்கு வந்துரும்", "உங்கள் ஆர்டர் நாளைக்கு வந்துரும். வேறு ஏதாவது?"),
        ("आपका ऑर्डर शिप्ड है और कल डिलीवर होगा", "आपका order shipped है और कल deliver होगा।"),  # in other letters
        ("aapka order kal tak aa jayega", "आपका ऑर्डर कल तक आ जाएगा।"),
        ("ನಿಮ್ಮ ಆರ್ಡರ್ ನಾಳೆ ಬರುತ್ತದೆ", "ನಿಮ್ಮ order ನಾಳೆ ಬರುತ್ತದೆ."),  # one of four words
        ("আপনার অর্ডার কাল পৌঁছাবে", "আপনার order কাল পৌঁছাবে।"),
        ("உங்கள் ஆர்டர் நாளைக்கு வரும்", "உங்கள் order நாளைக்கு வரும்."),
        ("మీ ఆర్డర్ రేపు వస్తుంది", "మీ order రేపు వస్తుంది."),
    ],
)
def test_an_echo_is_recognised_cut_and_misheard(heard, said):
    echo = find_echo(heard, said)
    assert echo is not None
    assert echo.rest == ""


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ("Tuesday.", QUESTION),
        ("the morning", QUESTION),
        ("my order is ready?", QUESTION),  # asks back
        ("No, I would like it on Wednesday.", QUESTION),
        ("is it ready on monday", QUESTION),
        ("Stop, tell me another one.", STORY),
        ("what about the pot with water", STORY),
        ("where was it a crow", STORY),
        ("मेरा ऑर्डर नंबर चार पाँच दो एक है", HINDI),
        ("मुझे नंबर नहीं पता", HINDI),
        ("मेरा ऑर्डर कल क्यों आएगा", "आपका order कल आएगा।"),
        ("order cancel karo", "आपका ऑर्डर कल तक आ जाएगा।"),
        ("வேற கதை சொல்லுங்க", TAMIL),
        ("one two three", STORY),
        ("", STORY),
        ("Long ago a crow was very thirsty.", ""),
    ],
)
def test_the_callers_own_words_are_no_echo(heard, said):
    assert find_echo(heard, said) is None


@pytest.mark.parametrize(
    ("heard", "rest"),
    [
        ("Long ago a crow was very. Stop, what time is it now?", "Stop, what time is it now?"),
        ("it flew all day and found no stop", "stop"),
        ("At last it saw a pot, ek minute rukiye", "ek minute rukiye"),
    ],
)
def test_what_the_caller_says_into_an_echo_is_kept(heard, rest):
    assert find_echo(heard, STORY).rest == rest


def test_where_the_words_stand_is_told_from_the_end():
    echo = find_echo("tuesday in the morning", QUESTION)
    assert echo.letters_from_end == 0
    assert echo.letters_from_start == len("tuesday in the morning")


def test_the_longest_speech_is_compared_in_no_time():
    said = " ".join(f"word{number} {STORY}" for number in range(8))
    began = time.process_time()
    find_echo(STORY * 5, said)
    assert time.process_time() - began < 1.0
