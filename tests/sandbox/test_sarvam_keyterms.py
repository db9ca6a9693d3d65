"""The stand-ins take names where the service does, and refuse them as it does; the worker's recognisers bring them."""

import json

import aiohttp
import numpy as np
import pytest
from conftest import spoken
from livekit import rtc

from worker.environment import load_settings
from worker.livekit_internals import ask_sarvam_stt_for
from worker.providers.sarvam_stt import build_stt

SOCKET = "/speech-to-text/ws?language-code=unknown&vad_signals=true&sample_rate=16000&mode=transcribe"
REALTIME = "/speech-to-text-realtime/ws?language_code=auto"


@pytest.mark.parametrize("path", [SOCKET, REALTIME])
@pytest.mark.parametrize(
    ("model", "keyterms", "told"),
    [
        ("saaras:v3", ["Zyntu"], "saaras:v3"),
        ("saaras:v4", "Zyntu", "keyterms must be a JSON list of strings"),
        ("saaras:v4", ["x" * 65], "keyterms takes up to 50 terms of 64 characters"),
        ("saaras:v4", [str(n) for n in range(51)], "keyterms takes up to 50 terms of 64 characters"),
    ],
)
async def test_what_the_service_refuses_is_refused(scope, path, model, keyterms, told):
    model = "saaras:v3-realtime" if (path, model) == (REALTIME, "saaras:v3") else model
    address = f"{scope.base_url}{path}"
    async with scope.http.get(
        address, params={"model": model, "keyterms": json.dumps(keyterms)}, headers=scope.headers
    ) as response:
        assert response.status == 400
        assert told in await response.text()


@pytest.mark.parametrize("model", ["saaras:v4", "saaras:v4-realtime"])
async def test_the_workers_recogniser_brings_its_names(scope, monkeypatch, model):
    import livekit.plugins.sarvam.stt as plugin

    for name in ("SARVAM_STT_BASE_URL", "SARVAM_STT_STREAMING_URL"):
        monkeypatch.setattr(plugin, name, getattr(plugin, name))
    keys = {"LIVEKIT_URL": "ws://127.0.0.1:1", "LIVEKIT_API_KEY": "k", "LIVEKIT_API_SECRET": "s" * 32}
    keys |= {"SARVAM_API_KEY": scope.key, "SARVAM_BASE_URL": scope.base_url, "OPENAI_API_KEY": "k"}
    await scope.queue({"text": "the Zyntu is broken", "language": "en-IN"})
    settings = load_settings(keys | {"STT_MODEL": model, "WORKER_KEYTERMS": "Zyntu,कृष्णराजपुरम"})
    recogniser = build_stt(settings.stt, settings.sarvam)
    try:
        async with aiohttp.ClientSession() as http:
            recogniser._session = http
            stream = recogniser.stream()
            sound = np.concatenate([spoken("the tea is broken"), np.zeros(16000, np.int16)])
            for start in range(0, len(sound), 800):
                part = sound[start : start + 800]
                stream.push_frame(rtc.AudioFrame(part.tobytes(), 16000, 1, len(part)))
            stream.end_input()
            heard = [event.alternatives[0].text async for event in stream if event.alternatives]
            await stream.aclose()
    finally:
        ask_sarvam_stt_for({})
    assert "the Zyntu is broken" in heard
    (opened,) = await scope.seen("stt", "opened")
    assert opened["model"] == "saaras:v4"
    assert json.loads(opened["keyterms"]) == ["Zyntu", "कृष्णराजपुरम"]
