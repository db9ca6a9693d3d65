"""The definitions of the figures that a call is judged by, as pure functions of times (`out/call.json`)."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.caller.listener import Sound

ANSWER_LIMIT_SECONDS = 15.0


def sounds_since(sounds: Sequence[Sound], first_voiced_at: float) -> list[Sound]:
    """Agent sound that began after the caller did. What was sounding before is not an answer to this turn."""
    return [sound for sound in sounds if sound.started_at >= first_voiced_at]


def voice_to_voice_seconds(
    sounds: Sequence[Sound],
    first_voiced_at: float,
    last_voiced_at: float,
    *,
    limit_seconds: float = ANSWER_LIMIT_SECONDS,
) -> float | None:
    """From the caller's last voiced frame to the first audible agent frame after it; None beyond the limit.

    Agent speech that the caller talked over does not count, however long it went on.
    """
    for sound in sounds_since(sounds, first_voiced_at):
        for at in sound.frames:
            if at >= last_voiced_at:
                wait = at - last_voiced_at
                return wait if wait <= limit_seconds else None
    return None


def is_cut_off(sounds: Sequence[Sound], first_voiced_at: float, last_voiced_at: float) -> bool:
    """Whether agent audio began while the caller was still speaking, pauses included."""
    return any(sound.started_at < last_voiced_at for sound in sounds_since(sounds, first_voiced_at))


def barge_in_seconds(sounds: Sequence[Sound], first_voiced_at: float) -> float | None:
    """From the caller's first voiced frame to the agent's silence; None if the agent was not speaking then."""
    for sound in sounds:
        if sound.started_at < first_voiced_at < sound.ended_at:
            return sound.ended_at - first_voiced_at
    return None
