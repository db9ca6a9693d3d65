"""Says what one turn may cost at most, and what it costs as a rule."""

from __future__ import annotations

from worker.ports import LIVEKIT_LINE, PHONE_LINE, Price
from worker.settings import Settings

Usage = dict[str, dict[str, float]]
MINUTE_SECONDS = 60.0
CHARACTERS_PER_TOKEN = 4
"""Of a reply: English has about four, Indian scripts have fewer; numbers grow when they are spoken."""
INSTRUCTIONS_TOKENS = 3000
"""The system prompt, the tools and what they have found."""
TOOL_ROUNDS = 2
USUAL_SECONDS, USUAL_CHARACTERS, USUAL_TOKENS_READ, USUAL_TOKENS_WRITTEN = 15.0, 150, 1500, 60


def dearest_turn_rupees(settings: Settings, price: Price) -> float:
    """Return what a turn may cost at most: a minute of sound, the longest reply, all speculation, and an outcome."""
    reply, history = settings.llm.max_reply_tokens, 2 * settings.call.history_tokens
    requests = 1 + settings.turns.speculation_tries + TOOL_ROUNDS
    usage: Usage = {
        f"stt_usage:{settings.stt.model}": {"audio_duration": MINUTE_SECONDS},
        f"tts_usage:{settings.tts.model}": {"characters_count": CHARACTERS_PER_TOKEN * reply},
        f"llm_usage:{settings.llm.model}": {
            "input_tokens": requests * (history + INSTRUCTIONS_TOKENS), "output_tokens": requests * reply,
        },
        LIVEKIT_LINE: {"seconds": MINUTE_SECONDS},
        PHONE_LINE: {"seconds": MINUTE_SECONDS},
    }  # fmt: skip
    turn = price(usage).rupees or 0.0
    return turn + (_outcome_rupees(settings, price) if settings.outcome.is_on else 0.0)


def usual_turn_rupees(settings: Settings, price: Price) -> float:
    """Return what a turn costs as a rule."""
    usage: Usage = {
        f"stt_usage:{settings.stt.model}": {"audio_duration": USUAL_SECONDS},
        f"tts_usage:{settings.tts.model}": {"characters_count": USUAL_CHARACTERS},
        f"llm_usage:{settings.llm.model}": {
            "input_tokens": USUAL_TOKENS_READ, "output_tokens": USUAL_TOKENS_WRITTEN,
        },
    }  # fmt: skip
    return price(usage).rupees or 0.0


def _outcome_rupees(settings: Settings, price: Price) -> float:
    model = settings.outcome.outcome_model or settings.llm.model
    tokens = {
        "input_tokens": 2 * settings.call.history_tokens + INSTRUCTIONS_TOKENS,
        "output_tokens": settings.outcome.outcome_max_tokens,
    }
    return price({f"llm_usage:{model}": tokens}).rupees or 0.0
