"""What a call has cost: the arithmetic that a bill is read from."""

from datetime import date
from types import SimpleNamespace
from typing import get_args

import pytest

from worker.bill import Bill
from worker.environment import load_group
from worker.errors import BadSettings
from worker.providers.prices import PriceTable
from worker.settings import LlmSettings, MoneySettings, SttSettings, TtsSettings

STT = {"stt_usage:saaras:v4": {"audio_duration": 120.0}}
TTS = {"tts_usage:bulbul:v3": {"characters_count": 500}}
LLM = {
    "llm_usage:gpt-6-luna": {
        "input_tokens": 10_000, "input_cached_tokens": 4_000, "input_cache_creation_tokens": 1_000,
        "output_tokens": 1_000,
    }
}  # fmt: skip


def table(**environ):
    return PriceTable.load(
        load_group(MoneySettings, {f"WORKER_{name.upper()}": value for name, value in environ.items()})
    )


def own(tmp_path, text):
    path = tmp_path / "prices.toml"
    path.write_text(text, encoding="utf-8")
    return table(prices_file=str(path))


def entry(**changed):
    fields = {
        "kind": '"tts"', "model": '"bulbul:v4-flash"', "unit": '"rupees per 10,000 characters"', "price": "20",
        "read_on": "2026-11-20", "source": '"our contract"',
    }  # fmt: skip
    fields = {name: value for name, value in (fields | changed).items() if value is not None}
    return "[[prices]]\n" + "".join(f"{name} = {value}\n" for name, value in fields.items())


def test_the_recogniser_is_paid_by_the_hour():
    assert table().bill(STT).rupees == pytest.approx(120 / 3600 * 30)


def test_the_voice_is_paid_by_the_character():
    assert table().bill(TTS).rupees == pytest.approx(500 / 10_000 * 30)


def test_tokens_from_and_into_the_cache_have_their_own_prices_and_are_counted_once():
    dollars = (5_000 * 0.10 + 4_000 * 0.01 + 1_000 * 0.125 + 1_000 * 0.50) / 1_000_000
    assert table().bill(LLM).rupees == pytest.approx(dollars * 92, abs=1e-4)


def test_what_a_list_does_not_name_costs_as_input():
    """sarvam-105b's list has no price for writing into the cache: those tokens are not for nothing."""
    tokens = {"input_tokens": 10_000, "input_cache_creation_tokens": 10_000}
    assert table().bill({"llm_usage:sarvam-105b": tokens}).rupees == pytest.approx(0.2928)


def test_a_dollar_costs_what_is_set():
    assert table(rupees_per_dollar="100@2026-11-01").bill(LLM).rupees == pytest.approx(
        table().bill(LLM).rupees * 100 / 92, rel=1e-2
    )


def test_a_call_costs_the_sum_of_its_parts():
    parts = [table().bill(part).rupees for part in (STT, TTS, LLM)]
    assert table().bill(STT | TTS | LLM).rupees == pytest.approx(sum(parts), abs=2e-4)


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("tts_usage:bulbul:v4-flash", "tts bulbul:v4-flash"),
        ("stt_usage:saaras:v3-realtime", "stt saaras:v3-realtime"),
        ("stt_usage:nobody:v1", "stt nobody:v1"),
        ("llm_usage:some-other-model", "llm some-other-model"),
        ("eot_usage:turn-detector-v1", "eot turn-detector-v1"),
    ],
)
def test_what_has_no_known_price_is_named_and_makes_no_sum(row, named):
    assert table().bill(STT | {row: {"characters_count": 10}}) == Bill(None, (named,))


def test_minutes_without_a_figure_are_named_beside_the_sum_of_the_models():
    lines = {"line:phone": {"seconds": 61.0}, "line:livekit": {"seconds": 61.0}}
    assert table().bill(STT | lines) == Bill(1.0, ("phone minutes", "livekit minutes"))


def test_a_begun_minute_is_paid_as_a_whole_one():
    prices = table(phone_rupees_per_minute="0.5@2026-11-01", livekit_rupees_per_minute="0")
    lines = {"line:phone": {"seconds": 61.0}, "line:livekit": {"seconds": 61.0}}
    assert prices.bill(STT | lines) == Bill(2.0)


def test_what_runs_on_this_machine_costs_nothing():
    assert table().bill({"vad_usage:silero": {}, "eot_usage:turn-detector-v1-mini": {}}) == Bill(0.0)


def test_a_call_without_any_usage_has_no_cost_yet():
    assert table().bill({}) == Bill(None)


def test_every_model_that_can_be_set_is_in_the_table_with_its_day_and_source():
    listed = {(price.kind, price.model) for price in table()}
    for kind, settings in (("stt", SttSettings), ("tts", TtsSettings)):
        models = get_args(settings.model_fields["model"].annotation)
        assert models
        assert {(kind, model) for model in models} <= listed
    assert ("llm", LlmSettings.model_fields["model"].default) in listed
    assert {("llm", "gpt-4o-mini"), ("llm", "sarvam-105b")} <= listed  # what README.md and docs name
    assert all(price.source.startswith("https://") and price.read_on <= date.today() for price in table())


def test_a_dated_snapshot_costs_what_its_model_does():
    assert table().of("llm", "gpt-6-luna-2026-09-22") == table().of("llm", "gpt-6-luna")
    assert table().of("llm", "gpt-6-luna-mini") is None


def test_an_own_price_replaces_or_adds_one(tmp_path):
    luna = entry(
        kind='"llm"', model='"gpt-6-luna"', unit='"rupees per million tokens"', price=None, input="1", output="2"
    )
    prices = own(tmp_path, entry() + luna)
    assert prices.bill({"tts_usage:bulbul:v4-flash": {"characters_count": 1000}}) == Bill(2.0)
    assert prices.bill({"llm_usage:gpt-6-luna": {"input_tokens": 1e6, "input_cached_tokens": 1e6}}) == Bill(1.0)
    assert prices.bill(STT) == table().bill(STT)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prices", "is not TOML"),
        ("[prices]\na = 1\n", r"must hold \[\[prices\]\]"),
        ("rate = 3\n", r"must hold \[\[prices\]\]"),
        (entry(prise="3"), "there is no field prise"),
        (entry(kind='"voice"'), "kind must be one of stt, tts, llm, eot"),
        (entry(unit='"rupees"'), "unit must be rupees per 10,000 characters"),
        (entry(read_on='"2026-11-20"'), "read_on must be the day"),
        (entry(read_on="2026-11-20T10:00:00"), "read_on must be the day"),
        (entry(read_on=None), "read_on must be the day"),
        (entry(source=None), "source must be a text"),
        (entry(model='" "'), "model must be a text"),
        (entry(price=None), "must have price"),
        (entry(price='"free"'), "price must be a number"),
        (entry(price="-1"), "price must be a number, 0 or more"),
        (entry(price="inf"), "price must be a number, 0 or more"),
        (entry(price="nan"), "price must be a number, 0 or more"),
        (entry(price="true"), "price must be a number, 0 or more"),
        (entry(input="3"), "must have price"),
        (entry(price='"unknown"', input="3"), "no other figures"),
        (entry() + entry(kind='"llm"', unit='"rupees per million tokens"'), "entry 2 .*must have input and output"),
    ],
)
def test_a_file_that_holds_no_prices_is_refused_with_what_to_write(tmp_path, text, said):
    with pytest.raises(ValueError, match=f"(?s)WORKER_PRICES_FILE: .*{said}"):
        own(tmp_path, text)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("WORKER_RUPEES_PER_DOLLAR", "92"),
        ("WORKER_RUPEES_PER_DOLLAR", "0@2026-11-01"),
        ("WORKER_RUPEES_PER_DOLLAR", "-92@2026-11-01"),
        ("WORKER_RUPEES_PER_DOLLAR", "nan@2026-11-01"),
        ("WORKER_RUPEES_PER_DOLLAR", "92@yesterday"),
        ("WORKER_PHONE_RUPEES_PER_MINUTE", "Rs 1"),
        ("WORKER_LIVEKIT_RUPEES_PER_MINUTE", "inf"),
        ("WORKER_PRICES_FILE", "/nowhere/prices.toml"),
    ],
)
def test_a_figure_that_is_none_is_refused_by_its_variable(variable, value):
    with pytest.raises(BadSettings, match=f"{variable}: "):
        load_group(MoneySettings, {variable: value})


def test_a_file_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "prices.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="cannot be read as UTF-8"):
        table(prices_file=str(tmp_path / "prices.toml"))


def test_a_model_is_priced_by_what_the_framework_counts():
    assert set(SimpleNamespace(**next(iter(LLM.values()))).__dict__) <= set(_framework_fields())


def _framework_fields():
    from livekit.agents.metrics.usage import LLMModelUsage

    return LLMModelUsage.model_fields
