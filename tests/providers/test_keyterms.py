"""WORKER_KEYTERMS: what is read, what is refused, and what each recogniser is asked with."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from worker.checks import setting_problems
from worker.environment import load_settings
from worker.errors import BadSettings
from worker.livekit_internals import ask_sarvam_stt_for
from worker.providers.sarvam_stt import build_stt

KEYS = {
    "LIVEKIT_URL": "wss://live.example", "LIVEKIT_API_KEY": "k", "LIVEKIT_API_SECRET": "s" * 32,
    "SARVAM_API_KEY": "sarvam", "OPENAI_API_KEY": "openai",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _addresses_as_they_were():
    yield
    ask_sarvam_stt_for({})


def settings(**given):
    return load_settings(KEYS | given)


def recogniser(**given):
    chosen = settings(**given)
    return build_stt(chosen.stt, chosen.sarvam)


def address_of(recogniser):
    """The address the plugin opens for its next stream, by its own hand."""
    from livekit.plugins.sarvam import stt, stt_streaming

    if "realtime" in type(recogniser).__name__.lower():
        return stt_streaming._build_realtime_ws_url(recogniser._opts.base_url, recogniser._opts)
    return stt._build_websocket_url(recogniser._opts.streaming_url, recogniser._opts)


def query(**given):
    return {name: values[0] for name, values in parse_qs(urlsplit(address_of(recogniser(**given))).query).items()}


def test_terms_come_from_a_line_or_a_file(tmp_path):
    assert settings(WORKER_KEYTERMS=" Zyntu, , कृष्णराजपुरम ,Zyntu").stt.keyterms == ["Zyntu", "कृष्णराजपुरम"]
    file = tmp_path / "terms"
    file.write_text("\ufeff# our products\nZyntu Pro, blue\n\nகோயம்புத்தூர்\n", encoding="utf-8")
    assert settings(WORKER_KEYTERMS=f"@{file}").stt.keyterms == ["Zyntu Pro, blue", "கோயம்புத்தூர்"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"WORKER_KEYTERMS": "@/no/such"}, "WORKER_KEYTERMS: the file '/no/such' cannot be read"),
        ({"WORKER_KEYTERMS": ",".join(f"t{n}" for n in range(51))}, "WORKER_KEYTERMS: has 51 terms; Sarvam takes 50"),
        ({"WORKER_KEYTERMS": "x" * 65}, "has 65 characters; Sarvam takes 64"),
        ({"TTS_PRONUNCIATIONS": "Zyntu"}, "TTS_PRONUNCIATIONS: 'Zyntu' is not `name=how it is said`"),
        ({"TTS_PRONUNCIATIONS": "Zyntu="}, "TTS_PRONUNCIATIONS: 'Zyntu=' is not `name=how it is said`"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_by_name(given, told):
    with pytest.raises(BadSettings) as refused:
        settings(**given)
    assert told in str(refused.value)


@pytest.mark.parametrize("model", ["saaras:v4", "saaras:v4-realtime"])
def test_v4_is_asked_with_the_terms_on_both_sockets(model):
    asked = query(STT_MODEL=model, WORKER_KEYTERMS="Zyntu,कृष्णराजपुरम & Co")
    assert json.loads(asked["keyterms"]) == ["Zyntu", "कृष्णराजपुरम & Co"]
    assert asked["model"] == "saaras:v4"


def test_the_older_realtime_model_has_the_terms_as_a_hint():
    asked = query(STT_MODEL="saaras:v3-realtime", WORKER_KEYTERMS="Zyntu,K S R")
    assert asked["prompt"] == "Zyntu, K S R"
    assert asked["model"] == "saaras:v3-realtime"
    assert "keyterms" not in asked


@pytest.mark.parametrize("model", ["saaras:v4", "saaras:v3", "saaras:v3-realtime", "saaras:v4-realtime"])
def test_without_terms_nothing_is_added(model):
    query(STT_MODEL="saaras:v4", WORKER_KEYTERMS="left over")
    assert not {"keyterms", "prompt"} & query(STT_MODEL=model).keys()


def test_a_recogniser_that_takes_none_is_told_of_at_start():
    (problem,) = setting_problems(settings(STT_MODEL="saaras:v3", WORKER_KEYTERMS="Zyntu"))
    assert problem.startswith("WORKER_KEYTERMS: saaras:v3 (STT_MODEL) takes none")
