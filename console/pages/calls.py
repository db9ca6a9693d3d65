"""Answers with lists of calls: all that a filter means, and those that somebody should hear first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from console.cursors import cursor_of, place_of
from console.errors import Refusal
from console.filters import AFTER, CHANNELS, DIRECTIONS, OUTCOMES, Filters, filters_of
from console.interface import PARAMETER, texts_for
from console.reading.calls import calls_to_hear, page_of_calls
from console.rendering import page, viewer_of
from console.rollup import RollUp

DAYS_TO_HEAR = 7


def filters_asked(request: Request, *, besides: frozenset[str] = frozenset()) -> Filters:
    """The filters of an address; words may be looked for by those alone who may read them.

    Raises:
        Refusal: 400 or 403.
    """
    filters = filters_of(request.query_params.multi_items(), besides=besides | {PARAMETER})
    if filters.q and not viewer_of(request).reads_words:
        raise Refusal(403, "words_not_yours")
    return filters


async def calls_page(request: Request) -> Response:
    filters = filters_asked(request, besides=frozenset({AFTER}))
    secret, cursor = request.app.state.settings.cursor_secret, request.query_params.get(AFTER)
    behind = place_of(cursor, filters.address, secret) if cursor else None
    async with request.app.state.records.reading() as connection:
        found = await page_of_calls(connection, filters, behind=behind)
    if filters.q:
        await request.app.state.records.note(viewer_of(request).address, "search", [call.id for call in found.calls])
    older = cursor_of(found.next_place, filters.address, secret) if found.next_place else None
    return page(
        request, "calls.html", calls=found.calls, filters=filters, older=older, behind=behind,
        choices=_choices(request),
    )  # fmt: skip


async def wrong_page(request: Request) -> Response:
    filters = filters_asked(request)
    roll_up: RollUp = request.app.state.roll_up
    if not filters.since and not filters.until:
        filters = replace(filters, since=(roll_up.today - timedelta(days=DAYS_TO_HEAR - 1)).isoformat())
    async with request.app.state.records.reading() as connection:
        calls = await calls_to_hear(connection, filters)
    return page(request, "wrong.html", calls=calls, filters=filters, choices=_choices(request))


def _choices(request: Request) -> dict[str, list[tuple[str, str]]]:
    """What can be chosen from a list, and how it is called."""
    texts = texts_for(request)
    return {
        "language": list(texts.group("languages").items()),
        "outcome": [(each, texts(f"outcomes.{each}")) for each in OUTCOMES],
        "channel": [(each, texts(f"channels.{each}")) for each in CHANNELS],
        "direction": [(each, texts(f"directions.{each}")) for each in DIRECTIONS],
    }
