"""What OpenAI lists: models for this key by its API, prices and shutdowns on its pages."""

from __future__ import annotations

import datetime

import aiohttp

from doctor.drift.named import SHUTDOWNS, Named
from doctor.drift.pages import page, shutdown, token_prices
from doctor.drift.rows import Row, State
from worker.providers.prices import Price

LIST_SECONDS = 15.0


async def models(http: aiohttp.ClientSession, url: str, key: str, known: Named) -> list[Row]:
    """Compare the models with the list that this key sees."""
    headers = {"Authorization": f"Bearer {key}"}
    try:
        limit = aiohttp.ClientTimeout(total=LIST_SECONDS)
        async with http.get(f"{url}/models", headers=headers, timeout=limit) as answer:
            if answer.status != 200:
                return [
                    Row("models", "OpenAI", State.FAILED, f"GET /models answers HTTP {answer.status}: `make doctor`")
                ]
            offered = {str(each["id"]) for each in (await answer.json(content_type=None))["data"]}
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError, KeyError, TypeError) as error:
        return [Row("models", "OpenAI", State.FAILED, f"GET /models: {type(error).__name__}; see `make doctor`")]
    rows = [
        Row("models", model, State.SAME, f"offered ({variable})") if model in offered
        else Row("models", model, State.MOVED, f"no longer offered to this key: calls fail. Change {variable}")
        for model, variable in known.configured.items()
    ]  # fmt: skip
    for model in known.priced:
        if model in known.configured:
            continue
        if model in offered:
            rows.append(Row("models", model, State.SAME, "offered"))
        else:
            gone = "no longer offered to this key, and in worker/providers/data/prices.toml"
            rows.append(Row("models", model, State.MOVED, f"{gone}: take it out, and out of the documentation"))
    return rows


async def shutdowns(http: aiohttp.ClientSession, docs: str, known: Named, today: datetime.date) -> list[Row]:
    """Compare what ends with OpenAI's page of deprecations: it is told there months before a model is gone."""
    text = await page(http, f"{docs}/deprecations.md")
    if text is None:
        return [Row("models", "shutdowns", State.NOT_LISTED, f"{docs}/deprecations.md cannot be read: look by hand")]
    rows = []
    for model in dict.fromkeys((*known.configured, *known.priced)):
        day, told = shutdown(text, model), SHUTDOWNS.get(model)
        if day is None and told is None:
            continue
        name = f"{model}'s end"
        if day != told:
            said = f"is {day or 'no longer announced'}, and the code says {told or 'nothing'}"
            use = f": change {known.configured[model]}" if model in known.configured else ""
            rows.append(Row("models", name, State.MOVED, f"{said}{use}; then doctor/drift/named.py and the README"))
        elif day is not None and day <= today:
            rows.append(Row("models", name, State.MOVED, f"was {day}: take it out of the code"))
        else:
            rows.append(Row("models", name, State.SAME, f"is {day}, as the code says"))
    return rows or [Row("models", "shutdowns", State.SAME, "none of the models that the code names has an end")]


async def price(http: aiohttp.ClientSession, docs: str, entry: Price) -> Row:
    """Compare a model's price with its page."""
    text = await page(http, f"{docs}/models/{entry.model}.md")
    listed = token_prices(text) if text is not None else {}
    if not {"input", "output"} <= listed.keys():
        return Row(
            "prices", entry.model, State.NOT_LISTED, f"no page to read it from; checked by hand on {entry.read_on}"
        )
    moved = [
        f"{name} is ${listed.get(name, 'none')}, the table says ${entry.figures.get(name, 'none')}"
        for name in sorted(listed.keys() | entry.figures.keys())
        if listed.get(name) != entry.figures.get(name)
    ]
    if moved:
        told = f"{'; '.join(moved)}: mend worker/providers/data/prices.toml, and its read_on"
        return Row("prices", entry.model, State.MOVED, told)
    return Row("prices", entry.model, State.SAME, f"as on {entry.read_on}")
