"""One spelling for one word, whoever typed it: what all rooms that judge words compare by."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker import lang
from worker.end_of_turn.words import words_of
from worker.language.words import words_of as grammar_words_of
from worker.languages import SUPPORTED
from worker.text.normalise import normalised

LETTERS = st.text(st.characters(min_codepoint=0x0900, max_codepoint=0x0D7F) | st.characters(max_codepoint=0x24F))
INVISIBLE = "\u00ad\u200b\u200c\u2060\ufeff"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("क़ीमत", "कीमत"),
        ("ज़रूर", "ज\u093cरूर"),
        ("हाँ", "हां"),
        ("बাঁচা", "बাংচা"),
        ("দাঁড়ান", "দাংডান"),
        ("ଓଡ଼ିଆ", "ଓଡିଆ"),
        ("ਜ਼ਰਾ", "ਜਰਾ"),
        ("દસ઼", "દસ"),
        ("दुसऱ्या", "दुसर्\u200dया"),
        ("അവന്\u200d", "അവൻ"),
        ("വാക്\u200d", "വാൿ"),
        ("don't", "dont"),
        ("don’t", "dont"),
        ("হ'ব", "হব"),
        ("ＯＫ", "ok"),
        ("ok\u200b", "OK"),
        ("తెలు\u200cగు", "తెలుగు"),
    ],
)
def test_what_differs_only_in_encoding_or_habit_is_one_word(one, other):
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"), [("कल", "काल"), ("पर", "पार"), ("मत", "मेत"), ("கல்", "கால்"), ("is", "si"), ("ठीक", "टीक")]
)
def test_words_that_differ_stay_apart(one, other):
    assert normalised(one) != normalised(other)


@given(LETTERS)
def test_doing_it_twice_changes_nothing(text):
    assert normalised(normalised(text)) == normalised(text)


@given(LETTERS, st.sampled_from(["NFC", "NFD"]))
def test_no_encoding_of_a_text_is_another_text(text, form):
    assert normalised(unicodedata.normalize(form, text)) == normalised(text)


@given(LETTERS, st.sampled_from(INVISIBLE), st.integers(min_value=0, max_value=40))
def test_what_nobody_sees_changes_nothing(text, invisible, place):
    assert normalised(text[:place] + invisible + text[place:]) == normalised(text)


@pytest.mark.parametrize("code", SUPPORTED)
def test_every_reader_knows_a_listed_word_however_it_is_encoded(code):
    """Pins two tables of letters: a nukta was folded in five scripts by one reader, and in two by the other."""
    section = lang.part_of(code, "identity")["questions"]
    for word in section.get("native", "").split() + section["latin"].split():
        decomposed = unicodedata.normalize("NFD", word)
        assert words_of(decomposed) == words_of(word)
        assert grammar_words_of(decomposed) == grammar_words_of(word)
