"""Stand in for the pages on which the vendors name their prices and what ends when, in the Markdown that they serve.

Only the lines that a program can rely on; the numbers are those of 2026-09-20 and 2026-09-22. A reader has no key, so
the scope is in the address.
"""

from collections.abc import Mapping

from aiohttp import web

from sandbox.control.scopes import Scope
from sandbox.control.vendor import SCOPES

DOLLARS_PER_MILLION: dict[str, dict[str, float]] = {
    "gpt-6-luna": {"input": 0.10, "cached": 0.01, "cache_write": 0.125, "output": 0.50},
    "gpt-6-sol": {"input": 2.0, "cached": 0.20, "cache_write": 2.50, "output": 10.0},
    "gpt-5.6-luna": {"input": 0.20, "cached": 0.02, "output": 1.20},
    "gpt-4o-mini": {"input": 0.15, "cached": 0.075, "output": 0.60},
}
LABELS = {"input": "Input", "cached": "Cached input", "cache_write": "Cache writes", "output": "Output"}
RUPEES = {"stt_hour": 30.0, "bulbul:v3": 30.0}
SHUTDOWNS = {
    "gpt-4o-mini": "2027-01-14", "gpt-4o": "2027-01-14", "gpt-4.1": "2027-01-14", "gpt-4.1-mini": "2027-01-14",
    "gpt-5": "2026-12-11", "gpt-5-mini": "2026-12-11", "gpt-5-nano": "2026-12-11",
}  # fmt: skip


async def openai_model(request: web.Request) -> web.Response:
    """`/api/docs/models/MODEL.md`."""
    model, moved = request.match_info["model"], _scope(request).catalogue.dollars_per_million
    prices: Mapping[str, float] | None = moved.get(model) or DOLLARS_PER_MILLION.get(model)
    if prices is None:
        return web.Response(status=404, text="Not found")
    lines = "\n".join(f"{LABELS[name]}\n${price:.4g}" for name, price in prices.items())
    return _markdown(
        f"# {model}\n\n## Pricing\n\nText tokens\nPer 1M tokens\n{lines}\nQuick comparison\nInput\nGPT-5.6 Luna\n$0.2\n"
    )


async def openai_deprecations(request: web.Request) -> web.Response:
    """`/api/docs/deprecations.md`."""
    days = SHUTDOWNS | dict(_scope(request).catalogue.shutdowns)
    rows = "\n".join(f"| {day} | `{model}` | `gpt-6-luna` |" for model, day in days.items())
    return _markdown(
        f"# Deprecations\n\n| Shutdown date | Model / system | Replacement |\n| --- | --- | --- |\n{rows}\n"
    )


async def sarvam_prices(request: web.Request) -> web.Response:
    """`/api/getting-started/pricing.md`."""
    rupees = RUPEES | dict(_scope(request).catalogue.rupees)
    rows = [f"| Speech to Text | ₹{rupees['stt_hour']:g} / hour |", "| Speech to Text with diarization | ₹45 / hour |"]
    rows += [
        f"| {model.replace(':', ' ').capitalize()} | ₹{price:g} / 10K characters |"
        for model, price in rupees.items()
        if model != "stt_hour"
    ]
    return _markdown("# Pricing\n\n| Service | Price |\n| --- | --- |\n" + "\n".join(rows) + "\n")


def _scope(request: web.Request) -> Scope:
    return request.app[SCOPES].for_key(request.match_info["scope"])


def _markdown(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/markdown")
