"""How long a caller may be silent: by what they announced, in eleven languages, and by what they were asked for."""

import pytest

from worker.hearing.silence import CallersTime, announced_seconds
from worker.lang import part_of
from worker.languages import SUPPORTED

ANNOUNCED = {
    4500: "सवा घंटा रुकिए",
    2700: "पौन घंटा लगेगा | three quarters of an hour please",
    900: "give me a quarter of an hour",
    90: "ninety seconds please",
    1800: "give me half an hour | आधा घंटा दीजिए",
    1500: "give me twenty five minutes",
    600: "10 minute wait karo | I'll be back in ten minutes",
    300: "five minutes please | paanch minute rukiye | पाँच मिनट दीजिए | give me 5 minutes | 5 mins"
    " | back in five minutes"
    " | पाँच मिनट लगेंगे ढूँढने में मुझे | ਪੰਜ ਮਿੰਟ ਰੁਕੋ | ପାଞ୍ଚ ମିନିଟ ରୁହନ୍ତୁ | पाच मिनिटे थांबा | ಐದು ನಿಮಿಷ ಕಾಯಿರಿ"
    " | ఐదు నిమిషాలు వేచి ఉండండి | ஐந்து நிமிடம் காத்திருங்கள் | anju nimisham irunga | aidu nimishalu aagandi",
    210: "give me three and a half minutes | साढ़े तीन मिनट रुकिए",
    180: "मुझे कार्ड ढूँढने दीजिए, तीन मिनट | മൂന്ന് മിനിറ്റ് കാത്തിരിക്കൂ | ત્રણ મિનિટ રાહ જુઓ | তিন মিনিট অপেক্ষা করুন",
    120: "Please hold on for two minutes | hold on for 2 minutes please | दो मिनट रुकिए"
    " | दो मिनट दीजिए, देख के बताता हूँ | bas do minute ji"
    " | two more minutes"
    " | 1-2 minutes please wait | a couple of minutes | ரெண்டு நிமிஷம் இருங்க | రెండు నిమిషాలు ఆగండి | ಎರಡು ನಿಮಿಷ ಇರಿ"
    " | രണ്ട് മിനിറ്റ് നിൽക്കൂ | দুই মিনিট দাঁড়ান | બે મિનિટ થોભો | ਦੋ ਮਿੰਟ ਰੁਕੋ | ଦୁଇ ମିନିଟ ରୁହନ୍ତୁ"
    " | दोन मिनिटे थांबा",
    60: "ज़रा पेन ले लूँ | I'll go and get it | let me just quickly get my card | Could you hold for a minute?"
    " | एक मिनट रुकिए | ek minute | just a minute | let me get my card | I'm looking for it"
    " | be right back | gimme a min"
    " | I'm driving, give me a minute to park | card leke aata hoon | कार्ड निकाल रहा हूँ | ఒక్క నిమిషం | oru nimisham"
    " | एक सेकंड, कार्ड लेकर आता हूँ | ஒரு நிமிஷம் கார்டு எடுத்துட்டு வரேன் | biwi se pooch ke batata hoon | thodi der"
    " | I need to take another call | I'm just logging in"
    " | Hmm, I am still looking. | still searching | I haven't found it yet | பாத்துட்டு இருக்கேன் | ఇంకా వెతుకుతున్నా"
    " | હજી જોઉં છું | നോക്കുകയാണ് | ਅਜੇ ਦੇਖ ਰਹੀ ਹਾਂ",
    30: "कृपया लाइन पर बने रहिए | wait, my other phone is ringing"
    " | hold on | wait | rukiye | one moment please | half a minute | give me 30 seconds"
    " | can you hold | जरा होल्ड कीजिए | don't hang up | please don't disconnect | phone mat kaatna"
    " | फोन मत काटना मैं आता हूँ | ಸ್ವಲ್ಪ ತಾಳಿ | கட் பண்ணாதீங்க | కట్ చేయకండి | कट करू नका | ফোন কাটবেন না | ਫੋਨ ਨਾ ਕੱਟਿਓ"
    " | കട്ട് ചെയ്യല്ലേ | ફોન ના મૂકતા | ଫୋନ୍ କାଟନ୍ତୁ ନାହିଁ",
    15: "ek second | one second | एक सेकंड | ஒரு செகண்ட் | hang on a sec",
    0: "Don't make me wait | just a minute ago it was working | Why do you keep me waiting? | "
    "Where is my order? | I have been on this call for ten minutes already | मेरा ऑर्डर कहाँ है | yes | 4521"
    " | I can't hold any longer"
    " | I can't wait any longer | How long do I have to wait? | Will it take two minutes? | It came ten minutes late"
    " | the delivery took two hours | क्या दो मिनट लगेंगे? | मैं दस मिनट से होल्ड पर हूँ | my train leaves in five minutes"
    " | दस मिनट पहले आया था | எவ்வளவு நேரம் வெயிட் பண்ணணும் | I called an hour ago"
    " | I need a cab to the station in ten minutes | मुझे अब दस मिनट में टैक्सी चाहिए स्टेशन तक | धन्यवाद",
}
CASES = [(seconds, text.strip()) for seconds, texts in ANNOUNCED.items() for text in texts.split(" | ")]


@pytest.mark.parametrize(("seconds", "text"), CASES)
def test_what_a_caller_announces_is_understood(seconds, text):
    assert announced_seconds(text) == seconds


class Clock:
    seconds = 1000.0

    def __call__(self):
        return self.seconds


def test_a_caller_is_waited_for_as_long_as_they_said_but_no_longer_than_the_setting():
    clock = Clock()
    given = CallersTime(15.0, 300.0, now=clock)
    given.heard("Please hold on for two minutes")
    clock.seconds += 20
    assert given.left_seconds("Sure.") == 100.0
    given.heard("I need half an hour")
    assert given.left_seconds("Sure.") == 300.0


def test_whoever_speaks_of_something_else_is_back():
    clock = Clock()
    given = CallersTime(15.0, 300.0, now=clock)
    given.heard("hold on for two minutes")
    given.heard("My number is 4521.")
    assert given.left_seconds("Thank you.") <= 0.0


@pytest.mark.parametrize(
    ("agent_said", "seconds"),
    [
        ("What is your card number?", 15.0),
        ("आपका ऑर्डर नंबर क्या है?", 15.0),
        ("உங்கள் ஆர்டர் எண் என்ன?", 15.0),
        ("Could you spell your name for me?", 15.0),
        ("Take your time, I will wait.", 45.0),
        ("Can you look at the bill and read me the first line?", 45.0),
        ("Now switch the router off, and on again.", 45.0),
        ("Sure, let me know when you have it.", 45.0),
        ("I'm here when you're ready.", 45.0),
        ("बिल देखकर बताइए।", 45.0),
        ("பில்லை பார்த்து சொல்லுங்க.", 45.0),
        ("మీ బిల్లు చూసి చెప్పండి.", 45.0),
        ("আপনার বিলটা দেখে বলুন।", 45.0),
        ("कृपया बिल बघून सांगा.", 45.0),
        ("Your order has left.", 0.0),
        ("Shall I cancel it?", 0.0),
        ("", 0.0),
    ],
)
def test_what_has_to_be_found_takes_longer(agent_said, seconds):
    clock = Clock()
    given = CallersTime(15.0, 300.0, now=clock)
    assert given.left_seconds(agent_said) == seconds


def test_every_language_has_its_own_words_for_it():
    for code in SUPPORTED:
        for section in ("moments", "fetching"):
            each = part_of(code, "endings")["silence"][section]
            assert len(each) == len(set(each)), code
            assert code == "en-IN" or any(phrase.isascii() for phrase in each), code
