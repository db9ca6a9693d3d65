"""Where each millisecond of a turn went, from what the stand-ins saw and what the caller heard.

The providers' events and the caller's audio carry the same machine's clock, so this works for every contender alike,
whatever it tells about itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Marks:
    """When things happened in one plain turn, by clocks that are not the worker's; Unix seconds."""

    last_voiced: float
    """At the caller."""
    last_sound: float
    """The same, as it came to the recogniser: dated back within the piece of sound that it was sent in."""
    speech_ended: float
    """The recogniser has heard so much silence that it is sure."""
    final: float
    asked: float
    first_token: float | None
    answered: float
    spoken: float
    """The voice has the first words."""
    first_audio: float
    heard: float
    """At the caller."""


def marks_of_turn(events: Sequence[Event], *, last_voiced_at: float, heard_at: float) -> Marks | None:
    """Return what the stand-ins and the caller saw of a turn, by epoch times; None when it was not one plain turn."""
    endings = _between(events, "stt", "speech_ended", last_voiced_at - 0.05, heard_at)
    if not endings:
        return None
    ended = endings[-1]["at"]
    # More than the silence that it needs to be sure: sound comes in pieces, and the rest of the last one was there too.
    silence_heard = endings[-1]["heard_seconds"] - endings[-1]["audio_seconds"]
    final = _last(events, "stt", "transcript", ended, heard_at)
    asked = _last(events, "llm", "asked", final, heard_at)
    answered = _first(events, "llm", "answered", asked, float("inf"))
    spoken = _first(events, "tts", "speak", asked, heard_at)
    sound = _first(events, "tts", "first_audio", spoken, heard_at)
    if final is None or asked is None or answered is None or spoken is None or sound is None:
        return None
    return Marks(
        last_voiced=last_voiced_at,
        last_sound=max(last_voiced_at, ended - silence_heard),
        speech_ended=ended,
        final=final,
        asked=asked,
        first_token=_first(events, "llm", "first_token", asked, spoken),
        answered=answered,
        spoken=spoken,
        first_audio=sound,
        heard=heard_at,
    )


def stages_of_turn(at: Marks, *, first_token_seconds: float, decided_after_seconds: float | None) -> dict[str, float]:
    """Seconds by stage; they sum to the voice-to-voice latency.

    The decision's share is what nothing else explains: a model that is asked only after it, text that is ready and not
    spoken, sound that is ready and held back.

    Args:
        at: What was seen from outside.
        first_token_seconds: As configured.
        decided_after_seconds: The worker's own account, from last speech to its decision; None without one.
    """
    token = min(first_token_seconds, at.spoken - at.asked)
    ready_to_speak = max(at.asked + token, min(at.spoken, at.answered))
    held = 0.0
    if decided_after_seconds is not None:
        held = min(max(0.0, at.last_voiced + decided_after_seconds - at.first_audio), at.heard - at.first_audio)
    return {
        "network_in": at.last_sound - at.last_voiced,
        "end_of_speech": at.speech_ended - at.last_sound,
        "final_transcript": at.final - at.speech_ended,
        "end_of_turn_decision": (at.asked - at.final) + (at.spoken - ready_to_speak) + held,
        "first_token": token,
        "first_clause": ready_to_speak - at.asked - token,
        "first_audio_byte": at.first_audio - at.spoken,
        "network_out": at.heard - at.first_audio - held,
    }


def _between(events: Sequence[Event], provider: str, kind: str, since: float | None, until: float) -> list[Event]:
    """What a provider saw of this kind, in order; nothing where it is not known since when."""
    if since is None:
        return []
    return [
        event
        for event in events
        if event["provider"] == provider and event["kind"] == kind and since <= event["at"] <= until
    ]


def _last(events: Sequence[Event], provider: str, kind: str, since: float | None, until: float) -> float | None:
    found = _between(events, provider, kind, since, until)
    return found[-1]["at"] if found else None


def _first(events: Sequence[Event], provider: str, kind: str, since: float | None, until: float) -> float | None:
    found = _between(events, provider, kind, since, until)
    return found[0]["at"] if found else None
