"""Listening is told from what wants an answer: by a grammar of runs, in every language, as recognisers write them."""

import pytest

from worker.hearing.acknowledgements import is_acknowledgement
from worker.lang import part_of
from worker.languages import SUPPORTED
from worker.text.normalise import normalised

LISTENING = """
en-IN: ok | Okay okay, I see. | Go on. | Understood. | uh-huh | mm-hmm, right | Yes yes yes yes yes, okay.
en-IN: I'm listening, go ahead. | Ok sir, tell me. | okay and then | That's right. | okkk | hmmmm | yesss
hi-IN: हाँ जी हाँ जी ठीक है | हाँ बोलिए | हां, समझ गया, आगे बताइए | जी सर | अच्छा अच्छा फिर क्या हुआ
hi-IN: haan ji boliye | thik hai samajh gaya | haaan | achha phir | हाँ हाँ मैं सुन रहा हूँ | theek hai bhai
bn-IN: হ্যাঁ বলুন | আচ্ছা আচ্ছা ঠিক আছে | হ্যাঁ বুঝতে পেরেছি | hyan bolun thik ache | accha bujhechi tarpor
bn-IN: শুনছি শুনছি
gu-IN: હા બોલો | હા હા બરાબર છે | સમજી ગયો આગળ કહો | ha bolo barabar | saru saru samji gayo | સાંભળું છું
kn-IN: ಹೌದು ಹೇಳಿ | ಸರಿ ಸರಿ ಅರ್ಥ ಆಯ್ತು | ಹಾಂ ಮುಂದೆ ಹೇಳಿ | haudu heli | sari sari artha aytu | ಆಯ್ತು ಸರ್
ml-IN: ശരി പറയൂ | അതെ അതെ മനസ്സിലായി | ആ ശരി തുടരൂ | shari parayoo | athe athe manassilayi | ശരി സാർ
mr-IN: हो सांगा | हो हो बरोबर आहे | बरं मग पुढे | ho sanga thik aahe | samajla pudhe bola | मी ऐकतोय
od-IN: ହଁ କୁହନ୍ତୁ | ଆଚ୍ଛା ଆଚ୍ଛା ଠିକ୍ ଅଛି | ହଁ ବୁଝିଗଲି | han kuhantu | thik achi bujhigali | ଆଜ୍ଞା
pa-IN: ਹਾਂਜੀ ਦੱਸੋ | ਠੀਕ ਹੈ ਜੀ ਸਮਝ ਗਿਆ | ਅੱਛਾ ਫਿਰ ਕੀ ਹੋਇਆ | haanji dasso | theek hai samajh gaya agge dasso
pa-IN: ਮੈਂ ਸੁਣ ਰਿਹਾ ਹਾਂ
ta-IN: சரி சரி சொல்லுங்க | ஆமா ஆமா புரிஞ்சுது | ம் அப்புறம் | seri sollunga | aama aama purinjuthu apparam
ta-IN: சரி சார்
te-IN: అవును చెప్పండి | సరే సరే అర్థమైంది | ఆ తర్వాత ఏమైంది | sare sare cheppandi | avunu arthamaindi | సరే సార్
en-IN: I know. | I know, I know, carry on. | yes I see | what happened then
hi-IN: बोलते जाइए | हाँ तो फिर | haan toh phir | मुझे पता है जी
en-IN: Oh I see, okay okay | mm hmm got it | uh huh, carry on | makes sense | continue please | oh wow
hi-IN: हाँ हाँ आगे | अरे वाह | हम्म हम्म | ओके ओके समझ गया | haan haan bolte rahiye | achha achha theek hai | sahi hai
en-IN: gotcha | keep going
en-IN: I hear you | awesome, go on | very well, brilliant | oh nice
hi-IN: अच्छा ये बात है | ओहो | kya baat hai, phir
others: असं का, बरं | ও তাই | ଓ ଆଚ୍ଛା | ಓ ಹಾಗಾ | ઓહો, એમ કે | ஓஹோ சரி | ਓਹੋ, ਅੱਛਾ ਜੀ
others: అవునా సరే సరే చెప్పండి | হ্যাঁ হ্যাঁ বলুন বলুন
others: हो हो सांगा | હા હા બોલો
others: ಹೌದು ಹೌದು ಹೇಳಿ | ശരി ശരി പറയൂ
others: ਹਾਂਜੀ ਹਾਂਜੀ ਦੱਸੋ | ହଁ ହଁ କୁହନ୍ତୁ | சரிங்க சொல்லுங்க | അതെയോ ശരി
others: यस, ऑलराइट | ইয়েস, রাইট | ਯੈਸ ਜੀ | યસ, ખરેખર | ୟେସ, ରାଇଟ | யெஸ், ரைட் | యెస్, అవునవును | ಯೆಸ್, ಓಹೋ | യെസ്, ഓഹോ | ठिक आहे
others: thik hai, theek he | thikache | haaga, sari ri | anganeyo | avnu, sarle | vadiya ji
mixed: ok சரி ok | haan yes okay | हाँ okay go on | ஓகே sure
"""
WANTS_AN_ANSWER = """
en-IN: I know the price | I do not know
en-IN: no | stop | okay stop | Wait. | yes but | okay, no | understood, but why | go back
en-IN: go on to the next one | tell me the price | I see it | got it wrong | continue in Hindi | right now
en-IN: thank you | okay bye | yes, cancel it | Sir? | what | again | I understand Hindi | really not | and
hi-IN: नहीं | सही नहीं है | ठीक नहीं है | हाँ लेकिन | हाँ रुकिए | हाँ एक मिनट | मत बोलिए | फिर से बोलिए
hi-IN: समझ नहीं आया | हाँ बोलिए मेरा ऑर्डर कहाँ है | बस | haan lekin | phir se | haan rukiye | aur kitna | सर
bn-IN: না | আচ্ছা থামুন | বুঝিনি | accha thamun
gu-IN: ના | હા પણ | સમજાયું નહીં | ha pan
kn-IN: ಬೇಡ | ಸರಿ ನಿಲ್ಲಿಸಿ | ಅರ್ಥ ಆಗಲಿಲ್ಲ | sari nillisi
ml-IN: വേണ്ട | ശരി നിർത്തൂ | മനസ്സിലായില്ല | shari nirthu
mr-IN: नको | हो पण | समजलं नाही | ho pan
od-IN: ନା | ହଁ କିନ୍ତୁ | ବୁଝିଲି ନାହିଁ | han kintu
pa-IN: ਨਹੀਂ | ਹਾਂ ਪਰ | ਸਮਝ ਨਹੀਂ ਆਈ | haan par
ta-IN: வேண்டாம் | சரி நிறுத்துங்க | புரியல | seri niruthunga
te-IN: వద్దు | సరే ఆపండి | అర్థం కాలేదు | sare aapandi
others: ok what about | okay enough | hmm no | सुनिए | ok change it | yes do it | hello | ठीक है रहने दीजिए | சரி போதும்
nothing: ... | ? | ।
"""


def lines(table):
    for line in table.strip().splitlines():
        language, _, texts = line.partition(": ")
        yield from ((language, text.strip()) for text in texts.split(" | "))


@pytest.mark.parametrize(("language", "text"), list(lines(LISTENING)))
def test_a_run_of_listening_words_is_listening(language, text):
    assert is_acknowledgement(text)


@pytest.mark.parametrize(("language", "text"), list(lines(WANTS_AN_ANSWER)))
def test_a_word_that_wants_something_makes_it_a_turn(language, text):
    assert not is_acknowledgement(text)


@pytest.mark.parametrize("language", SUPPORTED)
def test_what_is_said_while_listening_is_listed_once(language):
    """Pins two lists that disagreed: "యెస్" was no evidence of a language, and stopped a story."""
    listening = part_of(language, "endings")["listening"]
    known = [normalised(phrase) for phrase in (*listening["of_any_language"], *listening["phrases"])]
    assert len(known) == len(set(known))
    others = part_of(language, "identity")["acknowledgements"]
    assert [each for each in (*others.get("native", []), *others["latin"]) if is_acknowledgement(each)] == []


def test_a_run_has_no_longest_length():
    assert is_acknowledgement("हाँ जी " * 20 + "ठीक है")
    assert not is_acknowledgement("हाँ जी " * 20 + "रुकिए")


def test_every_language_has_its_own_words_in_both_alphabets():
    for language in SUPPORTED:
        listening = part_of(language, "endings")["listening"]
        phrases = [*listening["of_any_language"], *listening["phrases"]]
        if language != "en-IN":
            assert sum(phrase.isascii() for phrase in phrases) >= 20, language
            assert sum(not phrase.isascii() for phrase in phrases) >= 20, language
