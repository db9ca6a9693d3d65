"""The faults a person can ask for by name: `make demo FAULT=llm-hang`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class NamedFault:
    """What a person reads, and what the stand-ins are told."""

    what: str
    faults: tuple[Mapping[str, Any], ...]


def _fault(what: str, provider: str, kind: str, **more: Any) -> NamedFault:
    return NamedFault(what, (MappingProxyType({"provider": provider, "fault": kind, **more}),))


# Each begins before the caller's second turn, so that a person first hears the call as it should be.
FAULTS: Mapping[str, NamedFault] = MappingProxyType(
    {
        "llm-hang": _fault("the model takes the request and says nothing for 8 s", "llm", "hang", for_seconds=8),
        "llm-500": _fault("the model answers HTTP 500 to its next three requests", "llm", "server_error", times=3),
        "llm-limit": _fault("the model answers HTTP 429 with Retry-After", "llm", "rate_limited", times=3),
        "llm-key": _fault("the model refuses the key, for 8 s", "llm", "unauthorized", for_seconds=8),
        "llm-drop": _fault("the model's answer breaks off in mid-sentence", "llm", "drop", times=1),
        "llm-stall": _fault("the model stops in mid-sentence and keeps the line open", "llm", "stall", times=1),
        "llm-dead": _fault("the model is down and stays down", "llm", "server_error"),
        "stt-close": _fault("the recogniser closes its socket, politely (1000)", "stt", "close_1000", times=1),
        "stt-hang": _fault("the recogniser takes audio and hears nothing, for 6 s", "stt", "hang", for_seconds=6),
        "stt-drop": _fault("the recogniser's line breaks while the caller speaks", "stt", "drop", times=1),
        "stt-empty": _fault("the recogniser understands nothing of the next turn", "stt", "empty", times=1),
        "stt-dead": _fault("the recogniser is down and stays down", "stt", "server_error"),
        "tts-hang": _fault("the voice takes the text and stays silent, once", "tts", "hang", times=1),
        "tts-drop": _fault("the voice breaks off in mid-sentence", "tts", "drop", times=1),
        "tts-dead": _fault("the voice is down and stays down: the apology is ready audio", "tts", "server_error"),
        "slow": NamedFault(
            "everything takes three times as long",
            tuple(MappingProxyType({"provider": provider, "fault": "slow"}) for provider in ("stt", "llm", "tts")),
        ),
    }
)  # fmt: skip
BEGINS_AT_TURN = 1


def fault_help() -> str:
    """The menu, one fault a line."""
    lines = [f"  FAULT={name:<12} {fault.what}" for name, fault in FAULTS.items()]
    return "\n".join(["Hear what a caller hears when something breaks:", *lines])
