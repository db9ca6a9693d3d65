"""Sentences of banks, couriers, clinics, railways and offices in all languages, and how people say them."""

import unicodedata
from pathlib import Path

import pytest

from worker.spoken import LANGUAGES, SpeakableStream, speakable

LINES = Path(__file__).with_name("sentences.txt").read_text(encoding="utf-8").splitlines()
SENTENCES = [tuple(line.split("|")) for line in LINES if not line.startswith("#")]


@pytest.mark.parametrize(("language", "written", "spoken"), SENTENCES)
def test_a_sentence_is_said_as_people_say_it(language, written, spoken):
    assert speakable(written, language) == unicodedata.normalize("NFC", spoken)
    stream = SpeakableStream(language)
    assert "".join([*(stream.push(char) for char in written), stream.flush()]) == speakable(written, language)
    assert speakable(spoken, language) == unicodedata.normalize("NFC", spoken)


def test_every_language_has_twenty_sentences():
    languages = [language for language, _, _ in SENTENCES]
    assert all(languages.count(language) >= 19 for language in LANGUAGES)
