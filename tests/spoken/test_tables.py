"""What is written and what is said, language by language. The rows are the specification."""

# ruff: noqa: E501  (a row of a table stays on one line)

import unicodedata

import pytest

from worker.spoken import LANGUAGES, says_something, speakable

ENGLISH = [
    ("Your balance is ₹1,50,000.50 today.", "Your balance is one lakh fifty thousand rupees fifty paise today."),
    ("Rs. 500, Rs 2.5 lakh, INR 1, ₹1.2 crore", "five hundred rupees, two lakh fifty thousand rupees, one rupee, one crore twenty lakh rupees"),
    ("Rs.500/- only", "five hundred rupees only"),
    ("₹500-₹700 or ₹500 – 700", "five hundred to seven hundred rupees or five hundred to seven hundred rupees"),
    ("$20 and €5", "twenty dollars and five euros"),
    ("on 22/11/2026 at 10:30 AM.", "on twenty second November twenty twenty six at ten thirty A M."),
    ("2026-11-22, 22nd Nov, Nov 3, 2026, 22-Nov-2026", "twenty second November twenty twenty six, twenty second November, November third, twenty twenty six, twenty second November twenty twenty six"),
    ("You may 5 times; May 5", "You may five times; May fifth"),
    ("at 9:05 AM, 17:30, 5 pm and 10:00", "at nine oh five A M, five thirty P M, five P M and ten o'clock"),
    ("10 AM - 6 PM, 10:30-11:30 am", "ten A M to six P M, ten thirty A M to eleven thirty A M"),
    ("Call +91 98765 43210.", "Call plus nine one, nine eight seven six five, four three two one zero."),
    ("Call 9876543210 or 1800-123-4567", "Call nine eight seven six five, four three two one zero or one eight zero zero, one two three, four five six seven"),
    ("dial 112", "dial one one two"),
    ("044-2345 6789", "zero four four, two three four five, six seven eight nine"),
    ("Order ORD-4521 and AB12CD", "Order O R D, four five two one and A B one two C D"),
    ("Order #45821 of 250 items", "Order four five eight two one of two hundred and fifty items"),
    ("Your OTP is 4321, PIN code 560001", "Your OTP is four three two one, PIN code five six zero zero zero one"),
    ("order of 500 units", "order of five hundred units"),
    ("18% or 12.5 % or 5-10%", "eighteen percent or twelve point five percent or five to ten percent"),
    ("45,678 users, 3.14, -5", "forty five thousand six hundred and seventy eight users, three point one four, minus five"),
    ("since 1998, in 2026, in 2005", "since nineteen ninety eight, in twenty twenty six, in two thousand five"),
    ("the 1st, 12th, 21st, 100th", "the first, twelfth, twenty first, one hundredth"),
    ("5kg, 2 km, 5GB, 5G, 24x7, COVID-19, 5-star", "five kilos, two kilometres, five GB, five G, twenty four by seven, COVID nineteen, five-star"),
    ("5 * 3 = 15, 1/2", "five times three equals fifteen, one by two"),
    ("Mail rahul.sharma_91@gmail.com now", "Mail rahul dot sharma underscore nine one at the rate gmail dot com now"),
    ("https://www.sarvam.ai/docs?x=1 or vaani.co.in.", "sarvam dot A I or vaani dot co dot in."),
    ("See http://192.168.1.1:80/x.", "See the link."),
    ("version 2.3.1", "version two point three point one"),
    ("R&D", "R and D"),
    ("Done by 6:30 p.m. Total ₹5; at 6:30 p.m. today", "Done by six thirty P M. Total five rupees; at six thirty P M today"),
    ("₹299/month", "two hundred and ninety nine rupees per month"),
    ("Aadhaar 1234 5678 9012", "Aadhaar one two three four, five six seven eight, nine zero one two"),
    ("A/C XXXX4321", "A C four three two one"),
    ("GSTIN 27AAPFU0939F1ZV", "GSTIN two seven A A P F U zero nine three nine F one Z V"),
    ("3x faster", "three times faster"),
]  # fmt: skip
HINDI = [
    ("आपकी अपॉइंटमेंट 22 नवंबर 2026 को सुबह 10:30 बजे है।", "आपकी अपॉइंटमेंट बाईस नवंबर दो हज़ार छब्बीस को सुबह साढ़े दस बजे है।"),
    ("सुबह 10 बजे, 10:00 AM, 1:30 PM, 2:30 PM", "सुबह दस बजे, सुबह दस बजे, दोपहर डेढ़ बजे, दोपहर ढाई बजे"),
    ("4:15 PM, 9:45 PM, 6:20 PM बजे", "शाम सवा चार बजे, रात पौने दस बजे, शाम छह बजकर बीस मिनट"),
    ("9:00 AM - 9:30 PM", "सुबह नौ बजे से रात साढ़े नौ बजे"),
    ("कुल ₹1,25,000 रुपये हुए, ₹1, ₹0.50", "कुल एक लाख पच्चीस हज़ार रुपये हुए, एक रुपया, पचास पैसे"),
    ("₹2.5 लाख या 5 lakh रुपये या ₹5.5 करोड़", "ढाई लाख रुपये या पाँच लाख रुपये या साढ़े पाँच करोड़ रुपये"),
    ("१५ अगस्त १९४७", "पंद्रह अगस्त उन्नीस सौ सैंतालीस"),
    ("22/11/2026 और 22 November", "बाईस नवंबर दो हज़ार छब्बीस और बाईस नवंबर"),
    ("ऑर्डर नंबर 45821, ओटीपी 4321", "ऑर्डर नंबर चार पाँच आठ दो एक, ओटीपी चार तीन दो एक"),
    ("मेरा नंबर 9876543210 है", "मेरा नंबर नौ आठ सात छह पाँच, चार तीन दो एक शून्य है"),
    ("5वीं मंज़िल, 10-12 दिन", "पाँचवीं मंज़िल, दस से बारह दिन"),
    ("छूट 12.5% है", "छूट बारह दशमलव पाँच प्रतिशत है"),
    ("a@b.com", "a ऐट द रेट b डॉट कॉम"),
    ("https://www.irctc.co.in/nget पर", "irctc डॉट को डॉट इन स्लैश nget पर"),
    ("-5°C, 2 किलो, 2kg", "माइनस पाँच डिग्री, दो किलो, दो किलो"),
]  # fmt: skip
TAMIL = [
    ("22 நவம்பர் 2026 அன்று காலை 10:30 மணிக்கு.", "இருபத்திரண்டு நவம்பர் இரண்டாயிரத்து இருபத்தாறு அன்று காலை பத்தரை மணிக்கு."),
    ("22/11/2026", "நவம்பர் இருபத்திரண்டு, இரண்டாயிரத்து இருபத்தாறு"),
    ("10:15 மணிக்கு, 10 மணிக்கு, 5 PM", "பத்து மணி பதினைந்து நிமிடத்திற்கு, பத்து மணிக்கு, மாலை ஐந்து மணி"),
    ("₹1,25,000 மற்றும் ₹2,500.75", "ஒரு லட்சத்து இருபத்தைந்தாயிரம் ரூபாய் மற்றும் இரண்டாயிரத்து ஐந்நூறு ரூபாய் எழுபத்தைந்து பைசா"),
    ("500 ரூபாய், 18%, ₹2.5 லட்சம்", "ஐந்நூறு ரூபாய், பதினெட்டு சதவீதம், இரண்டு லட்சத்து ஐம்பதாயிரம் ரூபாய்"),
    ("ஆர்டர் எண் 45821", "ஆர்டர் எண் நான்கு ஐந்து எட்டு இரண்டு ஒன்று"),
    ("9876543210", "ஒன்பது எட்டு ஏழு ஆறு ஐந்து, நான்கு மூன்று இரண்டு ஒன்று பூஜ்ஜியம்"),
    ("3.5, a@b.com, sarvam.ai", "மூன்று புள்ளி ஐந்து, a அட் தி ரேட் b டாட் காம், sarvam டாட் A I"),
]  # fmt: skip
TELUGU = [
    ("22 నవంబర్ 2026 ఉదయం 10:30 గంటలకు", "ఇరవై రెండు నవంబర్ రెండు వేల ఇరవై ఆరు ఉదయం పదిన్నర గంటలకు"),
    ("10:15 గంటలకు, 1:00 PM, 10 గంటలకు", "పది గంటల పదిహేను నిమిషాలకు, మధ్యాహ్నం ఒంటి గంట, పది గంటలకు"),
    ("₹2,500, ₹1, ₹1,25,000", "రెండు వేల ఐదు వందల రూపాయలు, ఒక రూపాయి, ఒక లక్ష ఇరవై ఐదు వేల రూపాయలు"),
    ("500 రూపాయలు, 500కి, 18%", "ఐదు వందల రూపాయలు, ఐదు వందలకి, పద్దెనిమిది శాతం"),
    ("₹500-700", "ఐదు వందల నుండి ఏడు వందల రూపాయలు"),
    ("9876543210", "తొమ్మిది ఎనిమిది ఏడు ఆరు ఐదు, నాలుగు మూడు రెండు ఒకటి సున్నా"),
    ("ఓటీపీ 4321, ORD-45", "ఓటీపీ నాలుగు మూడు రెండు ఒకటి, O R D, నాలుగు ఐదు"),
    ("a@b.com, sarvam.ai", "a అట్ ది రేట్ b డాట్ కామ్, sarvam డాట్ A I"),
]  # fmt: skip
BENGALI = [
    ("22 নভেম্বর 2026 সকাল 10:30টায়", "বাইশে নভেম্বর দুই হাজার ছাব্বিশ সকাল সাড়ে দশটায়"),
    ("১৫ই আগস্ট, 1/12/2026", "পনেরোই আগস্ট, পয়লা ডিসেম্বর দুই হাজার ছাব্বিশ"),
    ("10 AM, 4:15 PM, 1:30 PM", "সকাল দশটা, বিকেল সওয়া চারটে, দুপুর দেড়টা"),
    ("₹1,25,000, ৫০০ টাকা, ₹1.5 লক্ষ", "এক লক্ষ পঁচিশ হাজার টাকা, পাঁচশো টাকা, দেড় লক্ষ টাকা"),
    ("18%, 5টি, 3.5", "আঠারো শতাংশ, পাঁচটি, তিন দশমিক পাঁচ"),
    ("9876543210", "নয় আট সাত ছয় পাঁচ, চার তিন দুই এক শূন্য"),
    ("ওটিপি 4321", "ওটিপি চার তিন দুই এক"),
    ("a@b.com", "a অ্যাট দ্য রেট b ডট কম"),
]  # fmt: skip
OTHERS = [
    ("gu-IN", "10-12", "દસથી બાર"),
    ("od-IN", "10-12", "ଦଶରୁ ବାର"),
    ("gu-IN", "₹2,500, સવારે 10:30 વાગ્યે, 18%", "બે હજાર પાંચસો રૂપિયા, સવારે સાડા દસ વાગ્યે, અઢાર ટકા"),
    ("mr-IN", "₹100, ₹150, सकाळी 10:30 वाजता, 18%", "शंभर रुपये, एकशे पन्नास रुपये, सकाळी साडेदहा वाजता, अठरा टक्के"),
    ("pa-IN", "₹500, 10:30 AM, 18%", "ਪੰਜ ਸੌ ਰੁਪਏ, ਸਵੇਰੇ ਸਾਢੇ ਦਸ ਵਜੇ, ਅਠਾਰਾਂ ਫ਼ੀਸਦੀ"),
    ("od-IN", "₹500, 10:30 AM, 18%", "ପାଞ୍ଚ ଶହ ଟଙ୍କା, ସକାଳ ସାଢ଼େ ଦଶଟା, ଅଠର ପ୍ରତିଶତ"),
    ("kn-IN", "₹1,500, 10:30 AM, 18%", "ಒಂದು ಸಾವಿರದ ಐನೂರು ರೂಪಾಯಿ, ಬೆಳಿಗ್ಗೆ ಹತ್ತೂವರೆ ಗಂಟೆ, ಶೇಕಡಾ ಹದಿನೆಂಟು"),
    ("ml-IN", "₹1,500, രാവിലെ 10:30 മണിക്ക്, 18%", "ആയിരത്തി അഞ്ഞൂറ് രൂപ, രാവിലെ പത്തര മണിക്ക്, പതിനെട്ട് ശതമാനം"),
]
ROWS = [
    *(("en-IN", *row) for row in ENGLISH), *(("hi-IN", *row) for row in HINDI), *(("ta-IN", *row) for row in TAMIL),
    *(("te-IN", *row) for row in TELUGU), *(("bn-IN", *row) for row in BENGALI), *OTHERS,
]  # fmt: skip


@pytest.mark.parametrize(("language", "written", "spoken"), ROWS)
def test_what_is_written_is_said_as_people_say_it(language, written, spoken):
    assert speakable(written, language) == unicodedata.normalize("NFC", spoken)


@pytest.mark.parametrize(("language", "written"), [row[:2] for row in ROWS])
def test_saying_it_again_changes_nothing(language, written):
    """So that the transform may sit in more than one place of a pipeline."""
    once = speakable(written, language)
    assert speakable(once, language) == once


MARKUP = [
    ("**Bold** and _soft_ and `code` and snake_case", "Bold and soft and code and snake case"),
    (
        "# Title\n\n- one item\n* another item.\n1. Open it\n2) Tap",
        "Title. one item. another item. one, Open it. two, Tap",
    ),
    ("> quoted\n---\nafter", "quoted. after"),
    ('Tap "Bills"\nthen pay', 'Tap "Bills". then pay'),
    ("[our site](https://x.in/a) and ![logo](l.png)", "our site and logo"),
    ("[the terms of use](https://x.in/a) apply", "the terms of use apply"),
    ("~~₹900 only~~ ₹800", "eight hundred rupees"),
    ("```python\nprint\n```\nok", "ok"),
    ("| Plan | Price |\n|---|---|\n| Basic | ₹99 |", "Plan, Price. Basic, ninety nine rupees"),
    ("Done ✅ 👍🏽 👨‍👩‍👧 1️⃣ → next 😀!", "Done one next!"),
    ("Fine :) thanks", "Fine thanks"),
    ("<b>now</b><br>then", "now then"),
    ("**₹500**, *10:30 AM*", "five hundred rupees, ten thirty A M"),
    ("https protocol", "H T T P S protocol"),
]


@pytest.mark.parametrize(("written", "spoken"), MARKUP)
def test_what_is_for_the_eye_only_is_not_said(written, spoken):
    assert speakable(written, "en-IN") == spoken


@pytest.mark.parametrize(
    ("language", "word"),
    [
        ("mr-IN", "दुसऱ्या"),
        ("mr-IN", "दुसर्\u200dया"),
        ("ml-IN", "അവന്\u200d"),
        ("bn-IN", "র\u200d্যাম"),
        ("te-IN", "అండర్\u200cస్కోర్"),
    ],
)
def test_joiners_that_indic_words_are_spelt_with_survive(language, word):
    """Pins a trap of emoji filters: dropping every zero-width joiner changes words."""
    assert speakable(f"{word} 😀 {word}", language) == f"{word} {word}"


def test_a_line_that_ends_in_a_vowel_sign_gets_its_full_stop():
    """Pins that `str.isalnum` is False for the vowel signs most Hindi words end in."""
    assert speakable("आप कैसे हैं\nठीक", "hi-IN") == "आप कैसे हैं। ठीक"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_every_kind_of_thing_without_figures(language):
    text = "₹1,50,000.50 22/11/2026 10:30 AM 22:45 9876543210 ORD-4521 18% 3.14 2.5 lakh 5-10 a1@b2.com https://x1.in 1998 1st 5kg -3°C"
    said = speakable(text, language)
    assert not any(char.isdigit() for char in said)
    assert not set(said) & set("₹%@*_`#/°")


def test_an_unknown_language_is_spoken_as_indian_english():
    assert speakable("₹5", "xx-YY") == "five rupees"


def test_odia_has_two_codes():
    assert speakable("5", "or-IN") == speakable("5", "od-IN")


STOPS = [
    ("hi-IN", "लोन ₹10 लाख।", "लोन दस लाख रुपये।"), ("hi-IN", "मीटिंग 10:30 बजे।", "मीटिंग साढ़े दस बजे।"), ("hi-IN", "वज़न 5 kg॥", "वज़न पाँच किलो॥"),
    ("hi-IN", "तारीख 22 नवंबर।", "तारीख बाईस नवंबर।"), ("bn-IN", "দাম ₹2.5 লাখ।", "দাম আড়াই লক্ষ টাকা।"), ("bn-IN", "ওজন 5 kg।", "ওজন পাঁচ কেজি।"),
    ("pa-IN", "ਕਰਜ਼ਾ ₹10 ਲੱਖ।", "ਕਰਜ਼ਾ ਦਸ ਲੱਖ ਰੁਪਏ।"), ("pa-IN", "ਸ਼ਾਮ 5:30 ਵਜੇ।", "ਸ਼ਾਮ ਸਾਢੇ ਪੰਜ ਵਜੇ।"), ("od-IN", "ଋଣ ₹10 ଲକ୍ଷ।", "ଋଣ ଦଶ ଲକ୍ଷ ଟଙ୍କା।"),
    ("od-IN", "ଓଜନ 5 kg।", "ଓଜନ ପାଞ୍ଚ କିଲୋ।"), ("bn-IN", "আগামী 22 নভেম্বর।", "আগামী বাইশে নভেম্বর।"), ("mr-IN", "किंमत ₹3 कोटी।", "किंमत तीन कोटी रुपये।"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "written", "spoken"), STOPS)
def test_a_danda_ends_a_unit_as_a_full_stop_does(language, written, spoken):
    """Pins a character class that took । and ॥ for letters: ₹10 लाख। was heard as ten rupees, lakh."""
    assert speakable(written, language) == unicodedata.normalize("NFC", spoken)
    point = str.maketrans("।॥", "..")
    assert speakable(written.translate(point), language) == unicodedata.normalize("NFC", spoken.translate(point))


@pytest.mark.parametrize(
    "text", ["", " \n", "😀", "👍🏽 🙏", "**", "---", "```", "...", "।", ":)", "<br>", "|---|", "~~₹900~~"]
)
def test_marks_alone_say_nothing(text):
    assert not any(says_something(text, language) for language in LANGUAGES)


@pytest.mark.parametrize("text", ["Yes.", "हाँ", "5", "₹", "a 😀", "[x](https://a.in)", "க்", "+"])
def test_a_word_or_a_figure_says_something(text):
    assert all(says_something(text, language) for language in LANGUAGES)
