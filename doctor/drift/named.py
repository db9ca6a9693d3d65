"""What the code names, read from where it is named: a new model or voice is compared without anybody's doing."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import get_args

from doctor.spending import models_of
from worker.languages import SUPPORTED
from worker.providers.prices import Price, PriceTable
from worker.providers.sarvam_voices import default_voice, fitting_voices
from worker.settings import KEYTERM_CHARS_MAX, KEYTERMS_MAX, LlmSettings, Settings, SttSettings, TtsSettings

DEFAULT_TTS_MODEL = "bulbul:v4-flash"
"""What a request is spoken by that names no model: the stand-ins rest on it, and the worker names one always."""
SHUTDOWNS = {"gpt-4o-mini": datetime.date(2027, 1, 14)}
"""Days that OpenAI has announced and the documentation repeats."""


@dataclass(frozen=True, slots=True)
class Named:
    """Everything that is compared."""

    configured: dict[str, str]
    """Language models that calls use, each with the variable that names it."""
    priced: tuple[str, ...]
    """OpenAI's models that are in the price table, and may be chosen."""
    stt_models: tuple[str, ...]
    voices: dict[str, tuple[str, ...]]
    """By voice model."""
    prices: tuple[Price, ...]
    keyterms: tuple[int, int] = (KEYTERMS_MAX, KEYTERM_CHARS_MAX)


def is_of_openai(price: Price) -> bool:
    """Whether it is a price of a model of OpenAI's, which names them in dollars."""
    return price.kind == "llm" and price.unit.startswith("dollars")


def named(settings: Settings) -> Named:
    """Collect what the code and these settings name."""
    prices = tuple(PriceTable.load(settings.money))
    configured = models_of(settings)
    configured.setdefault(str(LlmSettings.model_fields["model"].default), "LLM_MODEL's default")
    return Named(
        configured,
        tuple(price.model for price in prices if is_of_openai(price)),
        get_args(SttSettings.model_fields["model"].annotation),
        {model: _voices(model, settings) for model in get_args(TtsSettings.model_fields["model"].annotation)},
        prices,
    )


def _voices(model: str, settings: Settings) -> tuple[str, ...]:
    """The voices that calls use unasked, those that are set, and of a model with a few names all that may be set."""
    names = {default_voice(model, language) for language in SUPPORTED}
    if model == settings.tts.model:
        names.update(settings.tts.voices.values())
    if not any("_" in name for name in names):  # bulbul:v4-flash has hundreds, and the plugin knows some that are gone
        names.update(fitting_voices(model))
    return tuple(sorted(names))
