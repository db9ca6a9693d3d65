"""What went wrong at a provider, in words a log query can count: one kind per fault, whoever's exception it was."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

LONGEST_CHAIN = 5  # causes of causes; a chain can be a circle


@dataclass(frozen=True, slots=True)
class Fault:
    """One failed try."""

    provider: str
    """stt, llm, tts, or the name of a tool."""
    kind: str
    """refused, rate_limited, server_error, timeout, connection, closed, empty, malformed, unexpected."""
    retryable: bool
    attempt: int
    detail: str = ""
    retry_after_seconds: float | None = None
    """How long the provider asks to be left alone, if it said so."""


def describe(provider: str, error: BaseException, attempt: int) -> Fault:
    """Name a provider's exception. `detail` never holds what was said: it is the error's class and status only."""
    return replace(_named(provider, error, attempt), retry_after_seconds=retry_after_seconds(error))


def retry_after_seconds(error: BaseException) -> float | None:
    """The `Retry-After` of a refused request or handshake, in seconds; None without one that can be read.

    The plugins keep the refusal as the cause of their own error: OpenAI's with its response, aiohttp's with headers.
    A date (RFC 9110, section 10.2.3) is not read: neither provider sends one, and a caller waits for seconds only.
    """
    cause: BaseException | None = error
    for _ in range(LONGEST_CHAIN):
        if cause is None:
            return None
        headers = getattr(cause, "headers", None) or getattr(getattr(cause, "response", None), "headers", None)
        if headers is not None and (said := headers.get("Retry-After")) is not None:
            return _positive(said)
        cause = cause.__cause__
    return None


def _positive(said: str) -> float | None:
    try:
        seconds = float(said)
    except ValueError:
        return None
    return seconds if 0.0 < seconds < float("inf") else None


def _named(provider: str, error: BaseException, attempt: int) -> Fault:
    if isinstance(error, APIStatusError):
        status = error.status_code
        if status < 0:  # a refused handshake: Sarvam's plugin keeps its status in the cause only
            status = getattr(error.__cause__, "status", status)
        if status < 0 and (kind := _kind_in_words(str(error.message))):
            return Fault(provider, kind, kind != "refused", attempt, "error frame")
        return Fault(
            provider,
            _kind_of_status(status),
            status in {408, 429} or status >= 500 or status < 0,
            attempt,
            f"status {status}",
        )
    if isinstance(error, APITimeoutError | asyncio.TimeoutError):
        return Fault(provider, "timeout", True, attempt, type(error).__name__)
    if isinstance(error, EmptyAnswer):
        return Fault(provider, "empty", True, attempt)
    if isinstance(error, NothingHeard):
        return Fault(provider, "timeout", True, attempt, "no words")
    if isinstance(error, EndedQuietly):
        return Fault(provider, "closed", True, attempt)
    if isinstance(error, APIConnectionError):
        return Fault(provider, "connection", True, attempt, _cause(error))
    if isinstance(error, APIError):
        return Fault(
            provider, "malformed" if "JSON" in str(error) else "unexpected", error.retryable, attempt, _cause(error)
        )
    return Fault(provider, "malformed" if isinstance(error, ValueError) else "unexpected", True, attempt, _cause(error))


def _kind_of_status(status: int) -> str:
    if status in {401, 403}:
        return "refused"
    if status == 429:
        return "rate_limited"
    if 1000 <= status < 1100:  # WebSocket close codes
        return "closed"
    return "server_error" if status >= 500 or status < 0 else "refused"


def _kind_in_words(message: str) -> str | None:
    """Sarvam's error frames have codes in words only, which the plugin puts into its message."""
    kinds = (("invalid_api_key", "refused"), ("rate_limit", "rate_limited"), ("quota", "rate_limited"))
    return next((kind for word, kind in kinds if word in message), None)


def _cause(error: BaseException) -> str:
    cause = error.__cause__
    return type(cause or error).__name__


class EmptyAnswer(APIError):
    """A provider answered, with nothing in it."""

    def __init__(self, provider: str) -> None:
        super().__init__(f"{provider} answered with nothing", retryable=True)


class NothingHeard(APIConnectionError):
    """Somebody spoke, and the recogniser said nothing: the next stream is given the same audio again."""

    def __init__(self) -> None:
        super().__init__("speech got no words out of the recogniser")


class EndedQuietly(APIConnectionError):
    """The recogniser's stream ended without an error: without this the agent would be deaf for the rest of the call.

    Sarvam's plugin ends normally when its socket closes with 1000 or 1001, and the framework reopens the stream only
    after an APIError (livekit-agents 1.8.9, voice/audio_recognition.py).
    """

    def __init__(self) -> None:
        super().__init__("the recogniser's stream ended without an error")
