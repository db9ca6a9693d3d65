"""Makes a refusal of OpenAI's models plain to the conversation: spoken where it has words, else marked as one.

The plugin loses both of a model's own ways of saying no (`delta.refusal`, and an answer that ends with
`content_filter`), and a refused request looks like an outage, over which its fallback would give a healthy model up.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from functools import cache, cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any

import httpx2
import openai

from worker.faults import REFUSED_KEY, kind_of_request
from worker.providers.request_times import note_first_token, note_sent

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionChunk

# The plugin's own: a call waits for its first token by LLM_FIRST_TOKEN_SECONDS, request by request.
_TIMEOUT = httpx2.Timeout(connect=15.0, read=5.0, write=5.0, pool=5.0)
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
            return _PlainStream(await self._completions.create(**request))
        except openai.APIStatusError as error:
            kind = kind_of_request(error.status_code, f"{error.message} {error.body}")
            if kind is None:
                raise
            return _PlainStream(None, kind)


class _PlainStream:
    """Gives the refusal in an answer words or a mark."""

    def __init__(self, stream: Any, refused: str | None = None) -> None:
        self._stream = stream
        self._refused = refused

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
        has_begun = said_no = False
        try:
            async for chunk in self._stream:
                for choice in chunk.choices:
                    if choice.delta is None:
                        continue
                    if words := getattr(choice.delta, "refusal", None):
                        choice.delta.content = (choice.delta.content or "") + words
                        said_no = True
                    if not has_begun and (choice.delta.content or choice.delta.tool_calls):
                        has_begun = True
                        note_first_token()
                yield chunk
                if not said_no and any(choice.finish_reason == "content_filter" for choice in chunk.choices):
                    yield _marked("filtered")
                    return
        except openai.APIStatusError:
            raise
        except openai.APIError as error:  # an error event in the middle of the answer
            kind = kind_of_request(_status(error), f"{error.message} {error.code} {error.body}")
            if kind is None:
                raise
            yield _marked(kind)


def _status(error: openai.APIError) -> int | None:
    """Return the HTTP status that vLLM and OpenRouter give as the code of an error in the middle of an answer."""
    code = str(error.code)
    return int(code) if len(code) == 3 and code.isascii() and code.isdigit() else None


def _marked(kind: str) -> ChatCompletionChunk:
    from openai.types.chat import ChatCompletionChunk  # slow to import: not before the first call's process needs it

    delta = {"role": "assistant", "extra_content": {REFUSED_KEY: kind}}  # the plugin passes `extra_content` on
    return ChatCompletionChunk.model_validate(
        {
            "id": "refused",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": "",
            "choices": [{"index": 0, "delta": delta, "finish_reason": None}],
        }
    )
