"""Answers with one call: both sides, where the time went, what failed, what it cost."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from console.filters import filters_of
from console.interface import PARAMETER
from console.reading.one_call import CallView, view_of
from console.rendering import page, viewer_of
from records.figures import latency_of


async def call_page(request: Request) -> Response:
    filters_of(request.query_params.multi_items(), besides=frozenset({PARAMETER}))
    viewer, call_id = viewer_of(request), request.path_params["call_id"]
    async with request.app.state.records.reading() as connection:
        view = await view_of(connection, call_id, with_words=viewer.reads_words)
    if viewer.reads_words:
        await request.app.state.records.note(viewer.address, "read", [view.record["id"]])
    return page(
        request, "call.html", call=view.record, figures=view.figures, agents=view.agents, turns=_turns(view),
        greeting_seconds=view.greeting_seconds,
    )  # fmt: skip


def _turns(view: CallView) -> list[dict[str, Any]]:
    """Each turn with what failed from it to the next, and how far into the call it was said."""
    turns = view.record["turns"]
    begins = [None, *(turn["at"] for turn in turns[1:])][: len(turns)]
    ends = [*begins[1:], None][: len(turns)]
    return [
        turn | {
            "latency_seconds": latency_of(turn["stages_seconds"]),
            "faults": view.faults_between(since, until),
            "offset_seconds": max(0.0, (datetime.fromisoformat(turn["at"]) - view.started_at).total_seconds()),
        }
        for turn, since, until in zip(turns, begins, ends, strict=True)
    ]  # fmt: skip
