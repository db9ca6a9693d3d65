"""Tell the stand-in recogniser what it is about to hear, over the sandbox's control endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp

from sandbox.caller.errors import CallFailure
from sandbox.caller.plan import Turn
from sandbox.caller.speech import Speech


@dataclass(frozen=True, slots=True)
class Control:
    """The control endpoint and the scope (the API key of the worker) whose recogniser is told."""

    url: str
    scope: str = "default"

    @property
    def scope_url(self) -> str:
        return f"{self.url.rstrip('/')}/control/scopes/{quote(self.scope, safe='')}"

    @property
    def transcripts_url(self) -> str:
        return f"{self.scope_url}/transcripts"


def transcript_entry(turn: Turn, speech: Speech) -> dict[str, Any]:
    """What the recogniser will claim for this turn, with the time at which each word has been said."""
    text = turn.heard_text if turn.heard_text is not None else turn.text
    words = speech.words if text == turn.text else ()  # other words have no times: the stand-in spreads them
    return {
        "text": text,
        "language": turn.heard_language or turn.language,
        "probability": turn.heard_probability,
        "duration_seconds": round(speech.voiced_seconds, 3),
        "words": [{"text": w.text, "end_seconds": round(w.end_seconds, 3)} for w in words] or None,
    }


async def queue_transcript(control: Control, entry: dict[str, Any], *, timeout_seconds: float = 5.0) -> None:
    """Append one transcript. Raises CallFailure `control_failed`."""
    await _ask(control, "POST", control.transcripts_url, {"transcripts": [entry]}, timeout_seconds)


async def ensure_scope(control: Control, *, timeout_seconds: float = 5.0) -> None:
    """Make the scope exist before the agent opens its sockets: a key without a scope is served by `default`, for as
    long as the socket lives, and would never see what is queued later. Raises CallFailure `control_failed`."""
    await _ask(control, "PATCH", control.scope_url, {}, timeout_seconds)


async def _ask(control: Control, method: str, url: str, body: dict[str, Any], timeout_seconds: float) -> None:
    timeout = aiohttp.ClientTimeout(total=timeout_seconds)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as http, http.request(method, url, json=body) as reply:
            if reply.status != 200:
                text = (await reply.text())[:200]
                raise CallFailure("control_failed", f"{url} answered {reply.status}: {text}")
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise CallFailure(
            "control_failed", f"The sandbox's control endpoint {control.url} cannot be reached: {error!r}"
        ) from error
