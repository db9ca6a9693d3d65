"""Builds Sarvam's voices, from the official plugin: which one speaks which language, and how it is switched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp

from worker.languages import ENGLISH, SUPPORTED
from worker.livekit_internals import sarvam_speakers
from worker.providers.sarvam_stt import websocket
from worker.settings import SarvamSettings, TtsSettings
from worker.spoken import Pronunciations

if TYPE_CHECKING:
    from livekit.plugins import sarvam

# bulbul:v3 voices speak every language; these are the ones Sarvam's own samples use for it. amelia and sophia pass
# the plugin's check but not the API's (agents#6774).
_REFUSED_BY_THE_API = {"bulbul:v3": {"amelia", "sophia"}}
_DEFAULT_VOICES: dict[str, dict[str, str]] = {
    "bulbul:v3": {
        "bn-IN": "roopa", "en-IN": "priya", "gu-IN": "rupali", "hi-IN": "priya", "kn-IN": "kavya", "ml-IN": "shruti",
        "mr-IN": "ishita", "od-IN": "pooja", "pa-IN": "simran", "ta-IN": "kavitha", "te-IN": "suhani",
    },
}  # fmt: skip
# bulbul:v4-flash has no Malayalam or Odia voice; an English-and-Hindi one is the nearest that the API accepts there.
_V4_NEIGHBOUR = {"ml-IN": "ta", "od-IN": "bn"}


def voice_for(settings: TtsSettings, language: str) -> str:
    """Return the voice that speaks `language`: the one set in TTS_VOICES, else the model's default for it."""
    return settings.voices.get(language) or default_voice(settings.model, language)


def default_voice(model: str, language: str) -> str:
    """The documented default voice of a model for a language; the English one where it has none."""
    return next(iter(default_voices(model, language) or default_voices(model, ENGLISH)))


def default_voices(model: str, language: str) -> list[str]:
    """The voices of a model that may speak a language unasked, the best first; empty where it has none."""
    if model in _DEFAULT_VOICES:
        return [voice for code, voice in _DEFAULT_VOICES[model].items() if code == language]
    code = _V4_NEIGHBOUR.get(language, language.split("-")[0])
    candidates = [voice for voice in fitting_voices(model) if f"_{code}_" in voice]
    return sorted(candidates, key=lambda voice: not voice.endswith(("_customer", "_conversational", "_conversation")))


def fitting_voices(model: str) -> list[str]:
    """Voices that both the plugin and the API accept for `model`."""
    refused = _REFUSED_BY_THE_API.get(model, set())
    return sorted(sarvam_speakers(model) - refused)


def languages_without_a_voice(settings: TtsSettings) -> list[str]:
    """What is wrong, a sentence for each language that calls are held in and nobody would speak."""
    return [
        f"TTS_VOICES: {settings.model} (TTS_MODEL) has no voice of its own for {language}. Name one: {language}=VOICE"
        for language in SUPPORTED
        if language not in settings.voices and not default_voices(settings.model, language)
    ]


def voice_problems(settings: TtsSettings) -> list[str]:
    """Return what is wrong with TTS_VOICES for this model, one sentence each; empty when all fit."""
    fitting = fitting_voices(settings.model)
    problems = []
    for language, voice in settings.voices.items():
        if voice not in fitting:
            problems.append(
                f"TTS_VOICES: {voice!r} for {language} is no voice of {settings.model} (TTS_MODEL); "
                f"these fit: {', '.join(_for_language(fitting, language))}"
            )
        elif (spoken := _language_in_name(voice)) and not _speaks(spoken, language):
            problems.append(
                f"TTS_VOICES: {voice!r} speaks {spoken}, not {language}; "
                f"these fit: {', '.join(_for_language(fitting, language))}"
            )
    return problems


def _language_in_name(voice: str) -> str | None:
    """bulbul:v4-flash names are name_LANGUAGE_style; bulbul:v3 names are one word."""
    parts = voice.split("_")
    return parts[1] if len(parts) > 2 else None


def _speaks(spoken: str, language: str) -> bool:
    code = language.split("-")[0]
    return code in spoken or spoken == _V4_NEIGHBOUR.get(language)


def _for_language(voices: list[str], language: str) -> list[str]:
    return [voice for voice in voices if not (name := _language_in_name(voice)) or _speaks(name, language)]


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
