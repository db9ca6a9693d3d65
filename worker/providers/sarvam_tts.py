"""Builds Sarvam's voice, from the official plugin, and switches it between languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp

from worker.languages import SUPPORTED
from worker.providers.sarvam_stt import websocket
from worker.providers.sarvam_voices import voice_for, voice_problems
from worker.settings import SarvamSettings, TtsSettings
from worker.spoken import Pronunciations

if TYPE_CHECKING:
    from livekit.plugins import sarvam


def build_tts(
    settings: TtsSettings, api: SarvamSettings, language: str, http: aiohttp.ClientSession | None = None
) -> sarvam.TTS:
    """Build the voice of one call, speaking `language` first.

    PCM end to end: linear16 needs no decoder, and at the room's own rate no resampler.
    """
    from livekit.plugins import sarvam  # with OpenAI's, 0.8 s of CPU that the worker's parent can do without

    base = settings.base_url or api.base_url
    path = "/text-to-speech/ws/v2" if settings.model == "bulbul:v4-flash" else "/text-to-speech/ws"
    return sarvam.TTS(
        target_language_code=language,
        model=settings.model,
        speaker=voice_for(settings, language),
        speech_sample_rate=settings.sample_rate_hz,
        pace=settings.pace,
        dict_id=settings.dict_id,
        output_audio_codec="linear16",
        api_key=api.api_key.get_secret_value(),
        base_url=f"{base}/text-to-speech",
        ws_url=f"{websocket(base)}{path}",
        http_session=http,
    )


def _kind_of_address(base_url: str) -> str:
    """Whose voices these are: a stand-in on loopback speaks alike on every port."""
    return "loopback" if urlsplit(base_url).hostname in {"127.0.0.1", "localhost", "::1"} else base_url


class SarvamVoice:
    """Switches the voice between replies: language and speaker travel with each segment, so no socket is lost."""

    def __init__(self, voices: sarvam.TTS | None, settings: TtsSettings, api: SarvamSettings) -> None:
        self._tts = voices
        self._settings = settings
        self.pronunciations = Pronunciations(settings.pronunciations)
        # Another address may be a stand-in with other voices.
        self._at = _kind_of_address(settings.base_url or api.base_url)
        self._chosen: dict[str, str] = {}
        self._language = ""

    def choose(self, language: str, voice: str) -> bool:
        """Use `voice` for `language` in this call (a caller's `voice` attribute); False when it does not fit."""
        trial = TtsSettings.model_construct(model=self._settings.model, voices={language: voice})
        if voice_problems(trial):
            return False
        self._chosen[language] = voice
        self._language = ""
        return True

    def speak_in(self, language: str) -> None:
        """Speak `language` with its voice, from the next reply on."""
        if self._tts is None or language == self._language or language not in SUPPORTED:
            return
        voice = self._chosen.get(language) or voice_for(self._settings, language)
        self._tts.update_options(target_language_code=language, speaker=voice)
        self._language = language

    def recipe(self, language: str) -> dict[str, Any]:
        """Return all that decides how a text sounds in `language`."""
        voice = self._chosen.get(language) or voice_for(self._settings, language)
        chosen = self._settings
        return {
            "model": chosen.model,
            "voice": voice,
            "pace": chosen.pace,
            "rate": chosen.sample_rate_hz,
            "at": self._at,
        } | ({"names": [chosen.dict_id, chosen.pronunciations]} if chosen.dict_id or chosen.pronunciations else {})
