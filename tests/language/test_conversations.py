"""Whole conversations written blind, and each way to wish for a language with each language's name."""

from __future__ import annotations

import pytest

from tests.language.conversations import FOLDER, conversations, misses, phrases
from worker.language import SUPPORTED, HeardTurn, LanguageState, decide

GOAL = 0.99


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.jsonl")), ids=lambda path: path.stem)
def test_at_least_99_percent_of_the_turns_are_answered_in_the_right_language(path):
    written = conversations(path)
    turns = sum(len(conversation["turns"]) for conversation in written)
    missed = [miss for conversation in written for miss in misses(conversation)]
    assert len(missed) <= (1 - GOAL) * turns, missed


@pytest.mark.parametrize("language", SUPPORTED)
def test_every_wish_is_met_whichever_language_is_asked_for(language):
    said = [(named, text) for own, named, text in phrases("wishes") if own == language]
    missed = [
        (text, decision.language)
        for named, text in said
        if (decision := decide(HeardTurn(text, language, 0.9), LanguageState.start(language))).language != named
    ]
    assert said
    assert missed == []


@pytest.mark.parametrize("language", SUPPORTED)
def test_no_mention_is_taken_for_a_wish_whichever_language_is_mentioned(language):
    said = [text for own, _, text in phrases("mentions") if own == language]
    moved = [
        (text, decision.language, decision.reason)
        for text in said
        if (decision := decide(HeardTurn(text, language, 0.9), LanguageState.start(language))).language != language
    ]
    assert said
    assert moved == []
