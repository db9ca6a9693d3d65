"""What a call has cost: the arithmetic that a bill is read from."""

from types import SimpleNamespace

import pytest

from worker.conversation.reports import usage_totals
from worker.providers.prices import (
    LLM_DOLLARS_PER_MILLION,
    RUPEES_PER_DOLLAR,
    STT_RUPEES_PER_HOUR,
    TTS_RUPEES_PER_10K_CHARACTERS,
    cost_rupees,
)

STT = {"stt_usage:saaras:v3-realtime": {"audio_duration": 120.0}}
TTS = {"tts_usage:bulbul:v3": {"characters_count": 500}}
LLM = {"llm_usage:gpt-6-luna": {"input_tokens": 10_000, "input_cached_tokens": 4_000, "output_tokens": 1_000}}


def test_the_recogniser_is_paid_by_the_hour():
    assert cost_rupees(STT) == pytest.approx(120 / 3600 * STT_RUPEES_PER_HOUR)


def test_the_voice_is_paid_by_the_character():
    assert cost_rupees(TTS) == pytest.approx(500 / 10_000 * TTS_RUPEES_PER_10K_CHARACTERS["bulbul:v3"])


def test_cached_tokens_are_read_at_their_own_price_and_once():
    fresh, cached, written = LLM_DOLLARS_PER_MILLION["gpt-6-luna"]
    dollars = (6_000 * fresh + 4_000 * cached + 1_000 * written) / 1_000_000
    assert cost_rupees(LLM) == pytest.approx(dollars * RUPEES_PER_DOLLAR, abs=1e-4)


def test_a_call_costs_the_sum_of_its_parts():
    parts = [cost_rupees(part) for part in (STT, TTS, LLM)]
    assert cost_rupees(STT | TTS | LLM) == pytest.approx(sum(parts), abs=2e-4)


@pytest.mark.parametrize("unknown", ["tts_usage:somebody-else", "llm_usage:some-other-model"])
def test_a_sum_that_lacks_a_price_is_no_sum(unknown):
    assert cost_rupees(STT | {unknown: {"characters_count": 10, "input_tokens": 10}}) is None


def test_what_runs_on_this_machine_costs_nothing():
    assert cost_rupees({"vad_usage:silero": {}}) == 0.0


def test_a_call_without_any_usage_has_no_cost_yet():
    assert cost_rupees({}) is None
    assert usage_totals(None) == {}


def test_the_counters_of_each_model_are_one_row():
    heard = SimpleNamespace(type="stt_usage", model="saaras:v4", audio_duration=3.5)
    thought = SimpleNamespace(type="llm_usage", model="gpt-6-luna", input_tokens=7, output_tokens=0, provider="openai")
    rows = usage_totals(SimpleNamespace(model_usage=[heard, thought]))
    assert rows == {"stt_usage:saaras:v4": {"audio_duration": 3.5}, "llm_usage:gpt-6-luna": {"input_tokens": 7}}
