"""Times the stages of a turn, from the caller's last word to the reply's first sound, as the worker sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TurnTimings:
    """Seconds; None where the framework did not say. Voice-to-voice latency is measured at the caller, not here."""

    end_of_turn_seconds: float | None
    """Last speech to the decision that the caller had finished."""
    llm_first_token_seconds: float | None
    tts_first_audio_seconds: float | None
    e2e_latency_seconds: float | None

    @classmethod
    def from_metrics(cls, heard: Mapping[str, Any], said: Mapping[str, Any]) -> TurnTimings:
        """From the framework's reports on the caller's message and on the reply."""
        return cls(
            end_of_turn_seconds=_seconds(heard.get("end_of_turn_delay")),
            llm_first_token_seconds=_seconds(said.get("llm_node_ttft")),
            tts_first_audio_seconds=_seconds(said.get("tts_node_ttfb")),
            e2e_latency_seconds=_seconds(said.get("e2e_latency")),
        )

    def as_dict(self) -> dict[str, float | None]:
        return asdict(self)


def _seconds(value: object) -> float | None:
    return round(float(value), 4) if isinstance(value, int | float) and value >= 0 else None
