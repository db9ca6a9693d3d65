"""The language model: does each that is configured answer, and how soon."""

from __future__ import annotations

import asyncio
import contextlib
import time

import aiohttp
from livekit.agents import APIConnectOptions, APIError, APIStatusError, APITimeoutError, llm

from doctor.checking import Finding, NotLooked, Wrong
from doctor.refusals import quoted, refused, unreachable
from doctor.sarvam import BENCH
from doctor.spending import MODEL_TEXT, MODEL_TOKENS, models_of
from doctor.surroundings import OPENAI, Surroundings
from worker.providers.openai_llm import build_llm

WHERE = "platform.openai.com"
SLOWEST_TOKEN_SECONDS = 2.0
"""Beyond this a caller waits longer than WORKER_REPLY_LATE_SECONDS allows, whatever the others do."""
LIST_SECONDS = 5.0


async def answers(around: Surroundings) -> Finding:
    """Ask every configured model for one word."""
    if problem := around.address_problem(around.openai_url):
        raise NotLooked(problem)
    seconds = {}
    for model, variable in models_of(around.settings).items():
        seconds[model] = await _first_token(around, model, variable)
    slowest = max(seconds, key=lambda model: seconds[model])
    told = ", ".join(f"{model} after {each:.2f} s" for model, each in seconds.items())
    if seconds[slowest] > SLOWEST_TOKEN_SECONDS:
        raise Wrong(
            f"{slowest} is slow: the first word came after {seconds[slowest]:.2f} s; the bench assumes "
            f"{BENCH.llm_first_token_seconds:.2f} s",
            "Callers would wait: check LLM_REASONING_EFFORT (none does not think first), try again at another hour, or "
            "choose a smaller LLM_MODEL",
        )
    figures = {"first_token_seconds": {model: round(each, 3) for model, each in seconds.items()}}
    return Finding(f"first word of {told} (the bench assumes {BENCH.llm_first_token_seconds:.2f} s)", figures)


async def _first_token(around: Surroundings, name: str, variable: str) -> float:
    """Return the time to the first token: of the second try where the first was slow, for that made the connection."""
    settings = around.settings.llm.model_copy(update={"model": name, "fallback_model": None})
    model = build_llm(settings, around.settings.openai)
    try:
        first = await _one_word(around, model, name)
        return first if first <= SLOWEST_TOKEN_SECONDS else min(first, await _one_word(around, model, name))
    except APIError as error:
        raise await _explained(around, name, variable, error) from None
    finally:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(model.aclose(), 1.0)


async def _one_word(around: Surroundings, model: llm.LLM, name: str) -> float:  # type: ignore[type-arg]
    context = llm.ChatContext.empty()
    context.add_message(role="user", content=MODEL_TEXT)
    options = APIConnectOptions(max_retry=0, timeout=around.settings.llm.first_token_seconds)
    began_at, first, usage = time.monotonic(), None, None
    async with model.chat(chat_ctx=context, conn_options=options) as stream:
        async for chunk in stream:
            if chunk.delta is not None and chunk.delta.content:
                first = first or time.monotonic() - began_at
            usage = chunk.usage or usage
    tokens_in = usage.prompt_tokens if usage else MODEL_TOKENS["input_tokens"]
    tokens_out = usage.completion_tokens if usage else MODEL_TOKENS["output_tokens"]
    around.spending.wrote(name, tokens_in, tokens_out)
    if first is None:
        raise Wrong(
            f"{name} answered without a word",
            "Check LLM_REASONING_EFFORT and LLM_MAX_REPLY_TOKENS: thinking may use all tokens up",
        )
    return first


async def _explained(around: Surroundings, name: str, variable: str, error: APIError) -> Wrong:
    own = around.openai_url != OPENAI
    if isinstance(error, APITimeoutError):
        return Wrong(
            f"{name} has not said a word within {around.settings.llm.first_token_seconds:g} s",
            "Try again; if it stays so, look at OpenAI's status page, or set LLM_FALLBACK_MODEL",
        )
    if not isinstance(error, APIStatusError):
        return unreachable("OPENAI_BASE_URL", around.openai_url, error)
    status, said = error.status_code, f"{error.message} {error.body or ''}"
    if status == 404 and ("model" in said.lower() or not own):
        offered = await _offered(around)
        return Wrong(
            f"{name} (of {variable}) is not offered to this key (HTTP 404)",
            f"Set {variable} to one that is: {', '.join(offered) or 'see the list at ' + WHERE}; `make drift` says "
            "what else has moved",
        )
    if own and status in (404, 405):
        return Wrong(
            f"what answers at OPENAI_BASE_URL does not speak OpenAI's protocol (HTTP {status})",
            "Leave OPENAI_BASE_URL empty for OpenAI; another server's address mostly ends in /v1",
        )
    if status in (400, 422):
        return Wrong(
            f"{name} refuses the request (HTTP {status}): {quoted(said)}", f"Mend what it names, or {variable}"
        )
    return refused("OpenAI", "OPENAI_API_KEY", status, said, WHERE)


async def _offered(around: Surroundings) -> list[str]:
    """The text models of the list that this key sees, the likeliest first."""
    headers = {"Authorization": f"Bearer {around.settings.openai.api_key.get_secret_value()}"}
    with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError, ValueError, KeyError, TypeError):
        limit = aiohttp.ClientTimeout(total=LIST_SECONDS)
        async with around.http.get(f"{around.openai_url}/models", headers=headers, timeout=limit) as answer:
            names = [str(each["id"]) for each in (await answer.json(content_type=None))["data"]]
            return sorted((name for name in names if name.startswith("gpt-")), reverse=True)[:8]
    return []
