"""Each kind of drift is found in the providers' stand-ins; nothing is found in the world the code was written for."""

import datetime
import json

import pytest
import yaml

from doctor.drift import __main__ as command
from doctor.drift import pages
from doctor.drift.__main__ import compared, main, settings_without_livekit
from doctor.drift.rows import State
from tests.doctor.deployment import Deployment, stand_ins
from worker.providers.sarvam_voices import default_voice

TODAY = datetime.date(2026, 11, 29)
V4_GUJARATI = default_voice("bulbul:v4-flash", "gu-IN")
DEFAULT = ("defaults", "voice model of a request without one")
DEARER = {"input": 0.2, "cached": 0.02, "cache_write": 0.25, "output": 1.2}


@pytest.fixture
async def world(tmp_path):
    """Compare with a provider's stand-ins in which something has moved."""
    async with stand_ins(tmp_path) as (url, scopes):
        deployment = Deployment(url, scopes, tmp_path)

        async def rows(*, moved=None, today=TODAY, **environ):
            deployment.moves(**(moved or {}))
            keys = {"SARVAM_API_KEY": deployment.key, "OPENAI_API_KEY": deployment.key}
            urls = {"SARVAM_BASE_URL": url, "OPENAI_BASE_URL": f"{url}/v1"}
            settings, missing = settings_without_livekit(keys | urls | environ)
            docs = f"{url}/docs/{deployment.key}"
            return await compared(
                settings, missing, openai_docs=f"{docs}/openai", sarvam_docs=f"{docs}/sarvam", today=today
            )

        rows.deployment = deployment
        yield rows


def found(rows):
    return {(row.kind, row.name): row.told for row in rows if row.state in (State.MOVED, State.FAILED)}


async def test_nothing_has_moved_in_the_world_that_the_code_was_written_for(world):
    rows = await world()
    assert found(rows) == {}
    assert {row.kind for row in rows} == {"models", "voices", "defaults", "limits", "prices"}
    by_hand = {row.name: row.told for row in rows if row.state is State.NOT_LISTED}
    assert by_hand.keys() >= {"bulbul:v4-flash", "saaras:v3-realtime", "turn-detector-v1"}
    assert all("by hand on 2026-" in told for told in by_hand.values())


@pytest.mark.parametrize(
    ("moved", "row", "says"),
    [
        ({"retired": ["gpt-6-luna"]}, ("models", "gpt-6-luna"), "Change LLM_MODEL"),
        ({"retired": ["gpt-6-sol"]}, ("models", "gpt-6-sol"), "prices.toml"),
        ({"retired": ["saaras:v3"]}, ("models", "saaras:v3"), "STT_MODEL"),
        ({"retired": ["saaras:v3-realtime"]}, ("models", "saaras:v3-realtime"), "STT_MODEL"),
        ({"retired": ["bulbul:v4-flash"], "default_tts_model": "bulbul:v3"}, ("models", "bulbul:v4-flash"), "TTS_"),
        ({"renamed_voices": {"kavitha": "kavitha2"}}, ("voices", "28 of bulbul:v3"), "kavitha no longer"),
        ({"renamed_voices": {V4_GUJARATI: "p"}}, ("voices", "9 of bulbul:v4-flash"), V4_GUJARATI),
        ({"default_tts_model": "bulbul:v3"}, DEFAULT, "is bulbul:v3"),
        ({"keyterms_max": 40}, ("limits", "50 key terms of 64 characters"), "takes up to 40"),
        (
            {"dollars_per_million": {"gpt-6-luna": DEARER}},
            ("prices", "gpt-6-luna"), "input is $0.2, the table says $0.1",
        ),
        (
            {"dollars_per_million": {"gpt-5.6-luna": DEARER}},
            ("prices", "gpt-5.6-luna"), "cache_write is $0.25, the table says $none",
        ),
        ({"rupees": {"bulbul:v3": 35}}, ("prices", "bulbul:v3"), "is ₹35, the table says ₹30"),
        ({"rupees": {"bulbul:v4-flash": 20}}, ("prices", "bulbul:v4-flash"), "the table says unknown"),
        ({"shutdowns": {"gpt-6-luna": "2027-03-01"}}, ("models", "gpt-6-luna's end"), "change LLM_MODEL"),
        ({"shutdowns": {"gpt-4o-mini": "2026-12-24"}}, ("models", "gpt-4o-mini's end"), "2026-12-24"),
    ],
)  # fmt: skip
async def test_what_has_moved_is_found_with_what_to_mend(world, moved, row, says):
    told = found(await world(moved=moved))
    assert says in told[row]
    with_it = {DEFAULT} if "default_tts_model" in moved else set()
    assert told.keys() == {row} | with_it


async def test_recognisers_price_moves_for_all_that_have_it(world):
    told = found(await world(moved={"rupees": {"stt_hour": 36}}))
    assert told.keys() == {("prices", "saaras:v4"), ("prices", "saaras:v3")}


async def test_a_voice_that_is_set_and_a_fallback_model_are_compared_too(world):
    environ = {
        "LLM_FALLBACK_MODEL": "gpt-5-mini",
        "TTS_MODEL": "bulbul:v4-flash",
        "TTS_VOICES": "hi-IN=sunny_hi_ads",
    }
    moved = {"retired": ["gpt-5-mini"], "renamed_voices": {"sunny_hi_ads": "sunny_hi"}}
    told = found(await world(moved=moved, **environ))
    assert "LLM_FALLBACK_MODEL" in told["models", "gpt-5-mini"]
    assert "sunny_hi_ads no longer" in told["voices", "10 of bulbul:v4-flash"]


async def test_an_end_that_has_come_is_told(world):
    told = found(await world(today=datetime.date(2027, 1, 14)))
    assert told == {("models", "gpt-4o-mini's end"): "was 2027-01-14: take it out of the code"}


async def test_a_missing_key_is_said_and_is_no_drift(world):
    rows = await world(SARVAM_API_KEY="", OPENAI_API_KEY=" ")
    assert found(rows) == {}
    not_asked = {row.told for row in rows if row.state is State.NOT_ASKED}
    assert not_asked == {"OPENAI_API_KEY is not set", "SARVAM_API_KEY is not set"}


@pytest.mark.parametrize("key", ["SARVAM_API_KEY", "OPENAI_API_KEY"])
async def test_a_refused_key_is_not_silence(world, key):
    told = found(await world(**{key: "invalid"}))
    assert told
    assert all("HTTP 40" in each for each in told.values())


async def test_a_provider_that_does_not_answer_is_not_silence(world):
    told = found(await world(SARVAM_BASE_URL="http://127.0.0.1:1", OPENAI_BASE_URL="http://127.0.0.1:1/v1"))
    assert {"OpenAI", "saaras:v4", "28 of bulbul:v3"} <= {name for _, name in told}


async def test_a_page_that_is_laid_out_anew_says_nothing_rather_than_a_wrong_number(world, monkeypatch):
    async def other(http, url):
        return "# Pricing\n\nAsk our sales team: from $5.\n| Model | From |\n| --- | --- |\n| Bulbul | ₹30 |\n"

    monkeypatch.setattr("doctor.drift.openai.page", other)
    monkeypatch.setattr("doctor.drift.sarvam.page", other)
    rows = await world()
    prices = [row for row in rows if row.kind == "prices"]
    assert {row.state for row in prices} == {State.NOT_LISTED}
    assert found(rows) == {("models", "gpt-4o-mini's end"): found(rows)["models", "gpt-4o-mini's end"]}


async def test_another_address_than_the_vendors_is_not_held_against_its_pages(world):
    url = world.deployment.sandbox_url
    keys = {"SARVAM_API_KEY": "k", "OPENAI_API_KEY": "k", "SARVAM_BASE_URL": url, "OPENAI_BASE_URL": f"{url}/v1"}
    rows = await compared(*settings_without_livekit(keys))
    told = {row.told for row in rows if row.state is State.NOT_ASKED}
    assert told == {"OPENAI_BASE_URL is not OpenAI's own", "SARVAM_BASE_URL is not Sarvam's own"}


TABLE = "| Type | Per 1M tokens |\n| --- | --- |\n| Input | $0.10 |\n| **Cached input** | $0.01 |\n| Output | $0.50 |"
LINES = (
    "Price\n$0.1•$0.5\nInput\nOutput\nText tokens\nPer 1M tokens\nInput\n$0.10\nCached input\n$0.01\nOutput\n$0.50\n"
)


@pytest.mark.parametrize("text", [TABLE, LINES, f"{LINES}Quick comparison\nInput\n$9\nOutput\n$9"])
def test_prices_are_read_from_a_table_and_from_lines(text):
    assert pages.token_prices(text) == {"input": 0.1, "cached": 0.01, "output": 0.5}


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("| 2027‑01‑14 | `gpt-4o-mini` | `gpt-6-luna` |", datetime.date(2027, 1, 14)),
        ("| January 14, 2027 | gpt-4o-mini | gpt-6-luna |", datetime.date(2027, 1, 14)),
        ("| 2027-01-14 | `gpt-4o-mini-tts` | `gpt-6-luna` |", None),
        ("| 2027-01-14 | `gpt-4o` | `gpt-4o-mini` |", None),  # a replacement does not end
        ("gpt-4o-mini was announced on 2024-07-18", None),
        ("| `gpt-4o-mini` | no date |", None),
    ],
)
def test_the_end_of_a_model_is_read_from_its_own_row(line, day):
    assert pages.shutdown(f"# Deprecations\n\n{line}\n", "gpt-4o-mini") == day


def test_the_command_says_what_moved_and_its_exit_code(monkeypatch, capsys):
    from doctor.drift.rows import Row

    rows = [Row("models", "gpt-6-luna", State.MOVED, "gone"), Row("voices", "28", State.SAME, "all there")]

    async def some(*_, **__):
        return rows

    monkeypatch.setattr(command, "compared", some)
    monkeypatch.setenv("VAANI_IGNORE_ENV_FILE", "true")
    assert main([]) == 1
    assert "MOVED      models   gpt-6-luna: gone" in capsys.readouterr().out
    assert main(["--json"]) == 1
    assert json.loads(capsys.readouterr().out)["rows"][0]["state"] == "moved"
    rows.pop(0)
    assert main([]) == 0
    assert "nothing has moved; 1 compared, 0 for somebody" in capsys.readouterr().err
    rows[:] = [Row("models", "Sarvam", State.NOT_ASKED, "no key")]
    assert main([]) == 0
    assert "nothing was compared; 0 compared, 0 for somebody to look at by hand, 1 not asked" in capsys.readouterr().err
    monkeypatch.setenv("TTS_MODEL", "bulbul:v9")
    assert main([]) == 2
    assert "TTS_MODEL" in capsys.readouterr().err


def test_the_weekly_run_is_the_same_command_with_no_more_rights_than_reading(request):
    workflow = yaml.safe_load((request.config.rootpath / ".github/workflows/drift.yml").read_text())
    assert workflow["permissions"] == {"contents": "read"}
    steps = workflow["jobs"]["drift"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == ["make drift"]
    assert set(steps[-1]["env"]) == {"OPENAI_API_KEY", "SARVAM_API_KEY"}
