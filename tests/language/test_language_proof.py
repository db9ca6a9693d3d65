"""Tests that a call changes its language only on proof, not on an answer or on words that neighbours share."""

import pytest

from worker.language import HeardTurn, LanguageState, decide
from worker.language.languages import SUPPORTED

INDIAN = sorted(set(SUPPORTED) - {"en-IN"})
ANSWERS = (
    "Sumitra Das", "Anil Kar", "Mohan De", "KA 03 MN 9988", "MH 12 DE 1433", "KA 51 HA 2211", "tomorrow 11 am", "10 am",
    "date of birth 12 06 2018", "proof of address", "yes that's right", "that is correct", "that's all", "S for sugar",
    "by credit card", "through UPI", "in the morning", "north part of the city", "south indian food",
)  # fmt: skip


def _answered_in(language: str, said: str, tag: str | None = None, probability: float | None = None) -> str:
    return decide(HeardTurn(said, tag, probability), LanguageState.start(language)).language


@pytest.mark.parametrize("said", ANSWERS)
@pytest.mark.parametrize("language", [*INDIAN, "en-IN"])
def test_an_answer_keeps_the_language_of_the_call(language: str, said: str) -> None:
    assert _answered_in(language, said) == language
    assert _answered_in(language, said, "en-IN", 0.6) == language


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("hi-IN", "thai khana"),
        ("hi-IN", "area ki taraf"),
        ("bn-IN", "chinese khabar"),
        ("ta-IN", "the landline number yenna"),
        ("ta-IN", "a cheap room near the beach la"),
        ("ta-IN", "east side of the market ma"),
        ("gu-IN", "east side of the market ma"),
        ("gu-IN", "aaje aavsho ne pakku"),
        ("gu-IN", "kale malsho ne"),
        ("en-IN", "Use the same address please."),
    ],
)
def test_words_that_neighbours_share_are_proof_against_none(language: str, said: str) -> None:
    assert _answered_in(language, said) == language
    assert _answered_in(language, said, "en-IN", 0.6) == language


@pytest.mark.parametrize(
    ("language", "said", "spoken"),
    [
        ("hi-IN", "enna venum sollunga", "ta-IN"),
        ("ta-IN", "mujhe kal tak ka bill batao", "hi-IN"),
        ("hi-IN", "where is my order", "en-IN"),
        ("gu-IN", "please check my balance", "en-IN"),
        ("hi-IN", "माझे पैसे परत आले नाहीत", "mr-IN"),
        ("te-IN", "என் ஆர்டர் எங்கே இருக்கு", "ta-IN"),
    ],
)
def test_a_clause_of_another_language_still_moves_the_call(language: str, said: str, spoken: str) -> None:
    assert _answered_in(language, said, "en-IN", 0.6) == spoken
