"""Names what went wrong at a provider, in words a log query can count: one kind per fault."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from livekit.agents import APIConnectionError, APIError, APIStatusError, APITimeoutError

LONGEST_CHAIN = 5  # causes of causes; a chain can be a circle
REFUSED_KEY = "vaani_refused"  # in an answer's chunk (`delta.extra`): the kind of request fault that it stands for
SILENT_KEY = "vaani_silent"  # likewise: the answer was broken off before it had come to anything
KINDS_OF_REQUEST = frozenset({"filtered", "too_long", "rejected"})
# Statuses that say something about who asks, where or how often, and nothing about what was asked.
STATUSES_OF_CALLER = frozenset({401, 402, 403, 404, 405, 407, 408, 409, 421, 425, 426, 429, 451, 499})
# Codes and words of OpenAI, of Azure, and of servers that speak their protocol (vLLM, LiteLLM, llama.cpp).
_WORDS_OF_FILTER = (
    "content_filter", "content filter", "content_policy", "content policy", "content management policy",
    "contentpolicyviolation", "responsibleaipolicy", "invalid_prompt", "moderation", "usage policies", "safety system",
    "flagged", "prohibited_content", "data_inspection_failed", "content exists risk", "inappropriate content",
    "blocked due to safety", "response was blocked", "prompt was blocked", "content was blocked", "input was blocked",
    "output was blocked", "finishreason: safety", "finish_reason: safety", "guardrail", "responsible ai",
    "sensitive words", "safety filter", "safety settings",
)  # fmt: skip
# Codes that nothing else is called by, whatever the status.
_CODES_OF_REQUEST = {
    "content_filter": "filtered", "content_policy_violation": "filtered", "responsibleaipolicyviolation": "filtered",
    "flagged_input": "filtered", "context_length_exceeded": "too_long", "contextwindowexceeded": "too_long",
}  # fmt: skip
_WORDS_OF_LENGTH = (
    "context_length", "context length", "context window", "context size", "string_above_max_length", "too long",
    "too many tokens", "request too large", "maximum number of tokens", "exceeds the limit", "max_tokens_exceeded",
    "payload too large", "tokens exceed", "exceed the configured limit", "exceeds the maximum", "prompt is too large",
    "input is too large", "maximum prompt length", "maximum model length", "max_model_len", "max_new_tokens",
    "input length", "contextwindowexceeded", "reduce the length", "too large for model",
)  # fmt: skip
_WORDS_OF_ACCOUNT = (
    "insufficient_quota", "billing", "invalid_api_key", "invalid_subscription", "model_not_found",
    "does not exist", "deactivated", "unsupported_parameter", "unsupported_value", "unknown_parameter",
    "unrecognized request argument",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """Describes one failed try."""

    provider: str
    """stt, llm, tts, or the name of a tool."""
    kind: str
    """refused, rate_limited, server_error, timeout, connection, closed, empty, malformed, unexpected; wordless;
    and of one request only: filtered, too_long, rejected."""
    retryable: bool
    """Whether the very same request may yet succeed, without anybody mending anything."""
    attempt: int
    detail: str = ""
    retry_after_seconds: float | None = None
    """How long the provider asks to be left alone, if it said so."""

    @property
    def of_request(self) -> bool:
        """Return whether only this request is at fault: sending it again is useless, the provider is well."""
        return not self.retryable and self.kind in KINDS_OF_REQUEST


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
    if isinstance(error, RequestRefused):
        return Fault(provider, error.kind, False, attempt)
    if isinstance(error, APIStatusError):
        status = error.status_code
        if status < 0:  # a refused handshake: Sarvam's plugin keeps its status in the cause only
            status = getattr(error.__cause__, "status", status)
        if status < 0 and (kind := _kind_in_words(str(error.message))):
            return Fault(provider, kind, kind != "refused", attempt, "error frame")
        if kind := kind_of_request(status, f"{error.message} {error.body}"):
            return Fault(provider, kind, False, attempt, f"status {status}")
        return Fault(
            provider,
            _kind_of_status(status),
            status in {408, 429} or status >= 500 or status < 0,
            attempt,
            f"status {status}",
        )
    if isinstance(error, APITimeoutError | asyncio.TimeoutError):
        return Fault(provider, "timeout", True, attempt, type(error).__name__)
    if isinstance(error, WordlessAnswer):
        return Fault(provider, "wordless", True, attempt)
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


def kind_of_request(status: int | None, message: str) -> str | None:
    """Return what is wrong with one request: filtered, too_long or rejected; None when it is not about the request.

    Args:
        status: The HTTP status; None for an error without one, which is about the request only if it says so.
        message: The provider's words and codes.
    """
    words = message.casefold()
    code = next((code for code in _CODES_OF_REQUEST if code in words), None)
    if code is not None and (status is None or status in {400, 403} or status >= 500):
        return _CODES_OF_REQUEST[code]  # whatever words of the caller stand beside it; a gateway calls it its own fault
    if any(word in words for word in _WORDS_OF_ACCOUNT):
        return None
    if status == 429:  # more tokens in one request than are allowed in a minute: waiting does not help
        return "too_long" if "request too large" in words else None
    if status is not None and not 400 <= status < 500:
        return None
    if any(word in words for word in _WORDS_OF_FILTER):
        return "filtered"
    if status in STATUSES_OF_CALLER:
        return None
    if status in {413, 414, 431} or any(word in words for word in _WORDS_OF_LENGTH):
        return "too_long"
    return None if status is None else "rejected"


def _kind_of_status(status: int) -> str:
    if status in {401, 403}:
        return "refused"
    if status == 429:
        return "rate_limited"
    if 1000 <= status < 1100:  # WebSocket close codes
        return "closed"
    return "server_error" if status >= 500 or status < 0 else "refused"


def _kind_in_words(message: str) -> str | None:
    """Read the code of Sarvam's error frames: it is in words only, which the plugin puts into its message."""
    kinds = (("invalid_api_key", "refused"), ("rate_limit", "rate_limited"), ("quota", "rate_limited"))
    return next((kind for word, kind in kinds if word in message), None)


def _cause(error: BaseException) -> str:
    cause = error.__cause__
    return type(cause or error).__name__


class RequestRefused(APIError):
    """A provider is well and will not answer this one request; `kind` is one of KINDS_OF_REQUEST."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"this request was refused: {kind}", retryable=False)
        self.kind = kind


class EmptyAnswer(APIError):
    """A provider answered, with nothing in it."""

    def __init__(self, provider: str) -> None:
        super().__init__(f"{provider} answered with nothing", retryable=True)


class WordlessAnswer(APIError):
    """A provider answered, with nothing in it that can be heard: a smiley, markup, a tool it may not call."""

    def __init__(self, provider: str) -> None:
        super().__init__(f"{provider} answered without a word", retryable=True)


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
