"""A recogniser that takes one language for another writes it in the other's letters: then the sound decides."""

import pytest

from corpora.language import CORPUS, INDEPENDENT, turns
from worker.language import HeardTurn, LanguageState, decide
from worker.languages import LANGUAGES, SUPPORTED
from worker.text.scripts import script_of

SCRIPTS = {
    "devanagari": 0x0900, "bengali": 0x0980, "gurmukhi": 0x0A00, "gujarati": 0x0A80, "odia": 0x0B00,
    "tamil": 0x0B80, "telugu": 0x0C00, "kannada": 0x0C80, "malayalam": 0x0D00,
}  # fmt: skip
WRITTEN_IN = {code: script_of(language.endonym[0]) for code, language in LANGUAGES.items()}
HEARD = [
    # language, language whose letters these are, what was heard
    ("hi-IN", "te-IN", "ముఝే అప్నా బ్యాలెన్స్ చాహియే"),
    ("hi-IN", "te-IN", "మేరా ఆర్డర్ కహా హై"),
    ("hi-IN", "kn-IN", "ಮುಝೇ ಅಪ್ನಾ ಬ್ಯಾಲೆನ್ಸ್ ಚಾಹಿಯೇ"),
    ("hi-IN", "ta-IN", "முஜே பில் நஹி மிலா"),
    ("hi-IN", "ml-IN", "മേരാ ഓർഡർ കഹാം ഹൈ"),
    ("hi-IN", "bn-IN", "মেরা অর্ডার কাহাঁ হ্যায়"),
    ("hi-IN", "gu-IN", "મુઝે અપના બેલેન્સ ચાહિયે"),
    ("hi-IN", "od-IN", "ମୁଝେ ଅପ୍ନା ବ୍ୟାଲେନ୍ସ ଚାହିଏ"),
    ("ta-IN", "hi-IN", "एन ऑर्डर एंगे इरुक्कु"),
    ("ta-IN", "te-IN", "ఎనక్కు బాలెన్స్ వేణుం"),
    ("ta-IN", "kn-IN", "ಎನ್ನ ವೇಣುಂ ಸೊಲ್ಲುಂಗ"),
    ("te-IN", "hi-IN", "बिल एप्पुडु वस्तुंदि"),
    ("te-IN", "kn-IN", "ನಾ ಆರ್ಡರ್ ಎಕ್ಕಡ ಉಂದಿ"),
    ("te-IN", "ta-IN", "நா ஆர்டர் எக்கட உந்தி"),
    ("kn-IN", "hi-IN", "नन्न ऑर्डर एल्लि इदे"),
    ("kn-IN", "te-IN", "నన్న ఆర్డర్ ఎల్లి ఇదె"),
    ("ml-IN", "hi-IN", "एन्टे ऑर्डर एविडे"),
    ("bn-IN", "hi-IN", "आमार ऑर्डर कोथाय"),
    ("bn-IN", "od-IN", "ଆମାର ଅର୍ଡର କୋଥାୟ"),
    ("gu-IN", "hi-IN", "तमे क्यारे मोकलशो"),
    ("gu-IN", "bn-IN", "মারো অর্ডার ক্যাং ছে"),
    ("mr-IN", "gu-IN", "માઝા ઓર્ડર કુઠે આહે"),
    ("mr-IN", "te-IN", "మాఝా ఆర్డర్ కుఠే ఆహే"),
    ("od-IN", "hi-IN", "मो ऑर्डर केउंठि अछि"),
    ("pa-IN", "hi-IN", "तुसीं कदों भेजोगे"),
    ("pa-IN", "te-IN", "మైనూ బిల్ దస్సో"),
]


def _answered_in(current: str, said: str, tag: str | None) -> str:
    return decide(HeardTurn(said, tag, 0.9), LanguageState.start(current)).language


@pytest.mark.parametrize(("spoken", "letters_of", "said"), HEARD)
@pytest.mark.parametrize("tagged", ["not at all", "as spoken", "as written"])
def test_a_language_in_another_one_s_letters_is_answered_in_itself(
    spoken: str, letters_of: str, said: str, tagged: str
) -> None:
    tag = {"as spoken": spoken, "as written": letters_of}.get(tagged)
    calls = ("en-IN", letters_of, spoken)
    assert [_answered_in(current, said, tag) for current in calls] == [spoken] * len(calls)


@pytest.mark.parametrize(
    ("written_in", "said"),
    [("od-IN", "ମେରା ଅର୍ଡର କହାଁ ହୈ ଅଭି ତକ ନହିଁ ଆୟା"), ("pa-IN", "ਮੁਝੇ ਬਿਲ ਭਰਨਾ ਹੈ ਕੈਸੇ ਕਰੂੰ")],
)
def test_a_hindi_call_stays_hindi_where_a_neighbour_spells_some_of_its_words_alike(written_in: str, said: str) -> None:
    assert _answered_in("hi-IN", said, written_in) == "hi-IN"


@pytest.mark.parametrize(
    ("language", "said"),
    [("pa-IN", "ਮੈਨੂੰ ਬਿੱਲ ਭਰਨਾ ਹੈ ਕਿਵੇਂ ਕਰਾਂ"), ("od-IN", "ମୋ ଅର୍ଡର କେଉଁଠି ଅଛି ଏପର୍ଯ୍ୟନ୍ତ ଆସିନି")],
)
def test_the_neighbour_itself_is_followed(language: str, said: str) -> None:
    assert _answered_in("hi-IN", said, language) == language


SAID_IN_URDU_LETTERS = [
    "مجھے اپنا بیلنس چاہیے",
    "میرا آرڈر کہاں ہے",
    "پیسے واپس کر دیجیے",
    "کل تک کا بل بتاؤ",
    "آپ کب بھیجیں گے",
]


@pytest.mark.parametrize("said", SAID_IN_URDU_LETTERS)
@pytest.mark.parametrize("tag", [None, "hi-IN", "en-IN"])
def test_hindi_in_urdu_letters_is_hindi_unless_the_recogniser_calls_it_urdu(said: str, tag: str | None) -> None:
    for current in SUPPORTED:
        assert _answered_in(current, said, tag) == "hi-IN"
        assert _answered_in(current, said, "ur-IN") == current


@pytest.mark.parametrize("said", ["ألو كيف حالك يا أخي", "من می‌خواهم حساب خود را ببینم", "منهنجو آرڊر ڪٿي آهي"])
def test_other_languages_in_arabic_letters_stay(said: str) -> None:
    assert _answered_in("ta-IN", said, None) == "ta-IN"


def _in_letters_of(script: str, text: str) -> str:
    """The scripts of India have their letters at the same places of their blocks; Tamil has no breath and no voice."""
    written = []
    for letter in text:
        place = ord(letter) % 0x80
        if not 0x0900 <= ord(letter) < 0x0D80 or place in (0x3C, 0x70, 0x71):
            written.append(letter if ord(letter) < 0x0900 else "")
            continue
        if script == "tamil":
            row = (0x15, 0x1A, 0x1F, 0x24, 0x2A)
            place = next((first for first in row if first < place < first + 4 and place != 0x1C), place)
        written.append(chr(SCRIPTS[script] + place))
    return "".join(written)


def test_most_turns_of_the_corpora_keep_a_call_s_language_in_any_letters() -> None:
    """A mechanical rewriting, so a floor and no estimate: letters that a script lacks are lost on the way."""
    kept = moved = 0
    for turn in [*turns(CORPUS), *turns(INDEPENDENT)]:
        own = WRITTEN_IN[turn.expected]
        is_a_sentence = len(turn.text.split()) > 2 and any(script_of(letter) == own for letter in turn.text)
        if own not in SCRIPTS or turn.current == turn.expected or not is_a_sentence:
            continue
        for script in SCRIPTS.keys() - {own}:
            letters_of = next(code for code, written_in in WRITTEN_IN.items() if written_in == script)
            answered_in = _answered_in(turn.expected, _in_letters_of(script, turn.text), letters_of)
            kept += answered_in == turn.expected
            moved += answered_in != turn.expected
    assert kept + moved > 1000
    assert kept / (kept + moved) > 0.8
