"""What is said without the model: there in every language, replaced by an operator's file, and refused by name."""

import json

import pytest

from worker.conversation import phrases
from worker.conversation.phrases import FALLBACK_LANGUAGE, Phrases
from worker.lang import part_of
from worker.language import SUPPORTED


@pytest.fixture
def replacements(tmp_path):
    def write(content):
        path = tmp_path / "phrases.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


def test_every_language_has_every_phrase_and_none_is_empty():
    table = {code: part_of(code, "phrases") for code in SUPPORTED}
    for code, said in table.items():
        assert set(said) == set(table[FALLBACK_LANGUAGE]), code
        assert all(text.strip() == text and text for text in said.values()), code


def test_no_phrase_was_left_in_english():
    """English is what a phrase falls back to: a forgotten translation shows in no other test, only in a call."""
    phrases = Phrases.load()
    english = {text for language, text in phrases.every("en-IN") if language == "en-IN"}
    assert not [text for language, text in phrases.every("hi-IN") if language != "en-IN" and text in english]


def test_a_file_replaces_one_phrase_of_one_language(replacements):
    phrases = Phrases.load(replacements({"hi-IN": {"greeting": "नमस्ते जी"}}))
    assert phrases.text("greeting", "hi-IN") == "नमस्ते जी"
    assert phrases.text("greeting", "ta-IN") == Phrases.load().text("greeting", "ta-IN")
    assert phrases.text("still_there", "hi-IN") == Phrases.load().text("still_there", "hi-IN")


def test_a_language_without_phrases_is_spoken_to_in_english():
    assert Phrases.load().text("greeting", "as-IN") == Phrases.load().text("greeting", "en-IN")


def test_a_phrase_that_was_not_translated_is_said_in_english_and_is_no_silence(monkeypatch):
    own = part_of("ta-IN", "phrases")
    del own["give_up"]
    monkeypatch.setattr(phrases, "part_of", lambda code, part: own if code == "ta-IN" else part_of(code, part))
    loaded = Phrases.load()
    assert loaded.text("give_up", "ta-IN") == loaded.text("give_up", "en-IN")
    assert loaded.text("greeting", "ta-IN") == own["greeting"]


def test_what_is_rendered_first_is_the_callers_likely_language_then_english():
    order = list(dict.fromkeys(language for language, _ in Phrases.load().every("ta-IN")))
    assert order[:2] == ["ta-IN", "en-IN"]
    assert sorted(order) == sorted(SUPPORTED)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "must be {language"),
        ({"as-IN": {}}, "'as-IN' is none of bn-IN"),
        ({"hi-IN": {"greting": "नमस्ते"}}, "hi-IN.greting must be a text for one of"),
        ({"hi-IN": {"greeting": " "}}, "hi-IN.greeting must be a text"),
        ({"hi-IN": {"greeting": 7}}, "hi-IN.greeting must be a text"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong_in_it(replacements, content, said):
    with pytest.raises(ValueError, match=r"WORKER_PHRASES_FILE: .*phrases.json") as refused:
        Phrases.load(replacements(content))
    assert said in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"nowhere.json cannot be read"):
        Phrases.load(tmp_path / "nowhere.json")
