"""Answers with the calls that are going on, once as a page and then as events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from console.errors import Refusal
from console.interface import Texts, texts_for
from console.live_calls import LiveCalls, current_state
from console.rendering import moment, page, seconds

RETRY_MS = 2000


async def live_page(request: Request) -> Response:
    state = await current_state(request.app.state.records)
    if "problem" in state:
        raise Refusal(503, state["problem"])
    return page(request, "live.html", at=moment(state["at"]), rows=rows_of(state, texts_for(request)))


async def events(request: Request) -> Response:
    live_calls: LiveCalls = request.app.state.live_calls
    headers = {"X-Accel-Buffering": "no"}
    stream = _as_events(live_calls.states(), texts_for(request))
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


async def _as_events(states: AsyncIterator[dict[str, Any] | None], texts: Texts) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    async for state in states:
        if state is None:
            yield ": still here\n\n"
            continue
        problem = texts(f"refusals.{state['problem']}") if "problem" in state else None
        told = {"at": texts("live_at", time=moment(state["at"])), "rows": rows_of(state, texts), "problem": problem}
        yield f"data: {json.dumps(told)}\n\n"


def rows_of(state: dict[str, Any], texts: Texts) -> list[dict[str, str]]:
    """Each call as the page says it; the script that shows it only puts text into cells."""
    return [
        {
            "href": f"/calls/{call['id']}",
            "started": moment(call["started_at"]),
            "state": texts(f"states.{call['state']}"),
            "channel": texts.one_of("channels", call["channel"]),
            "language": texts.one_of("languages", call["language"] or "–"),
            "turns": str(call["turns"]),
            "last_turn": moment(call["last_turn_at"]),
            "last_answer": seconds(call["latency_seconds"]),
            "faults": str(call["faults"]),
        }
        for call in state["calls"]
    ]
