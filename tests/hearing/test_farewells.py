"""Over the agent's goodbye: who says goodbye too is done, who says anything else is not."""

import pytest

from worker.hearing.farewells import wants_more

FAREWELLS = """Thank you so much, have a nice day! | bye bye | okay bye, take care | Thank you, Vaani | same to you
| yes | okay | that is all, thanks | ok then, talk to you later | धन्यवाद, आपका दिन शुभ हो | ठीक है बाय | अच्छा जी नमस्ते
| theek hai, dhanyavad | நன்றி, வைக்கிறேன் | நன்றி வணக்கம் | నమస్కారం ఉంటాను | ధన్యవాదాలు | ହଁ ଧନ୍ୟବାଦ | আচ্ছা রাখছি | ধন্যবাদ | આભાર, આવજો
| God bless you | you have been very helpful | happy Diwali | खुदा हाफ़िज़ | Allah hafiz
| no, that will be all, thanks | you also
| ಧನ್ಯವಾದಗಳು, ಬರ್ತೀನಿ | നന്ദി, ശരി | ठीक आहे, ठेवतो | ਠੀਕ ਹੈ ਜੀ, ਸਤ ਸ੍ਰੀ ਅਕਾਲ"""
MORE = """Wait, what time is it now? | one more thing | hold on | wait | and my refund status? | No, do not cut the call
| hello hello | hello? | actually no | एक और बात | ek aur baat | अजून एक | আর একটা কথা | when will it be | but please
| रुकिए, एक और बात | मेरा ऑर्डर भी देखो | ruko zara | எனக்கு இன்னொரு கேள்வி இருக்கு | ఇంకో విషయం చెప్పాలి | আর একটা প্রশ্ন ছিল
| મારે હજી એક વાત પૂછવી છે | ನನಗೆ ಇನ್ನೊಂದು ಪ್ರಶ್ನೆ ಇದೆ | എനിക്ക് ഒരു കാര്യം കൂടി ചോദിക്കണം | मला अजून एक विचारायचं होतं
| ମୋର ଆଉ ଗୋଟିଏ ପ୍ରଶ୍ନ ଅଛି | ਮੇਰਾ ਇੱਕ ਹੋਰ ਸਵਾਲ ਹੈ"""


def texts(table):
    return [text.strip() for text in table.replace("\n", " ").split(" | ")]


@pytest.mark.parametrize("text", texts(FAREWELLS))
def test_an_answer_to_a_goodbye_wants_nothing(text):
    assert not wants_more(text)


@pytest.mark.parametrize("text", texts(MORE))
def test_anything_else_is_wanted(text):
    assert wants_more(text)
