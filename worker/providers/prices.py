"""Prices a call, in rupees, from the providers' own counters and a dated price table."""

from __future__ import annotations

from typing import Any

PRICES_AS_OF = "2026-10"
RUPEES_PER_DOLLAR = 88.0
# Sarvam: docs.sarvam.ai, as of 2026-09-20. gpt-6-luna: dollars per million tokens, third party, 2026-10.
STT_RUPEES_PER_HOUR = 30.0
TTS_RUPEES_PER_10K_CHARACTERS = {"bulbul:v3": 30.0}
LLM_DOLLARS_PER_MILLION = {"gpt-6-luna": (0.10, 0.01, 0.50), "gpt-4o-mini": (0.15, 0.075, 0.60)}


def cost_rupees(usage: dict[str, Any]) -> float | None:
    """Return the sum of what has a known price; None when nothing has, or a model in use has none."""
    total = 0.0
    for key, counters in usage.items():
        cost = _cost(key, counters)
        if cost is None:
            return None
        total += cost
    return round(total, 4) if usage else None


def _cost(key: str, counters: dict[str, float]) -> float | None:
    kind, _, model = key.partition(":")
    if kind.startswith("stt"):
        return float(counters.get("audio_duration", 0.0)) / 3600 * STT_RUPEES_PER_HOUR
    if kind.startswith("tts"):
        price = TTS_RUPEES_PER_10K_CHARACTERS.get(model)
        return None if price is None else counters.get("characters_count", 0) / 10_000 * price
    if kind.startswith("llm"):
        prices = LLM_DOLLARS_PER_MILLION.get(model)
        return None if prices is None else _tokens(counters, prices)
    return 0.0  # local models cost nothing


def _tokens(counters: dict[str, float], prices: tuple[float, float, float]) -> float:
    cached = counters.get("input_cached_tokens", 0)
    fresh = counters.get("input_tokens", 0) - cached
    written = counters.get("output_tokens", 0)
    dollars = (fresh * prices[0] + cached * prices[1] + written * prices[2]) / 1_000_000
    return dollars * RUPEES_PER_DOLLAR
