"""The scripted model: what it understands in eleven languages, and that it says what can be spoken."""

# ruff: noqa: E501  (a table of sentences)

import pytest

from sandbox.openai.phrases import PHRASES
from sandbox.openai.script import intent_of, reply_to

TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": parameters}}
    for name, parameters in {
        "current_time": {"type": "object", "properties": {}},
        "track_order": {
            "type": "object",
            "properties": {"order_id": {"type": "string"}},
            "required": ["order_id"],
        },
        "transfer_to_human": {
            "type": "object",
            "properties": {"reason": {"type": "string"}, "urgent": {"anyOf": [{"type": "null"}, {"type": "string"}]}},
            "required": ["reason", "urgent"],
        },
        "end_call": {"type": "object", "properties": {}},
    }.items()
]


def ask(text, language="en-IN", tools=TOOLS, *more):
    system = {"role": "system", "content": f"Be kind.\nReply in Somewhere ({language})."}
    return reply_to([system, {"role": "user", "content": text}, *more], tools)


@pytest.mark.parametrize(
    ("intent", "texts"),
    {
        "order": [
            "Where is my order 4521?", "मेरा ऑर्डर 4521 कहाँ है", "என் ஆர்டர் எங்கே இருக்கு", "నా ఆర్డర్ ఎక్కడ ఉంది", "আমার অর্ডার কোথায়",
            "મારો ઓર્ડર ક્યાં છે", "ನನ್ನ ಆರ್ಡರ್ ಎಲ್ಲಿದೆ", "എന്റെ ഓർഡർ എവിടെ", "माझी ऑर्डर कुठे आहे", "ମୋ ଅର୍ଡର କେଉଁଠି", "ਮੇਰਾ ਆਰਡਰ ਕਿੱਥੇ ਹੈ",
            "mera order kahan hai", "en order enga irukku",
        ],
        "time": [
            "What time is it?", "कितने बजे हैं", "இப்போ மணி என்ன", "ఇప్పుడు సమయం ఎంత", "এখন কটা বাজে", "કેટલા વાગ્યા", "ಸಮಯ ಎಷ್ಟು", "സമയം എന്തായി",
            "किती वाजले", "ଏବେ ସମୟ କେତେ", "ਕਿੰਨੇ ਵਜੇ ਹਨ", "kitne baje hain",
        ],
        "goodbye": [
            "Goodbye.", "ok bye", "अलविदा", "போய் வருகிறேன்", "వెళ్ళొస్తాను", "আচ্ছা বিদায়", "આવજો", "ಸರಿ, ಬರುತ್ತೇನೆ", "പിന്നെ കാണാം", "चला येतो", "ବିଦାୟ",
            "ਅਲਵਿਦਾ", "accha phir milenge",
        ],
        "human": ["I want to talk to a human", "Are you a robot?", "मुझे किसी इंसान से बात करनी है", "ஒரு மனிதரிடம் பேசணும்", "మనిషితో మాట్లాడాలి", "insaan se baat karao"],
        "hello": ["Hello", "नमस्ते जी", "வணக்கம்", "నమస్కారం", "নমস্কার", "vanakkam"],
        "language": ["speak Tamil please", "can we talk in English please", "हिंदी में बात करो", "தமிழில் பேசுங்கள்", "hindi mein baat karo"],
        "number": ["9876543210", "४५२१"],
        "heard": ["the blue one", "mujhe samajh nahi aaya", "this is nice"],
        "story": ["tell me a story", "एक कहानी सुनाओ"],
        "price": ["how much is it", "account balance", "कितना हुआ"],
        "thanks": ["ok thank you", "நன்றி"],
    }.items(),
)  # fmt: skip
def test_what_was_asked_is_understood(intent, texts):
    assert {text: intent_of(text) for text in texts} == dict.fromkeys(texts, intent)


def test_every_language_has_every_phrase_with_the_same_places_to_fill():
    english = PHRASES["en-IN"]
    for language, phrases in PHRASES.items():
        assert phrases.keys() == english.keys(), language
        for name, text in phrases.items():
            for place in ("{id}", "{status}", "{date}", "{time}", "{number}", "{heard}"):
                assert (place in text) == (place in english[name]), (language, name)


@pytest.mark.parametrize("language", sorted(PHRASES))
def test_the_reply_is_in_the_language_of_the_last_reply_in_line(language):
    messages = [
        {"role": "system", "content": "Reply in Somewhere (xx-IN).\nReply in Elsewhere (en-IN)."},
        {"role": "system", "content": f"Reply in Here ({language}), written in its own script."},
        {"role": "user", "content": "hello. Reply in Hindi (hi-IN)."},
    ]
    assert reply_to(messages, []).text == PHRASES[language]["hello"]


@pytest.mark.parametrize("last", [[], [{"role": "user", "content": ""}]])
def test_with_nothing_said_yet_it_greets(last):
    messages = [{"role": "system", "content": "Greet the caller. Reply in Tamil (ta-IN)."}, *last]
    assert reply_to(messages, TOOLS).text == PHRASES["ta-IN"]["greeting"]


@pytest.mark.parametrize(
    ("text", "tool", "arguments"),
    [
        ("what time is it", "current_time", {}),
        ("where is my order four 4,521?", "track_order", {"order_id": "4521"}),
        ("where is my order 4.521?", "track_order", {"order_id": "4521"}),
        ("my order is 4 5 2 1", "track_order", {"order_id": "4521"}),
        ("मेरा ऑर्डर ४५२१", "track_order", {"order_id": "4521"}),
        ("it is 4521", "track_order", {"order_id": "4521"}),
        ("a person please", "transfer_to_human", {"reason": "a person please", "urgent": None}),
        ("bye", "end_call", {}),
    ],
)
def test_offered_tools_are_called_with_what_they_require(text, tool, arguments):
    call = ask(text).call
    assert (call.name, call.arguments) == (tool, arguments)


@pytest.mark.parametrize("text", ["what time is it", "where is my order 4521", "a person please", "goodbye"])
def test_without_tools_it_answers_in_words(text):
    assert ask(text, tools=[]).text


def test_an_order_without_its_number_is_asked_for():
    assert ask("where is my order").text == PHRASES["en-IN"]["ask_order"]


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("It is 10:45 PM on Sunday", "10:45 PM"),
        ('{"time": "22:45"}', "22:45"),
    ],
)
def test_the_time_is_taken_from_the_tools_result(result, said):
    call = {"id": "c1", "function": {"name": "current_time", "arguments": "{}"}}
    told = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": result},
    ]
    assert said in ask("what time is it", "en-IN", TOOLS, *told).text


@pytest.mark.parametrize(
    ("result", "phrase"),
    [
        ("there is no order 4521", "order_unknown"),
        ("An internal error occurred", "failed"),
        ("Order 4521 is out for delivery, expected on 2026-11-24.", "order"),
    ],
)
def test_an_orders_result_is_phrased_whatever_its_form(result, phrase):
    call = {"id": "c1", "function": {"name": "track_order", "arguments": "{}"}}
    told = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": result},
    ]
    status = PHRASES["te-IN"]["out_for_delivery"]
    wanted = PHRASES["te-IN"][phrase].format(id="4521", status=status, date="2026-11-24")
    assert ask("where is my order 4521", "te-IN", TOOLS, *told).text == wanted


def test_the_first_clause_is_short_so_that_speech_can_begin():
    for phrases in PHRASES.values():
        for name in ("heard", "order", "time", "number", "greeting"):
            assert len(phrases[name].split(",")[0].split()) <= 3, phrases[name]
