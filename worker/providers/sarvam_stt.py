"""Builds Sarvam's recogniser, from the official plugin, and points it at the right address."""

from __future__ import annotations

import json
from typing import Any

from livekit import rtc
from livekit.agents import APIConnectOptions, stt

from worker.languages import LANGUAGES
from worker.livekit_internals import ask_sarvam_stt_for, point_sarvam_stt_at, send_sarvam_stt_sound_as_it_comes
from worker.ports import WholeRecording
from worker.settings import SarvamSettings, SttSettings


def point_at(base_url: str) -> None:
    """Send the plugin to `base_url`: its own argument of that name does nothing."""
    point_sarvam_stt_at(base_url, websocket(base_url))


def websocket(base_url: str) -> str:
    """Return the same address for WebSockets: http becomes ws, https becomes wss."""
    return "ws" + base_url.removeprefix("http")


def build_stt(settings: SttSettings, api: SarvamSettings) -> stt.STT[Any]:
    """Build the recogniser of one call; its sockets are opened when the call starts."""
    from livekit.plugins import sarvam  # seconds of imports that only a call needs

    base = settings.base_url or api.base_url
    point_at(base)
    key = api.api_key.get_secret_value()
    ask_sarvam_stt_for(_asked_in_the_address(settings))
    send_sarvam_stt_sound_as_it_comes()
    if settings.streams:
        return _realtime(settings, key, base)
    return sarvam.STT(
        language=settings.language,
        model=settings.model,
        mode=settings.mode,
        api_key=key,
    )


def by_request(recogniser: stt.STT[Any], seconds: float) -> WholeRecording | None:
    """Return what recognises a whole recording by one REST request: a way round sockets that fail.

    None where the recogniser has no such request (the streaming one), or none is wanted.
    """
    if not recogniser.capabilities.offline_recognize or not seconds:
        return None

    async def recognise(frames: list[rtc.AudioFrame]) -> stt.SpeechEvent:
        # The plugin gives its limit to the whole request; trying again is the conversation's.
        return await recogniser.recognize(frames, conn_options=APIConnectOptions(max_retry=0, timeout=seconds))

    return recognise


def _realtime(settings: SttSettings, key: str, base_url: str) -> stt.STT[Any]:
    from livekit.plugins import sarvam

    # Here "detect" is `auto`, and Odia has its standard code, `or-IN`: both differ from the other endpoint.
    known = LANGUAGES.get(settings.language)
    return sarvam.STTRealtime(
        language=known.standard_code if known else "auto",
        api_key=key,
        base_url=f"{websocket(base_url)}/speech-to-text-realtime/ws",
        mode=settings.mode,
        # The older model has no keyterms but a hint in words.
        prompt=", ".join(settings.keyterms) or None if settings.model == "saaras:v3-realtime" else None,
    )


def _asked_in_the_address(settings: SttSettings) -> dict[str, str]:
    """Return what Sarvam takes in a socket's address and plugin 1.8.9 has no argument for."""
    asked = {}
    if settings.model == "saaras:v4-realtime":
        asked["model"] = "saaras:v4"
    if settings.keyterms and settings.model.startswith("saaras:v4"):
        asked["keyterms"] = json.dumps(settings.keyterms, ensure_ascii=False)
    return asked
