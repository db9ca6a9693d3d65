"""Says what one turn may cost at most, and what it costs as a rule."""

from __future__ import annotations

from dataclasses import dataclass

from worker.bill import LIVEKIT_LINE, PHONE_LINE, Price
from worker.settings import CallSettings, LlmSettings, OutcomeSettings, SttSettings, TtsSettings, TurnSettings

Usage = dict[str, dict[str, float]]
MINUTE_SECONDS = 60.0
CHARACTERS_PER_TOKEN = 4
"""Of a reply: English has about four, Indian scripts have fewer; numbers grow when they are spoken."""
INSTRUCTIONS_TOKENS = 3000
"""The system prompt, the tools and what they have found."""
TOOL_ROUNDS = 2
USUAL_SECONDS, USUAL_CHARACTERS, USUAL_TOKENS_READ, USUAL_TOKENS_WRITTEN = 15.0, 150, 1500, 60


@dataclass(frozen=True, slots=True)
class Turns:
    """Prices the turns of one deployment, by its settings."""

    stt: SttSettings
    llm: LlmSettings
    tts: TtsSettings
    call: CallSettings
    turns: TurnSettings
    outcome: OutcomeSettings

    def dearest_rupees(self, price: Price) -> float:
        """Return what a turn may cost at most: a minute of sound, the longest reply, all speculation, an outcome."""
        reply = self.llm.max_reply_tokens
        requests = 1 + self.turns.speculation_tries + TOOL_ROUNDS
        usage: Usage = {
            f"stt_usage:{self.stt.model}": {"audio_duration": MINUTE_SECONDS},
            f"tts_usage:{self.tts.model}": {"characters_count": CHARACTERS_PER_TOKEN * reply},
            f"llm_usage:{self.llm.model}": {
                "input_tokens": requests * self._request_tokens, "output_tokens": requests * reply,
            },
            LIVEKIT_LINE: {"seconds": MINUTE_SECONDS},
            PHONE_LINE: {"seconds": MINUTE_SECONDS},
        }  # fmt: skip
        return _known(usage, price) + self.outcome_rupees(price)

    def usual_rupees(self, price: Price) -> float:
        """Return what a turn costs as a rule."""
        usage: Usage = {
            f"stt_usage:{self.stt.model}": {"audio_duration": USUAL_SECONDS},
            f"tts_usage:{self.tts.model}": {"characters_count": USUAL_CHARACTERS},
            f"llm_usage:{self.llm.model}": {
                "input_tokens": USUAL_TOKENS_READ, "output_tokens": USUAL_TOKENS_WRITTEN,
            },
        }  # fmt: skip
        return _known(usage, price)

    @property
    def _request_tokens(self) -> int:
        return 2 * self.call.history_tokens + INSTRUCTIONS_TOKENS  # History lets it grow to twice that

    def outcome_rupees(self, price: Price) -> float:
        """Return what an outcome may cost at most; 0 where none is written."""
        if not self.outcome.is_on:
            return 0.0
        model = self.outcome.outcome_model or self.llm.model
        tokens: dict[str, float] = {
            "input_tokens": self._request_tokens, "output_tokens": self.outcome.outcome_max_tokens,
        }  # fmt: skip
        return _known({f"llm_usage:{model}": tokens}, price)


def _known(usage: Usage, price: Price) -> float:
    """Return a price; where budgets are set, worker/budget/checks.py has seen to it that there is one."""
    return price(usage).rupees or 0.0
