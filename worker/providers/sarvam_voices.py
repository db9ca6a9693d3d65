"""Says which of Sarvam's voices speaks which language, and which of those that are set cannot.

Apart from what builds the voice, because settings are checked with it: without the framework, which takes two seconds
to import, a wrong one is told at once.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from runpy import run_path

from worker.languages import ENGLISH, SUPPORTED
from worker.settings import TtsSettings

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
    return sorted(_speakers(model) - refused)


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


@cache
def _speakers(model: str) -> frozenset[str]:
    """Return the plugin's own list of a model's voices, from its file: its package imports OpenAI's plugin, too."""
    package = find_spec("livekit.plugins.sarvam")
    assert package is not None
    assert package.origin is not None
    table = run_path(str(Path(package.origin).with_name("models.py")))["MODEL_SPEAKER_COMPATIBILITY"]
    return frozenset(table[model]["all"])
