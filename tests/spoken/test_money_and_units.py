"""Money, units and endings as India writes them: texts that no table was made from."""

# ruff: noqa: E501  (a row of a table stays on one line)

import unicodedata

import pytest

from worker.spoken import speakable

MONEY = [
    ("en-IN", "A loan of ₹1.5L is ready.", "A loan of one lakh fifty thousand rupees is ready."),
    ("en-IN", "a ₹2.35Cr policy", "a two crore thirty five lakh rupees policy"),
    ("hi-IN", "फीस ₹45.5K है।", "फीस साढ़े पैंतालीस हज़ार रुपये है।"),
    ("hi-IN", "आपका बिल ₹1.5L है।", "आपका बिल डेढ़ लाख रुपये है।"),
    ("en-IN", "worth Rs 1.2 lakh crore", "worth one lakh twenty thousand crore rupees"),
    ("en-IN", "a loan of 12L", "a loan of twelve lakh"),
    ("en-IN", "a tank of 12L", "a tank of twelve litres"),
    ("en-IN", "turnover 2.5Cr, fee 10k", "turnover two crore fifty lakh, fee ten thousand"),
    ("en-IN", "$2M", "twenty lakh dollars"),
    ("hi-IN", "कुल रु. 999/- देने हैं।", "कुल नौ सौ निन्यानवे रुपये देने हैं।"),
    ("hi-IN", "कुल रु.1,250 हुए।", "कुल एक हज़ार दो सौ पचास रुपये हुए।"),
    ("hi-IN", "500 रु बाकी हैं।", "पाँच सौ रुपये बाकी हैं।"),
    ("hi-IN", "500 रु. का भुगतान", "पाँच सौ रुपये का भुगतान"),
    ("mr-IN", "एकूण रु. 250 आहेत.", "एकूण दोनशे पन्नास रुपये आहेत."),
    ("ta-IN", "கட்டணம் ரூ.500", "கட்டணம் ஐந்நூறு ரூபாய்"),
    ("ta-IN", "ரூ. 1,250 செலுத்தவும்.", "ஆயிரத்து இருநூற்று ஐம்பது ரூபாய் செலுத்தவும்."),
    ("te-IN", "రూ.500 చెల్లించండి.", "ఐదు వందల రూపాయలు చెల్లించండి."),
    ("kn-IN", "ರೂ. 100 ಪಾವತಿಸಿ.", "ನೂರು ರೂಪಾಯಿ ಪಾವತಿಸಿ."),
    ("ml-IN", "രൂ. 100 അടയ്ക്കുക.", "നൂറ് രൂപ അടയ്ക്കുക."),
    ("gu-IN", "રૂ. 200 બાકી છે.", "બસો રૂપિયા બાકી છે."),
    ("pa-IN", "ਰੁ. 500 ਬਾਕੀ ਹਨ।", "ਪੰਜ ਸੌ ਰੁਪਏ ਬਾਕੀ ਹਨ।"),
    ("en-IN", "Your balance is -₹500.", "Your balance is minus five hundred rupees."),
    ("hi-IN", "बैलेंस -₹250 है।", "बैलेंस माइनस दो सौ पचास रुपये है।"),
    ("en-IN", "a change of −Rs. 500 today", "a change of minus five hundred rupees today"),
    ("en-IN", "₹-500", "minus five hundred rupees"),
    ("en-IN", "500 INR or 20 USD", "five hundred rupees or twenty dollars"),
    ("en-IN", "Pay 500 Rs. Then call.", "Pay five hundred rupees. Then call."),
    ("hi-IN", "गुरु 500 बार बोले।", "गुरु पाँच सौ बार बोले।"),
    ("en-IN", "₹99/kg and ₹1.2L/yr", "ninety nine rupees per kilo and one lakh twenty thousand rupees per year"),
    ("ta-IN", "₹500க்கு", "ஐந்நூறு ரூபாய்க்கு"),
    ("kn-IN", "₹500ಕ್ಕೆ", "ಐನೂರು ರೂಪಾಯಿಗೆ"),
    ("bn-IN", "₹500-এ", "পাঁচশো টাকায়"),
]  # fmt: skip
UNITS = [
    ("en-IN", "Take 500ml twice.", "Take five hundred millilitres twice."),
    ("en-IN", "take 250mg, then 2.5mL", "take two hundred and fifty milligrams, then two point five millilitres"),
    ("en-IN", "60 km/h, 80kmph, 100Mbps", "sixty kilometres per hour, eighty kilometres per hour, one hundred megabits per second"),
    ("en-IN", "15days left, 24hours", "fifteen days left, twenty four hours"),
    ("en-IN", "1.5GB/day for 28 days", "one point five GB per day for twenty eight days"),
    ("en-IN", "1200 sq.ft. flat, 900 sq ft", "one thousand two hundred square foot flat, nine hundred square feet"),
    ("en-IN", "110 mg/dL", "one hundred and ten milligrams per decilitre"),
    ("en-IN", "1 kg, 1 hr, 2 hrs, 1h 30m", "one kilo, one hour, two hours, one hour thirty minutes"),
    ("en-IN", "a 5000mAh battery, 220V, 120 kWh", "a five thousand milliamp hour battery, two hundred and twenty volts, one hundred and twenty kilowatt hours"),
    ("en-IN", "98.6°F and 37°C", "ninety eight point six degrees Fahrenheit and thirty seven degrees"),
    ("en-IN", "in the 1990s and the 2010s", "in the nineteen nineties and the twenty tens"),
    ("en-IN", "4G and 5G, 5 g", "four G and five G, five grams"),
    ("hi-IN", "दवा 10ml सुबह लें।", "दवा दस मिलीलीटर सुबह लें।"),
    ("hi-IN", "500mg की गोली", "पाँच सौ मिलीग्राम की गोली"),
    ("hi-IN", "रफ़्तार 60 km/h है।", "रफ़्तार साठ किलोमीटर प्रति घंटा है।"),
    ("hi-IN", "1 hr, 2 hrs", "एक घंटा, दो घंटे"),
    ("hi-IN", "100 Mbps की स्पीड", "एक सौ एमबीपीएस की स्पीड"),
    ("ta-IN", "1 kg அரிசி, 2 kg சர்க்கரை", "ஒரு கிலோ அரிசி, இரண்டு கிலோ சர்க்கரை"),
    ("te-IN", "200 kWh వాడారు.", "రెండు వందల కిలోవాట్ గంటలు వాడారు."),
    ("bn-IN", "5 ltr দুধ।", "পাঁচ লিটার দুধ।"),
    ("gu-IN", "250ml દૂધ", "બસો પચાસ મિલિલિટર દૂધ"),
    ("ml-IN", "10ml മരുന്ന്", "പത്ത് മില്ലിലിറ്റർ മരുന്ന്"),
    ("kn-IN", "6 ft ಎತ್ತರ", "ಆರು ಅಡಿ ಎತ್ತರ"),
    ("pa-IN", "2 ltr ਦੁੱਧ।", "ਦੋ ਲੀਟਰ ਦੁੱਧ।"),
    ("od-IN", "500ml ପାଣି।", "ପାଞ୍ଚ ଶହ ମିଲିଲିଟର ପାଣି।"),
    ("mr-IN", "5 ft उंच", "पाच फूट उंच"),
]  # fmt: skip
ENDINGS = [
    ("te-IN", "15వ తేదీ", "పదిహేనవ తేదీ"), ("te-IN", "2వ అంతస్తు", "రెండవ అంతస్తు"), ("te-IN", "500కి", "ఐదు వందలకి"),
    ("kn-IN", "2ನೇ ಮಹಡಿ", "ಎರಡನೇ ಮಹಡಿ"), ("kn-IN", "15ನೇ ತಾರೀಖು", "ಹದಿನೈದನೇ ತಾರೀಖು"), ("kn-IN", "10ಕ್ಕೆ", "ಹತ್ತಕ್ಕೆ"),
    ("ta-IN", "3வது மாடி", "மூன்றாவது மாடி"), ("ta-IN", "1வது மாடி", "முதலாவது மாடி"), ("ta-IN", "15-ஆம் தேதி", "பதினைந்தாம் தேதி"), ("ta-IN", "500-க்கு", "ஐந்நூறுக்கு"),
    ("ml-IN", "3-ാം നില", "മൂന്നാം നില"), ("ml-IN", "15-ന്", "പതിനഞ്ചിന്"), ("ml-IN", "2ാമത്തെ", "രണ്ടാമത്തെ"),
    ("bn-IN", "1লা মে", "পয়লা মে"), ("bn-IN", "2য় তলা", "দ্বিতীয় তলা"), ("bn-IN", "5ম দিন", "পঞ্চম দিন"), ("bn-IN", "5টি", "পাঁচটি"),
    ("mr-IN", "1ली पाळी", "पहिली पाळी"), ("mr-IN", "2रा मजला", "दुसरा मजला"), ("mr-IN", "4था", "चौथा"), ("mr-IN", "20वा", "विसावा"),
    ("gu-IN", "1લી તારીખ", "પહેલી તારીખ"), ("gu-IN", "2જો માળ", "બીજો માળ"), ("gu-IN", "5મો", "પાંચમો"),
    ("hi-IN", "3री मंज़िल", "तीसरी मंज़िल"), ("hi-IN", "1ला दिन", "पहला दिन"), ("hi-IN", "21वीं सदी", "इक्कीसवीं सदी"), ("hi-IN", "6ठा", "छठा"),
    ("pa-IN", "2ਜੀ ਮੰਜ਼ਿਲ", "ਦੂਜੀ ਮੰਜ਼ਿਲ"), ("od-IN", "2ୟ ମହଲା", "ଦ୍ୱିତୀୟ ମହଲା"), ("hi-IN", "12th क्लास", "बारहवाँ क्लास"),
    ("hi-IN", "10दिन", "दस दिन"), ("ta-IN", "2நாள்", "இரண்டு நாள்"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "written", "spoken"), [*MONEY, *UNITS, *ENDINGS])
def test_amounts_units_and_endings_are_said_as_people_say_them(language, written, spoken):
    assert speakable(written, language) == unicodedata.normalize("NFC", spoken)
