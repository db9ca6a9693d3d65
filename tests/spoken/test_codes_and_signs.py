"""Codes, addresses, dates and signs in the spellings that no table was made from."""

# ruff: noqa: E501  (a row of a table stays on one line)

import unicodedata

import pytest

from worker.spoken import speakable

ROWS = [
    ("en-IN", "It goes to Pune 411001.", "It goes to Pune four one one zero zero one."),
    ("hi-IN", "पता पुणे 411001।", "पता पुणे चार एक एक शून्य शून्य एक।"),
    ("en-IN", "We sold 411001 units", "We sold four lakh eleven thousand one units"),
    ("en-IN", "your card XXXX XXXX XXXX 1234 is active", "your card one two three four is active"),
    ("en-IN", "account **** 1234", "account one two three four"),
    ("en-IN", "the car KA 01 AB 1234", "the car K A zero one A B one two three four"),
    ("en-IN", "leaves at 14:00 hrs", "leaves at two P M"),
    ("en-IN", "rated 4.5/5 by many", "rated four point five out of five by many"),
    ("hi-IN", "रेटिंग 4.5/5 है", "रेटिंग पाँच में से चार दशमलव पाँच है"),
    ("en-IN", "at 2026-11-29T14:30:00+05:30 today", "at twenty ninth November twenty twenty six two thirty P M today"),
    ("hi-IN", "Aug 15th को", "पंद्रह अगस्त को"), ("mr-IN", "Aug 15 रोजी", "पंधरा ऑगस्ट रोजी"),
    ("en-IN", "5 pens @ ₹50/day", "five pens at fifty rupees per day"),
    ("en-IN", "Tom &amp; Jerry for &#8377;500", "Tom and Jerry for five hundred rupees"),
    ("en-IN", "in <5 minutes", "in less than five minutes"), ("en-IN", "x > 10", "x more than ten"),
    ("en-IN", "orders ≥ ₹999", "orders at least nine hundred and ninety nine rupees"), ("hi-IN", "सिर्फ़ <5 मिनट लगेंगे", "सिर्फ़ पाँच मिनट से कम लगेंगे"),
    ("ta-IN", "care@mybank.com-க்கு எழுதவும்", "care அட் தி ரேட் mybank டாட் காமுக்கு எழுதவும்"),
    ("bn-IN", "example.com-এ দেখুন", "example ডট কমে দেখুন"),
    ("en-IN", "so $x^2$ and \\frac{1}{2} of it", "so x squared and one by two of it"), ("en-IN", "5 ± 2", "five plus or minus two"),
    ("hi-IN", "example.com पर", "example डॉट कॉम पर"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "written", "spoken"), ROWS)
def test_codes_addresses_and_signs_are_said_as_people_say_them(language, written, spoken):
    assert speakable(written, language) == unicodedata.normalize("NFC", spoken)
