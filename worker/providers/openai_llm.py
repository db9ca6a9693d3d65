"""Builds OpenAI's model, from the official plugin."""

from __future__ import annotations

import asyncio
from typing import Any

from livekit.agents import llm
from livekit.plugins import openai

from worker.livekit_internals import warm_client
from worker.providers.openai_models import reasons
from worker.providers.openai_refusals import PlainClient
from worker.settings import LlmSettings, OpenAiSettings

CONNECT_AFTER_SECONDS = 1.5


class GreetingFirst(openai.LLM):
    """Connects while the greeting is heard: before it a caller waits for every core, and so do those beside them."""

    def prewarm(self, *, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Open the connection of the first request in a moment; called when the session starts."""
        (loop or asyncio.get_event_loop()).call_later(CONNECT_AFTER_SECONDS, super().prewarm)


def build_llm(settings: LlmSettings, api: OpenAiSettings) -> llm.LLM[Any]:
    """Build the model that writes the replies; a fallback model stands behind it when one is set."""
    first = _model(settings.model, settings, api)
    if not settings.fallback_model:
        return first
    return llm.FallbackAdapter(
        [first, _model(settings.fallback_model, settings, api)],
        attempt_timeout=settings.first_token_seconds,
        max_retry_per_llm=0,
    )


def _model(name: str, settings: LlmSettings, api: OpenAiSettings) -> GreetingFirst:
    options: dict[str, Any] = {"max_completion_tokens": settings.max_reply_tokens}
    if reasons(name):
        # The plugin does not know that gpt-6 reasons: without this it thinks before every word, and calls no tools.
        options["reasoning_effort"] = settings.reasoning_effort
    if settings.temperature is not None:
        options["temperature"] = settings.temperature
    client = PlainClient(api.api_key.get_secret_value(), api.base_url)
    return GreetingFirst(model=name, client=client, **options)


def warm(model: llm.LLM[Any]) -> None:
    """Do the slow imports of the first request before a caller waits for it."""
    warm_client(model)
