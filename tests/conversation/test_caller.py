"""What a call knows of its caller before the first word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.conversation.caller import LONGEST_VALUE, opening_language, wanted_voice
from worker.language import SUPPORTED


def greeted_in(number, **attributes):
    return opening_language({"sip.phoneNumber": number, **attributes}, "en-IN")


@pytest.mark.parametrize(
    "number",
    [
        "+918008123456", "+918011234567", "+918050123456", "+918073123456", "+918089123456", "+918099123456",
        "+917900123456", "+917972123456", "+917990123456", "+917984123456",
        "+918660123456", "+918919123456", "+918217123456", "+918247123456", "+917550123456", "+919812345678",
        "+917127000000", "08008123456", "918008123456", "8008123456",
    ],
)  # fmt: skip
def test_a_mobile_number_says_nothing_about_a_region(number):
    """Pins the greeting in Kannada for `+918008123456`: 80xx and 79xx are mobiles' levels as well as STD codes."""
    assert greeted_in(number) == "en-IN"


@pytest.mark.parametrize(
    ("number", "language"),
    [
        ("+918022123456", "kn-IN"), ("+918030123456", "kn-IN"), ("+918041234567", "kn-IN"), ("+918067123456", "kn-IN"),
        ("+917926123456", "gu-IN"), ("+917940123456", "gu-IN"), ("+917966123456", "gu-IN"),
        ("+918662123456", "te-IN"), ("+918912123456", "te-IN"), ("+918212123456", "kn-IN"), ("+918242123456", "kn-IN"),
        ("+917122123456", "mr-IN"), ("+917552123456", "hi-IN"), ("+916122123456", "hi-IN"), ("+916742123456", "od-IN"),
        ("+911123456789", "hi-IN"), ("+912223456789", "mr-IN"), ("+913323456789", "bn-IN"), ("+914023456789", "te-IN"),
        ("+911722123456", "pa-IN"), ("+914842123456", "ml-IN"),
    ],
)  # fmt: skip
def test_a_landline_is_greeted_in_its_regions_language(number, language):
    assert greeted_in(number) == language


@pytest.mark.parametrize(
    "number",
    [
        "04412345678", "914412345678", "4412345678", "+914412345678", "00914412345678", "+91 44 1234 5678",
        " +91-44-1234-5678 ", "(044) 1234 5678", "+91 (0)44 1234 5678", "044-12345678", "91 44 12345678",
        "tel:+914412345678", "sip:+914412345678@trunk.example", "sip:04412345678@10.0.0.1:5060;user=phone",
        "+91.44.1234.5678", "+914412345678;phone-context=in",
    ],
)  # fmt: skip
def test_every_form_of_an_indian_number_is_understood(number):
    """Pins Chennai greeted in English whenever the trunk leaves out `+91`."""
    assert greeted_in(number) == "ta-IN"


@pytest.mark.parametrize(
    "number",
    ["+441234567890", "+4412345678", "+14155550123", "14155550123", "+9714412345678", "0044123456789", "anonymous",
     "unknown@trunk", "", "112", "+91", "044", "1800441234567", "٠٤٤١٢٣٤٥٦٧٨"],
)  # fmt: skip
def test_a_foreign_withheld_or_short_number_says_nothing(number):
    assert greeted_in(number) == "en-IN"


def test_the_tokens_language_goes_before_the_number():
    assert greeted_in("+914423456789", language="hi-IN") == "hi-IN"
    assert greeted_in("+914423456789", language="ori") in SUPPORTED
    assert greeted_in("+914423456789", language="klingon") == "ta-IN", "a language nobody speaks is no wish"


@given(st.text(max_size=80))
def test_whatever_a_trunk_sends_a_greeting_has_a_language(number):
    assert greeted_in(number) in SUPPORTED


@pytest.mark.parametrize(
    ("voice", "wanted"),
    [("priya", "priya"), ("anika_hi_conversational", "anika_hi_conversational"), ("", None), ("_", None),
     ("a b", None), ("../x", None), ("x" * LONGEST_VALUE, "x" * LONGEST_VALUE), ("x" * (LONGEST_VALUE + 1), None)],
)  # fmt: skip
def test_only_what_looks_like_a_voice_is_one(voice, wanted):
    assert wanted_voice({"voice": voice}) == wanted


@pytest.mark.parametrize(
    "called", ["+918012345678", "918012345678", "08012345678", "8012345678", "sip:+918012345678@x"]
)
def test_a_called_number_has_its_language_in_every_form_of_it(called):
    by_number = {"+918012345678": "kn-IN"}
    attributes = {"sip.trunkPhoneNumber": called, "sip.phoneNumber": "+914412345678"}
    assert opening_language(attributes, "en-IN", by_number) == "kn-IN"
    assert opening_language(attributes | {"language": "hi-IN"}, "en-IN", by_number) == "hi-IN"
    assert opening_language(attributes, "en-IN", {"+918099999999": "kn-IN"}) == "ta-IN"
    assert opening_language(attributes, "en-IN", earlier="mr-IN") == "mr-IN"
    assert opening_language(attributes, "en-IN", by_number, earlier="mr-IN") == "kn-IN"
