"""Languages are listed once, in worker/languages.py: whoever needs a list makes it from there, or is compared with it.

Pins eleven languages that were written down some twenty times, and Odia's other codes that four of the lists knew.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from join_token.grants import VOICE_LANGUAGES

from sandbox.languages import LANGUAGES as SANDBOX_LANGUAGES
from sandbox.openai.phrases import PHRASES
from worker.conversation.caller import opening_language
from worker.end_of_turn.lexicon import LANGUAGES as WITH_TURN_ENDS
from worker.end_of_turn.lexicon import language_code
from worker.environment import load_settings
from worker.errors import BadSettings
from worker.languages import BY_SPEAKERS, LANGUAGES, SUPPORTED, WRITTEN_IN, canonical_code
from worker.providers import sarvam_voices
from worker.settings import TtsSettings
from worker.spoken.forms import spoken_forms
from worker.text.scripts import SCRIPTS, script_of

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "worker" / "languages.py"
VENDORS_OWN = {ROOT / "worker" / "providers" / "sarvam_voices.py"}
"""Which of the vendor's voices speaks what is the vendor's list, and in no other file."""
CODE = re.compile(r'"([a-z]{2,3})-IN"')


def test_no_other_module_of_the_worker_lists_languages():
    """Two codes side by side may be an example; four are a list."""
    listing = {
        path.relative_to(ROOT)
        for path in (ROOT / "worker").rglob("*.py")
        if path not in VENDORS_OWN | {TABLE} and len(set(CODE.findall(path.read_text(encoding="utf-8")))) > 3
    }
    assert listing == set()


def test_what_the_token_function_allows_are_the_supported_languages():
    """It ships apart and shares no code, so it has a copy."""
    assert set(SUPPORTED) == VOICE_LANGUAGES


def test_the_sandbox_speaks_and_answers_in_every_supported_language():
    """A stand-in that shared our table would share its mistakes, so it has its own."""
    assert set(SANDBOX_LANGUAGES) >= set(SUPPORTED)
    assert set(PHRASES) >= set(SUPPORTED)
    for code in SUPPORTED:
        ours, theirs = LANGUAGES[code], SANDBOX_LANGUAGES[code]
        assert (theirs.name, theirs.english_name, theirs.bcp47 or code) == (
            ours.endonym, ours.english_name, ours.standard_code,
        )  # fmt: skip
        assert unicodedata.name(ours.endonym[0]).startswith(theirs.script.upper())


@pytest.mark.parametrize("tag", ["od-IN", "or-IN", "or", "ory", "ori-IN", "OR_in", " od "])
def test_every_room_knows_every_tag_of_a_language(tag):
    assert canonical_code(tag) == "od-IN"
    assert language_code(tag) == "od"
    assert spoken_forms(tag).language == "od-IN"
    assert opening_language({"language": tag}, "en-IN") == "od-IN"


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_row_fits_itself_and_no_other_row(code):
    language = LANGUAGES[code]
    assert language.code == code
    assert {script_of(letter) for letter in language.endonym} == {language.script}
    assert language.script in SCRIPTS
    for tag in (code, language.subtag, language.standard_code, *language.other_subtags):
        assert canonical_code(tag) == code
    others = {std_code for other in LANGUAGES.values() if other.code != code for std_code in other.std_codes}
    assert not others & set(language.std_codes)


def test_the_lists_made_from_the_table_have_the_same_languages():
    assert set(BY_SPEAKERS) == set(SUPPORTED)
    assert sorted(code for codes in WRITTEN_IN.values() for code in codes) == list(SUPPORTED)
    assert sorted(WITH_TURN_ENDS) == sorted(LANGUAGES[code].subtag for code in SUPPORTED)


@pytest.mark.parametrize("tag", [None, "", "unknown", "xx-IN", 7, b"hi", "hi" * 40, "-IN", "१"])
def test_garbage_is_no_language(tag):
    assert canonical_code(tag) is None


@pytest.mark.parametrize("variable", ["WORKER_DEFAULT_LANGUAGE", "STT_LANGUAGE"])
def test_a_language_that_is_known_and_not_spoken_is_refused_with_what_it_lacks(monkeypatch, variable):
    monkeypatch.setattr("worker.settings.SUPPORTED", tuple(code for code in SUPPORTED if code != "te-IN"))
    monkeypatch.setattr("worker.settings.lacking_parts", lambda code: ["phrases", "spoken"])
    with pytest.raises(BadSettings) as refused:
        load_settings({variable: "te-IN"})
    said = next(problem for problem in refused.value.problems if variable in problem)
    assert "te-IN (Telugu) is known, but calls are not held in it. It lacks phrases, spoken." in said
    assert "Use one of bn-IN, en-IN" in said


def test_a_language_that_no_voice_speaks_is_no_silence_in_a_call(monkeypatch):
    monkeypatch.setattr(sarvam_voices, "SUPPORTED", (*SUPPORTED, "as-IN"))
    assert sarvam_voices.languages_without_a_voice(TtsSettings(model="bulbul:v4-flash")) == []
    (problem,) = sarvam_voices.languages_without_a_voice(TtsSettings(model="bulbul:v3"))
    assert "bulbul:v3 (TTS_MODEL) has no voice of its own for as-IN" in problem
    assert sarvam_voices.languages_without_a_voice(TtsSettings(model="bulbul:v3", voices={"as-IN": "priya"})) == []
    assert sarvam_voices.default_voice("bulbul:v3", "as-IN") == sarvam_voices.default_voice("bulbul:v3", "en-IN")
