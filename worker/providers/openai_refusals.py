"""Makes a refusal of OpenAI's models plain to the conversation: spoken where it has words, else marked as one.

The plugin loses both of a model's own ways of saying no (`delta.refusal`, and an answer that ends with
`content_filter`), and a refused request looks like an outage, over which its fallback would give a healthy model up. It
also loses a tool call whose answer does not end with `tool_calls` or `stop`.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from functools import cache, cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any

import httpx2
import openai

from worker.faults import REFUSED_KEY, SILENT_KEY, kind_of_request
from worker.providers.request_times import note_first_token, note_sent

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionChunk

# The plugin's own: a call waits for its first token by LLM_FIRST_TOKEN_SECONDS, request by request.
_TIMEOUT = httpx2.Timeout(connect=15.0, read=5.0, write=5.0, pool=5.0)
_ENDS_OF_CALLS = ("tool_calls", "stop")
_LIMITS = httpx2.Limits(max_connections=50, max_keepalive_connections=50, keepalive_expiry=120)


@cache
def tls() -> ssl.SSLContext:
    """Return the TLS context of all clients: making one reads every certificate of the machine, 0.04 s of CPU."""
    return httpx2.create_ssl_context()


class PlainClient(openai.AsyncClient):
    """Wraps OpenAI's client, as the plugin uses it, so that its chat completions never hide a refusal."""

    def __init__(self, api_key: str, base_url: str | None) -> None:
        http = httpx2.AsyncClient(
            timeout=_TIMEOUT, limits=_LIMITS, follow_redirects=True, verify=tls(), event_hooks={"request": [note_sent]}
        )
        super().__init__(api_key=api_key, base_url=base_url, max_retries=0, http_client=http)

    @cached_property
    def chat(self) -> Any:
        """Return chat completions of our own; everything else is OpenAI's."""
        return _Chat(super().chat.completions)


class _Chat:
    def __init__(self, completions: Any) -> None:
        self.completions = _Completions(completions)


class _Completions:
    def __init__(self, completions: Any) -> None:
        self._completions = completions

    async def create(self, **request: Any) -> Any:
        """Return a stream of chunks; of a single marked one when just this request is refused."""
        try:
            stream = await self._completions.create(**request)
            return _PlainStream(stream, most_tokens=request.get("max_completion_tokens"))
        except openai.APIStatusError as error:
            kind = kind_of_request(error.status_code, f"{error.message} {error.body}")
            if kind is None:
                raise
            return _PlainStream(None, kind)


class _PlainStream:
    """Gives the refusal in an answer words or a mark, and ends what never ends."""

    def __init__(self, stream: Any, refused: str | None = None, most_tokens: int | None = None) -> None:
        self._stream = stream
        self._refused = refused
        self._most_tokens = most_tokens

    async def __aenter__(self) -> _PlainStream:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            await self._stream.close()

    async def __aiter__(self) -> AsyncIterator[ChatCompletionChunk]:
        if self._refused is not None:
            yield _marked(self._refused)
            return
        answer = _Answer(self._most_tokens)
        try:
            async for chunk in self._stream:
                for choice in chunk.choices:
                    if choice.delta is not None:
                        answer.follow(choice)
                yield chunk
                if not answer.said_no and any(choice.finish_reason == "content_filter" for choice in chunk.choices):
                    yield _marked("filtered")
                    return
                if answer.is_endless:
                    break
            if answer.owes_call:
                yield _chunk({}, "tool_calls")
            elif answer.is_cut:
                yield _chunk({"extra_content": {SILENT_KEY: True}})
        except openai.APIStatusError:
            raise
        except openai.APIError as error:  # an error event in the middle of the answer
            kind = kind_of_request(_status(error), f"{error.message} {error.code} {error.body}")
            if kind is None:
                raise
            yield _marked(kind)


class _Answer:
    """Follows one answer, for what the plugin makes nothing of."""

    def __init__(self, most_tokens: int | None) -> None:
        self._most_tokens = most_tokens
        self._has_begun = self._has_words = False
        self._arguments: str | None = None  # of the call that is being written
        self._unheard_tokens = 0
        self._finish_reason: str | None = None
        self.said_no = False
        """Whether the model refuses in words of its own."""

    def follow(self, choice: Any) -> None:
        """Take in the next piece; the words of a refusal become the answer's own."""
        delta = choice.delta
        if words := getattr(delta, "refusal", None):
            delta.content = (delta.content or "") + words
            self.said_no = True
        if not self._has_begun and (delta.content or delta.tool_calls):
            self._has_begun = True
            note_first_token()
        says_something = any(map(str.isalnum, delta.content or ""))
        self._has_words = self._has_words or says_something
        self._unheard_tokens += not says_something
        for function in (call.function for call in delta.tool_calls or [] if call.function):
            self._arguments = ("" if function.name else self._arguments or "") + (function.arguments or "")
        self._finish_reason = choice.finish_reason or self._finish_reason
        if self._finish_reason and self.owes_call:
            self._finish_reason = choice.finish_reason = "tool_calls"

    @property
    def is_endless(self) -> bool:
        """Whether it goes on with nothing that can be heard for longer than the whole answer may be."""
        return self._most_tokens is not None and self._unheard_tokens > self._most_tokens

    @property
    def owes_call(self) -> bool:
        """Whether a tool call is whole, and the plugin would lose it over how the answer ends."""
        if self._finish_reason in (*_ENDS_OF_CALLS, "content_filter"):
            return False
        return self._arguments is not None and _is_json(self._arguments)

    @property
    def is_cut(self) -> bool:
        """Whether the answer was broken off before it had come to anything: to ask for it ten times is no use."""
        if self._finish_reason in _ENDS_OF_CALLS:
            return False
        ended_early = self._finish_reason is not None or self.is_endless
        return ended_early and (self._arguments is not None or not self._has_words)


def _is_json(text: str) -> bool:
    try:
        json.loads(text or "{}")
    except ValueError:
        return False
    return True


def _status(error: openai.APIError) -> int | None:
    """Return the HTTP status that vLLM and OpenRouter give as the code of an error in the middle of an answer."""
    code = str(error.code)
    return int(code) if len(code) == 3 and code.isascii() and code.isdigit() else None


def _marked(kind: str) -> ChatCompletionChunk:
    return _chunk({"extra_content": {REFUSED_KEY: kind}})  # the plugin passes `extra_content` on


def _chunk(delta: dict[str, Any], finish_reason: str | None = None) -> ChatCompletionChunk:
    from openai.types.chat import ChatCompletionChunk  # slow to import: not before the first call's process needs it

    return ChatCompletionChunk.model_validate(
        {
            "id": "refused",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": "",
            "choices": [{"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": finish_reason}],
        }
    )
