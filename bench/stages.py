"""Where each millisecond of a turn went, from what the stand-ins saw and what the caller heard.

The providers' events and the caller's audio carry the same machine's clock, so this works for every contender alike,
whatever it tells about itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

STAGES = (
    "network_in",
    "end_of_speech",
    "final_transcript",
    "end_of_turn_decision",
    "first_token",
    "first_clause",
    "first_audio_byte",
    "network_out",
)
Event = Mapping[str, Any]


def stages_of_turn(
    events: Sequence[Event],
    *,
    last_voiced_at: float,
    heard_at: float,
    end_of_speech_seconds: float,
    first_token_seconds: float,
    decided_after_seconds: float | None,
) -> dict[str, float] | None:
    """Seconds by stage; they sum to the voice-to-voice latency. None when the events do not tell one plain turn.

    The decision's share is what nothing else explains: a model that is asked only after it, text that is ready and not
    spoken, sound that is ready and held back.

    Args:
        events: Of the stand-ins, with their epoch times.
        end_of_speech_seconds, first_token_seconds: As configured.
        decided_after_seconds: The worker's own account, from last speech to its decision; None without one.
    """
    found = _marks(events, last_voiced_at, heard_at)
    if found is None:
        return None
    ended, final, asked, answered, spoken, sound = found
    in_the_ears = ended - last_voiced_at
    window = min(end_of_speech_seconds, max(0.0, in_the_ears))
    token = min(first_token_seconds, spoken - asked)
    ready_to_speak = max(asked + token, min(spoken, answered))
    held = 0.0
    if decided_after_seconds is not None:
        held = min(max(0.0, last_voiced_at + decided_after_seconds - sound), heard_at - sound)
    return {
        "network_in": in_the_ears - window,
        "end_of_speech": window,
        "final_transcript": final - ended,
        "end_of_turn_decision": (asked - final) + (spoken - ready_to_speak) + held,
        "first_token": token,
        "first_clause": ready_to_speak - asked - token,
        "first_audio_byte": sound - spoken,
        "network_out": heard_at - sound - held,
    }


def _marks(
    events: Sequence[Event], last_voiced_at: float, heard_at: float
) -> tuple[float, float, float, float, float, float] | None:
    """End of speech, final, model asked, model done, text spoken, first sound; all before the caller heard it."""
    ended = _last(events, "stt", "speech_ended", last_voiced_at - 0.05, heard_at)
    final = _last(events, "stt", "transcript", ended, heard_at)
    asked = _last(events, "llm", "asked", final, heard_at)
    answered = _first(events, "llm", "answered", asked, float("inf"))
    spoken = _first(events, "tts", "speak", asked, heard_at)
    sound = _first(events, "tts", "first_audio", spoken, heard_at)
    marks = (ended, final, asked, answered, spoken, sound)
    if any(mark is None for mark in marks):
        return None
    return tuple(float(mark) for mark in marks if mark is not None)  # type: ignore[return-value]


def _times(events: Sequence[Event], provider: str, kind: str, since: float | None, until: float) -> list[float]:
    if since is None:
        return []
    return [
        event["at"]
        for event in events
        if event["provider"] == provider and event["kind"] == kind and since <= event["at"] <= until
    ]


def _last(events: Sequence[Event], provider: str, kind: str, since: float | None, until: float) -> float | None:
    return max(_times(events, provider, kind, since, until), default=None)


def _first(events: Sequence[Event], provider: str, kind: str, since: float | None, until: float) -> float | None:
    return min(_times(events, provider, kind, since, until), default=None)
