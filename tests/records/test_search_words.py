"""A word is found in whatever letters it was written: recognisers write Indian scripts, people type Latin."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.search_words import searchable, spellings_of, words_of

SAME = [
    ("நன்றி", "nandri"),
    ("ऑर्डर", "order"), ("बिल", "bill"), ("मेरा", "mera"), ("मुझे", "mujhe"), ("बैलेंस", "balance"), ("अकाउंट", "account"),
    ("पेमेंट", "payment"), ("डिलीवरी", "delivery"), ("रिचार्ज", "recharge"), ("फोन", "phone"), ("अपॉइंटमेंट", "appointment"),
    ("रिफंड", "refund"), ("रुपये", "rupaye"), ("कब", "kab"), ("पैसे", "paise"), ("नमस्ते", "namaste"), ("टिकट", "ticket"),
    ("धन्यवाद", "dhanyavaad"), ("कैंसल", "cancel"), ("स्टेशन", "station"), ("एड्रेस", "address"), ("कंप्लेंट", "complaint"),
    ("एक्सचेंज", "exchange"), ("बिजली", "bijli"), ("चाहिए", "chahiye"), ("पानी", "paani"), ("डॉक्टर", "doctor"),
    ("स्कूल", "school"), ("बैंक", "bank"), ("कार्ड", "card"), ("लेट", "late"), ("सर्विस", "service"), ("नंबर", "number"),
    ("ईमेल", "email"), ("बुकिंग", "booking"), ("होटल", "hotel"), ("गाड़ी", "gaadi"), ("टैक्सी", "taxi"), ("आधार", "aadhaar"),
    ("माझे", "majhe"), ("आहे", "aahe"), ("பணம்", "panam"), ("இருக்கு", "irukku"), ("எங்கே", "enge"), ("ஆர்டர்", "order"),
    ("வண்டி", "vandi"), ("எவ்வளவு", "evvalavu"), ("திரும்ப", "thirumba"), ("டெலிவரி", "delivery"), ("ఆర్డర్", "order"),
    ("ఎప్పుడు", "eppudu"), ("ఫోన్", "phone"), ("ಹಣ", "hana"), ("ಎಷ್ಟು", "eshtu"), ("ಬಿಲ್", "bill"), ("ക്യാൻസൽ", "cancel"),
    ("ബിൽ", "bill"), ("ഓർഡർ", "order"), ("ক্যান্সেল", "cancel"), ("কোথায়", "kothay"), ("অর্ডার", "order"), ("ব্যাংক", "bank"),
    ("અર્ડર", "order"), ("પૈસા", "paisa"), ("ਕਿੱਥੇ", "kithe"), ("ਪੈਸੇ", "paise"), ("ਆਰਡਰ", "order"), ("ଟଙ୍କା", "tanka"),
    ("ଅର୍ଡର", "order"), ("१२५०", "1250"), ("௧௨", "12"), ("café", "cafe"), ("ORDER", "order"), ("गाड़ी", "गाडी"),
    ("paise", "paisay"), ("ज़रूर", "जरूर"), ("don't", "dont"), ("क\u200dब", "कब"),
]  # fmt: skip
OTHERS = [("order", "refund"), ("बिल", "बाल"), ("kab", "kal"), ("mera", "tera"), ("1250", "1251"), ("haan", "nahin")]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_word_in_two_spellings_is_found_by_either(one, other):
    assert set(spellings_of(words_of(one)[0])) & set(spellings_of(words_of(other)[0]))


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_other_words_are_not(one, other):
    assert not set(spellings_of(words_of(one)[0])) & set(spellings_of(words_of(other)[0]))


def test_what_is_kept_of_a_call_has_each_spelling_once():
    kept = searchable(["Mera order", None, "मेरा ऑर्डर!", ""])
    assert kept == f" {' '.join(sorted(set(kept.split())))} "
    assert " mer " in kept
    assert searchable([None, "", "?!"]) == ""


@given(st.text(max_size=60))
def test_any_text_is_spelt_in_words_without_blanks_quotes_or_operators(text):
    for spelling in searchable([text]).split(" "):
        assert not set(spelling.removeprefix("-")) & set("'\\&|!:*()<> \t\n-%")
