"""A budget that cannot be held is refused at start, by name; what it is held against is said once."""

import logging

import pytest

from worker.budget.checks import budget_problems, tell_budgets
from worker.budget.turns import Turns
from worker.environment import load_settings
from worker.errors import BadSettings
from worker.lang import part_of
from worker.languages import SUPPORTED
from worker.parent import teller_of
from worker.providers.prices import PriceTable

NEEDED = {
    "LIVEKIT_URL": "ws://127.0.0.1:7880", "LIVEKIT_API_KEY": "k", "LIVEKIT_API_SECRET": "s" * 32,
    "SARVAM_API_KEY": "s", "OPENAI_API_KEY": "o",
}  # fmt: skip


def settings_of(**environ):
    return load_settings(NEEDED | environ)


def price_of(settings):
    return PriceTable.load(settings.money).bill


def problems(**environ):
    settings = settings_of(**environ)
    return budget_problems(settings, price_of(settings))


def test_the_models_that_are_set_by_default_have_prices():
    assert problems(WORKER_RUPEES_PER_CALL="10") == []


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"TTS_MODEL": "bulbul:v4-flash"}, "tts bulbul:v4-flash"),
        ({"STT_MODEL": "saaras:v3-realtime"}, "stt saaras:v3-realtime"),
        ({"LLM_MODEL": "our-own"}, "llm our-own"),
        ({"LLM_FALLBACK_MODEL": "gpt-9"}, "llm gpt-9"),
        ({"WORKER_OUTCOME": "on", "WORKER_OUTCOME_MODEL": "o9"}, "llm o9"),
        ({"WORKER_TURN_DETECTOR": "v1"}, "eot turn-detector-v1"),
    ],
)
def test_a_budget_over_what_has_no_known_price_is_refused_by_name(environ, named):
    assert problems(**environ) == []  # no budget, nothing to hold
    (problem,) = problems(WORKER_RUPEES_PER_CALL="10", WORKER_RUPEES_PER_DAY="1000", **environ)
    assert named in problem
    assert problem.startswith("WORKER_RUPEES_PER_CALL and WORKER_RUPEES_PER_DAY: ")
    assert "WORKER_PRICES_FILE" in problem


def test_an_outcome_that_is_off_needs_no_price():
    assert problems(WORKER_RUPEES_PER_CALL="10", WORKER_OUTCOME_MODEL="o9") == []


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "ten", "₹10"])
@pytest.mark.parametrize(
    "variable", ["WORKER_RUPEES_PER_CALL", "WORKER_RUPEES_PER_CALLER_DAY", "WORKER_RUPEES_PER_DAY"]
)
def test_a_budget_that_is_no_amount_is_refused_by_its_variable(variable, value):
    with pytest.raises(BadSettings, match=f"{variable}: "):
        settings_of(**{variable: value})


def test_an_empty_budget_is_none():
    settings = settings_of(WORKER_RUPEES_PER_CALL=" ", WORKER_RUPEES_PER_DAY="")
    assert not settings.money.limits.are_set
    assert teller_of(settings) is None


@pytest.mark.parametrize(
    ("environ", "over", "without"),
    [
        ({}, "this_worker", ["livekit minutes", "phone minutes"]),
        (
            {"WORKER_RECORDS_URL": "sqlite+aiosqlite:///calls.db", "WORKER_LIVEKIT_RUPEES_PER_MINUTE": "0"},
            "all_workers", ["phone minutes"],
        ),
    ],
)  # fmt: skip
def test_it_is_said_once_over_whom_a_budget_is_held_and_what_it_leaves_out(caplog, environ, over, without):
    caplog.set_level(logging.INFO, logger="vaani")
    settings = settings_of(WORKER_RUPEES_PER_DAY="500", **environ)
    tell_budgets(settings, price_of(settings))
    (line,) = caplog.records
    assert (line.getMessage(), line.over, line.day, line.call, line.without) == (
        "budget.kept",
        over,
        500,
        None,
        without,
    )


def turns_of(**environ):
    settings = settings_of(**environ)
    turns = Turns(settings.stt, settings.llm, settings.tts, settings.call, settings.turns, settings.outcome)
    return turns.usual_rupees(price_of(settings)), turns.dearest_rupees(price_of(settings))


def test_a_turn_costs_less_than_the_dearest_one_may():
    usual, dearest = turns_of()
    assert 0.4 < usual < 1.2  # a usual minute is two of them and silence: 1.6 to 1.8
    assert usual < dearest < 6
    assert turns_of(LLM_MAX_REPLY_TOKENS="600")[1] > 1.5 * dearest
    minutes = {"WORKER_PHONE_RUPEES_PER_MINUTE": "1", "WORKER_LIVEKIT_RUPEES_PER_MINUTE": "2"}
    assert turns_of(**minutes)[1] == pytest.approx(dearest + 3)
    assert turns_of(WORKER_OUTCOME="on")[1] > dearest


@pytest.mark.parametrize("language", SUPPORTED)
def test_every_language_says_it_in_words_of_its_own(language):
    phrases = part_of(language, "phrases")
    said = {phrases[name] for name in ("budget_warning", "budget_up", "day_is_up", "time_warning", "time_up", "limit")}
    assert len(said) == 6
    assert not any("{" in phrase or "₹" in phrase for phrase in said)
