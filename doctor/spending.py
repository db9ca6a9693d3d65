"""What the doctor costs: estimated before, counted while it asks, by the worker's own price table."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from worker.languages import LANGUAGES, SUPPORTED
from worker.providers.prices import price_of
from worker.settings import MoneySettings, Settings

KEY_TEXT = "Hi"
"""What is spoken to find out whether Sarvam's key and credit are good."""
MODEL_TEXT = "Answer with the one word: yes"
SAMPLE_SECONDS = 4.0
"""Of sound that the recogniser is sent, silence included; at most."""
MODEL_TOKENS = {"input_tokens": 40, "output_tokens": 20}
GREETING = {"characters_count": 60, "audio_duration": 8.0}
"""What a worker that runs spends on the silent call, where its greeting is not in its cache."""
Usage = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Cost:
    """Rupees, and what is not in them because nobody has told its price."""

    rupees: float
    unpriced: tuple[str, ...] = ()

    def __str__(self) -> str:
        known = f"Rs {self.rupees:.2f}"
        return f"{known}, and {', '.join(self.unpriced)} at a price that is not known" if self.unpriced else known


def voice_text(language: str) -> str:
    """What a language's voice is asked to say: the shortest that is its own."""
    return LANGUAGES[language].endonym


@dataclass
class Spending:
    """Counts what is sent to the providers, in their own units."""

    usage: Usage = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))

    def spoke(self, model: str, characters: int) -> None:
        """Count a text that was spoken."""
        self.usage[f"tts_usage:{model}"]["characters_count"] += characters

    def heard(self, model: str, seconds: float) -> None:
        """Count sound that was sent to be recognised."""
        self.usage[f"stt_usage:{model}"]["audio_duration"] += seconds

    def wrote(self, model: str, tokens_in: float, tokens_out: float) -> None:
        """Count an answer of a model."""
        self.usage[f"llm_usage:{model}"]["input_tokens"] += tokens_in
        self.usage[f"llm_usage:{model}"]["output_tokens"] += tokens_out

    def greeted(self, settings: Settings) -> None:
        """Count what a worker may have spent on the silent call."""
        self.spoke(settings.tts.model, int(GREETING["characters_count"]))
        self.heard(settings.stt.model, GREETING["audio_duration"])

    def cost(self, money: MoneySettings) -> Cost:
        """Price what was counted, model by model: one without a price hides none of the others."""
        bill = price_of(money)
        bills = [bill({key: counters}) for key, counters in self.usage.items()]
        return Cost(
            round(sum(each.rupees for each in bills if each.rupees is not None), 4),
            tuple(name for each in bills for name in each.unpriced),
        )


def models_of(settings: Settings) -> dict[str, str]:
    """The language models that are configured, each with the variable that names it."""
    named = {
        settings.llm.model: "LLM_MODEL",
        settings.llm.fallback_model: "LLM_FALLBACK_MODEL",
        settings.outcome.outcome_model if settings.outcome.is_on else None: "WORKER_OUTCOME_MODEL",
    }
    return {model: variable for model, variable in named.items() if model}


def estimate(settings: Settings, checks: set[str]) -> Cost:
    """Price what these checks are going to ask for, rather too high than too low."""
    spending = Spending()
    if "sarvam" in checks:
        spending.spoke(settings.tts.model, len(KEY_TEXT))
    if "voices" in checks:
        spending.spoke(settings.tts.model, sum(len(voice_text(language)) for language in SUPPORTED))
    if "stt" in checks:
        spending.heard(settings.stt.model, SAMPLE_SECONDS)
    if "llm" in checks:
        for model in models_of(settings):
            spending.wrote(model, 2 * MODEL_TOKENS["input_tokens"], 2 * MODEL_TOKENS["output_tokens"])
    if "dispatch" in checks:
        spending.greeted(settings)
    return spending.cost(settings.money)
