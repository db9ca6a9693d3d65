"""Check how a text is to be spoken: what the service refuses, for a socket and a request alike, is refused here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.control.catalogue import Catalogue
from sandbox.sarvam.voices import DEFAULT_SPEAKER, SPEAKERS
from sandbox.speech.audio_codecs import CONTENT_TYPES
from sandbox.speech.voice_activity import Samples
from sandbox.speech.voices import DEFAULT_WORDS_PER_MINUTE, LANGUAGES, render_async

STREAM_RATES = (8000, 16000, 22050, 24000)
REST_RATES = (*STREAM_RATES, 32000, 44100, 48000)
_RANGES: dict[str, dict[str, tuple[float, float]]] = {
    "bulbul:v2": {"pace": (0.3, 3.0), "pitch": (-0.75, 0.75), "loudness": (0.3, 3.0)},
    "bulbul:v3": {"pace": (0.5, 2.0), "temperature": (0.01, 2.0)},
    "bulbul:v4-flash": {
        "pace": (0.5, 2.0),
        "temperature": (0.01, 1.0),
        "pitch": (-0.5, 0.5),
        "loudness": (0.1, 2.5),
    },
}
_HAS_DICTIONARIES = ("bulbul:v3", "bulbul:v4-flash")
_REFUSED_FIELDS = {"bulbul:v3": ("pitch", "loudness")}


class BadSpeech(ValueError):
    """A config the service would refuse; the message is what it would say."""


@dataclass(frozen=True)
class Speech:
    """How a segment is to be spoken: a config that was checked."""

    language: str
    speaker: str
    model: str
    pace: float
    codec: str
    sample_rate: int
    min_buffer_characters: int
    max_chunk_characters: int
    dict_id: str | None = None

    async def render(self, text: str) -> Samples:
        words_per_minute = DEFAULT_WORDS_PER_MINUTE * self.pace
        return await render_async(text, self.language, self.speaker, self.sample_rate, words_per_minute)


def checked_speech(
    config: Mapping[str, Any], model: str, rates: tuple[int, ...], catalogue: Catalogue | None = None
) -> Speech:
    """Refuse what the service refuses: a voice of another model, a language without a voice, numbers out of range."""
    catalogue = catalogue or Catalogue()
    model = str(config.get("model") or model)
    if model not in (offered := catalogue.offered(tuple(SPEAKERS))):
        raise BadSpeech(f"Model {model!r} does not exist. Available: {', '.join(offered)}")
    language = config.get("target_language_code") or config.get("language_code")
    if language not in LANGUAGES:
        raise BadSpeech(f"target_language_code {language!r} is not supported by {model}")
    speaker = config.get("speaker") or DEFAULT_SPEAKER[model]
    if speaker not in (voices := catalogue.speakers(SPEAKERS[model])):
        raise BadSpeech(
            f"Speaker '{speaker}' is not compatible with model {model}. Available: {', '.join(sorted(voices))}"
        )
    for field in _REFUSED_FIELDS.get(model, ()):
        if config.get(field) is not None:
            raise BadSpeech(f"{field} is not supported by {model}")
    dict_id = config.get("dict_id")
    if dict_id is not None and (model not in _HAS_DICTIONARIES or not isinstance(dict_id, str)):
        raise BadSpeech(f"dict_id {dict_id!r} is not supported by {model}")
    numbers = {name: _number(config, name, low, high) for name, (low, high) in _RANGES[model].items()}
    codec = config.get("output_audio_codec") or "mp3"
    if codec not in CONTENT_TYPES:
        raise BadSpeech(f"output_audio_codec {codec!r} is not one of {', '.join(CONTENT_TYPES)}")
    default_rate = 24000 if codec == "opus" else 22050
    rate = config.get("speech_sample_rate") or default_rate
    if rate not in rates and str(rate) not in map(str, rates):
        raise BadSpeech(f"speech_sample_rate {rate!r} is not one of {', '.join(map(str, rates))}")
    return Speech(
        language=language,
        speaker=speaker,
        model=model,
        pace=numbers["pace"] or 1.0,
        codec=codec,
        sample_rate=int(rate),
        min_buffer_characters=int(_number(config, "min_buffer_size", 30, 200) or 50),
        max_chunk_characters=int(_number(config, "max_chunk_length", 50, 500) or 150),
        dict_id=dict_id,
    )


def _number(config: Mapping[str, Any], name: str, low: float, high: float) -> float | None:
    value = config.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadSpeech(f"{name} must be from {low:g} to {high:g}, not {value!r}")
    return float(value)
