"""Builds voice activity detection: LiveKit's built-in silero, or the silero plugin, tuned for the end of a turn."""

from __future__ import annotations

from livekit.agents import inference, vad
from livekit.plugins import silero

from worker.settings import TurnSettings

# Both run the same network. The plugin's default of 0.55 s of silence would be added to every turn; below 0.25 s the
# framework refuses local turn detection.
MIN_SILENCE_SECONDS = 0.25


def build_vad(settings: TurnSettings) -> vad.VAD:
    """Build the detector that WORKER_VAD names."""
    if settings.vad == "silero":
        return silero.VAD.load(min_silence_duration=MIN_SILENCE_SECONDS)
    return inference.VAD(model="silero", min_silence_duration=MIN_SILENCE_SECONDS)
