"""Words out of noise are told from words that somebody has said."""

import pytest

from worker.hearing.phantoms import Doubts, VoiceHeard, is_doubtful, is_outro, is_phantom, is_too_fast

OUTROS = """Thanks for watching! | Thank you so much for watching, please subscribe to my channel. | Like and subscribe
| Please like, share and subscribe. | Don't forget to subscribe! | I'll see you in the next video, bye!
| Press the bell icon
| हा व्हिडिओ पाहिल्याबद्दल धन्यवाद | Please like this video | Welcome back to my channel, guys | मेरे चैनल पर आपका स्वागत है
| वीडियो पसंद आए तो लाइक करें | ভিডিওটি ভালো লাগলে লাইক করুন
| இந்த வீடியோ பிடித்திருந்தால் லைக் பண்ணுங்க | వీడియో నచ్చితే లైక్ చేయండి | ਵੀਡੀਓ ਨੂੰ ਲਾਈਕ ਕਰੋ
| Subtitles by the Amara.org community | चैनल को सब्सक्राइब करें | हमारे चैनल को सब्सक्राइब करना न भूलें | मिलते हैं अगले वीडियो में
| वीडियो देखने के लिए धन्यवाद | लाइक, शेयर और सब्सक्राइब | channel ko subscribe karein | আমাদের চ্যানেল সাবস্ক্রাইব করুন
| ভিডিওটি দেখার জন্য ধন্যবাদ | અમારી ચેનલને સબ્સ્ક્રાઇબ કરો | વિડિયો જોવા બદલ આભાર | ನಮ್ಮ ಚಾನೆಲ್ ಸಬ್‌ಸ್ಕ್ರೈಬ್ ಮಾಡಿ
| ವೀಡಿಯೊ ನೋಡಿದ್ದಕ್ಕಾಗಿ ಧನ್ಯವಾದಗಳು | ചാനൽ സബ്സ്ക്രൈബ് ചെയ്യുക | വീഡിയോ കണ്ടതിന് നന്ദി | आमच्या चॅनलला सबस्क्राईब करा
| व्हिडिओ पाहिल्याबद्दल धन्यवाद | ଚ୍ୟାନେଲକୁ ସବସ୍କ୍ରାଇବ କରନ୍ତୁ | ਚੈਨਲ ਨੂੰ ਸਬਸਕ੍ਰਾਈਬ ਕਰੋ | ਵੀਡੀਓ ਦੇਖਣ ਲਈ ਧੰਨਵਾਦ
| எங்கள் சேனலை சப்ஸ்கிரைப் பண்ணுங்க | வீடியோ பார்த்ததற்கு நன்றி | మా ఛానల్‌ను సబ్‌స్క్రైబ్ చేయండి | వీడియో చూసినందుకు ధన్యవాదాలు"""
CALLERS = """Thank you. | Thanks a lot, bye. | I want to subscribe to the sports channel. | मुझे स्टार चैनल सब्सक्राइब करना है
| Is it translated by you? | I uploaded a video on my channel yesterday | Welcome
| subscribe | The video is not playing | Do you have a channel? | आपका बहुत बहुत धन्यवाद | please do not forget my order
| see you next time | share my number | I want to cancel my subscription to the channel | Can you see my order"""


def texts(table):
    return [text.strip() for text in table.replace("\n", " ").split(" | ")]


@pytest.mark.parametrize("text", texts(OUTROS))
def test_how_videos_end_is_known_in_every_language(text):
    assert is_outro(text)


@pytest.mark.parametrize("text", texts(CALLERS))
def test_a_caller_who_speaks_of_channels_and_videos_is_heard(text):
    assert not is_phantom(text)


@pytest.mark.parametrize(
    ("text", "phantom"),
    [
        ("[Music]", True),
        ("(applause)", True),
        ("♪♪", True),
        ("*laughs*", True),
        ("[Music] [Applause]", True),
        ("<noise>", True),
        ("{music playing}", True),
        ("【音楽】", True),
        ("[4521] is my order", False),
    ],
)
def test_a_note_in_brackets_was_not_said(text, phantom):
    assert is_phantom(text) is phantom


INVENTED = """ご視聴ありがとうございました | MBC 뉴스 이덕영입니다 | 字幕由Amara.org社区提供 | Продолжение следует...
| 谢谢观看 | ขอบคุณครับ | Transcribed by https://otter.ai | Subtítulos realizados por la comunidad de Amara.org
| Sous-titres réalisés par la communauté d'Amara.org"""
WRITTEN = (
    """میرا آرڈر کہاں ہے | ᱡᱚᱦᱟᱨ | ꯈꯨꯔꯨꯝꯖꯔꯤ | मेरा ऑर्डर | ଧନ୍ୟବାଦ | 4521 | CEO Δ | My name is Amara. | Amar's organic shop"""
)


@pytest.mark.parametrize("text", texts(INVENTED))
def test_what_no_language_of_ours_is_written_in_was_not_said(text):
    assert is_phantom(text)


@pytest.mark.parametrize("text", texts(WRITTEN))
def test_what_the_recogniser_has_letters_for_is_heard(text):
    assert not is_phantom(text)


@pytest.mark.parametrize(
    ("text", "voice_seconds", "phantom"),
    [
        ("I will be there on Monday with my brother", 0.5, True),
        ("I will be there on Monday with my brother", 2.2, False),
        ("मैं सोमवार को अपने भाई के साथ वहाँ आऊँगा", 0.4, True),
        ("मैं सोमवार को अपने भाई के साथ वहाँ आऊँगा", 2.0, False),
        ("haan theek hai", 0.4, False),  # fast, and real
        ("okay thank you", 0.3, False),
        ("9876543210", 0.4, False),
        ("I will be there on Monday with my brother", None, False),  # no voice detected: nothing is known
    ],
)
def test_more_than_the_sound_has_room_for_was_not_said(text, voice_seconds, phantom):
    assert is_too_fast(text, voice_seconds) is phantom


@pytest.mark.parametrize(
    ("text", "probability", "doubtful"),
    [
        ("the weather is fine today", 0.2, True),
        ("the weather is fine today", 0.35, False),
        ("the weather is fine today", None, False),
        ("the weather is fine today", 0.0, False),  # the plugin's word for "not told"
        ("haan theek hai", 0.2, False),  # whose language nobody can tell
        ("four five", 0.2, False),
        ("4521 98 76", 0.1, False),
    ],
)
def test_what_the_recogniser_hardly_believes_is_doubtful(text, probability, doubtful):
    assert is_doubtful(text, probability) is doubtful


def test_the_voice_is_measured_from_words_to_words():
    now = 10.0
    voice = VoiceHeard(now=lambda: now)
    assert voice.take_seconds() is None
    voice.user_state_changed("speaking", 10.0)
    voice.user_state_changed("listening", 11.0)
    voice.user_state_changed("away", 26.0)
    voice.user_state_changed("speaking", 30.0)
    now = 30.5
    assert voice.take_seconds() == 1.5
    now = 31.0
    assert voice.take_seconds() == 1.0, "late words came while the caller spoke on: it is still theirs"
    voice.user_state_changed("listening", 31.2)
    assert voice.take_seconds() == pytest.approx(1.2)
    assert voice.take_seconds() is None


DOUBTED = ("the weather is fine today", 0.2, 2.0)


@pytest.mark.parametrize(("later_seconds", "believed"), [(6.0, True), (19.0, True), (40.0, False)])
def test_who_was_asked_again_and_answers_is_believed(later_seconds, believed):
    now = 100.0
    doubts = Doubts(now=lambda: now)
    assert doubts.reason(*DOUBTED) == "improbable"
    now += later_seconds
    assert (doubts.reason("my brother lives in Pune city", 0.9, 0.2) is None) is believed


def test_an_outro_is_never_believed_and_noise_is_asked_about_each_time_anew():
    now = 100.0
    doubts = Doubts(now=lambda: now)
    for _ in range(3):
        assert doubts.reason("Thanks for watching!", 0.99, 3.0) == "outro"
        assert doubts.reason("what a lovely day it is", 0.95, None) is None
        now += 60
        assert doubts.reason(*DOUBTED) == "improbable"
        now += 60
