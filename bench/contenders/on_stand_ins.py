"""What every contender needs to run here: the stand-ins' addresses, and no load limit that would turn calls away."""

from __future__ import annotations

import os
from typing import Any

import livekit.plugins.sarvam.stt as sarvam_stt
from livekit.agents import AgentServer


def point_sarvam_at_the_stand_ins() -> str:
    """Returns the base URL; `sarvam.STT(base_url=…)` does nothing in 1.8.9, its addresses are module globals."""
    base = os.environ["SARVAM_BASE_URL"]
    sarvam_stt.SARVAM_STT_BASE_URL = f"{base}/speech-to-text"
    sarvam_stt.SARVAM_STT_STREAMING_URL = f"{_websocket(base)}/speech-to-text/ws"
    return base


def voice_addresses() -> dict[str, Any]:
    """Arguments for `sarvam.TTS`."""
    base = os.environ["SARVAM_BASE_URL"]
    return {"base_url": f"{base}/text-to-speech", "ws_url": f"{_websocket(base)}/text-to-speech/ws"}


def without_load_limit(server: AgentServer) -> AgentServer:
    """A busy machine gets no calls by default, and its callers hear nothing: that is not what is measured here."""
    server.load_fnc = _no_load
    return server


def _no_load() -> float:
    return 0.0


def _websocket(url: str) -> str:
    return "ws" + url.removeprefix("http")
