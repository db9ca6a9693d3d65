"""Builds the turn detector that WORKER_TURN_DETECTOR names, or says why it cannot."""

from __future__ import annotations

from typing import Any

from livekit.agents import TurnHandlingOptions, inference

from worker.end_of_turn.sound.model import WEIGHTS
from worker.errors import MissingModelFiles
from worker.livekit_internals import multilingual_weights
from worker.settings import TurnSettings

EARLIEST_SECONDS = {"words": 0.06, "any": 0.1}
"""How much speech stops a reply: two windows of the voice detector, and twice that where it alone decides."""
_MULTILINGUAL_FILES = (("model_q8.onnx", "onnx"), ("languages.json", None), ("tokenizer.json", None))


def hears_sound(settings: TurnSettings) -> bool:
    """Return whether turns are also judged by their sound: `vaani` does, where its weights are."""
    return settings.turn_detector == "vaani" and settings.turn_audio != "off" and WEIGHTS.is_file()


def misses_sound(settings: TurnSettings) -> bool:
    """Return whether turns would be judged by their sound too, were the weights here."""
    return settings.turn_detector == "vaani" and settings.turn_audio == "auto" and not WEIGHTS.is_file()


def check_turn_detector(settings: TurnSettings) -> None:
    """Refuse a detector that would crash every call, and one that lacks what it was told to use.

    The plugin's `MultilingualModel` lets the worker start, register and accept jobs without its weights; each call
    then dies in silence.

    Raises:
        MissingModelFiles: The weights are not on this machine.
    """
    if settings.turn_detector == "vaani" and settings.turn_audio == "on" and not WEIGHTS.is_file():
        raise MissingModelFiles(
            "WORKER_TURN_AUDIO=on cannot start",
            why=f"there is no {WEIGHTS}",
            do="Run `make setup` where there is a network, or choose auto",
            retryable=False,
        )
    if settings.turn_detector != "multilingual":
        return
    missing = [name for name, folder in _MULTILINGUAL_FILES if not _cached(name, folder)]
    if missing:
        raise MissingModelFiles(
            "WORKER_TURN_DETECTOR=multilingual cannot start",
            why=f"{', '.join(missing)} of the turn-detector plugin is not on this machine",
            do="Run `python -m livekit.agents download-files` where there is a network, or choose v1-mini or vaani",
            retryable=False,
        )


def _cached(name: str, folder: str | None) -> bool:
    from huggingface_hub import try_to_load_from_cache

    path = f"{folder}/{name}" if folder else name
    repository, revision = multilingual_weights()
    found = try_to_load_from_cache(repository, path, revision=revision)
    return isinstance(found, str)


def turn_handling(settings: TurnSettings, detector: Any = None) -> TurnHandlingOptions:
    """Return the session's turn options.

    Args:
        detector: Our own detector, when WORKER_TURN_DETECTOR is `vaani`; it waits by itself, so the framework adds
            nothing before it and cuts nothing off after it.
    """
    own = settings.turn_detector == "vaani"
    return TurnHandlingOptions(
        turn_detection=detector if own else build_detector(settings),
        endpointing={
            "mode": "fixed",
            "min_delay": 0.0 if own else settings.min_endpointing_seconds,
            "max_delay": 0.0 if own else settings.max_endpointing_seconds,
        },
        interruption={
            # Never adaptive: that sends the caller's audio to LiveKit's cloud.
            "mode": "vad",
            # What is said over the greeting is heard all the same, and answered after it (conversation/overheard.py).
            "discard_audio_if_uninterruptible": False,
            "min_duration": settings.barge_in_seconds or EARLIEST_SECONDS[settings.barge_in],
            "resume_false_interruption": True,
            "false_interruption_timeout": settings.resume_seconds,
        },
        preemptive_generation={
            "enabled": settings.speculation_tries > 0,
            "preemptive_tts": True,
            "max_speech_duration": 30.0,
            "max_retries": settings.speculation_tries,
        },
    )


def build_detector(settings: TurnSettings) -> Any:
    """Return what the framework takes as `turn_detection` for each value but `vaani`."""
    name = settings.turn_detector
    if name in ("vad", "stt"):
        return name
    if name == "multilingual":
        from livekit.plugins.turn_detector.multilingual import MultilingualModel

        return MultilingualModel()
    # The version is always given: left open, `dev` mode would choose the cloud's and send it the caller's audio.
    return inference.TurnDetector(version="v1" if name == "v1" else "v1-mini")
