"""Answers with one call: both sides, where the time went, what failed, what it cost."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from console.errors import Refusal
from console.filters import filters_of
from console.interface import PARAMETER
from console.reading.one_call import CallView, view_of
from console.recordings import Sound
from console.rendering import page, viewer_of
from records.figures import latency_of

CHARACTERS_A_SECOND = 14.0
"""How fast people speak."""


async def call_page(request: Request) -> Response:
    filters_of(request.query_params.multi_items(), besides=frozenset({PARAMETER}))
    viewer, call_id = viewer_of(request), request.path_params["call_id"]
    async with request.app.state.records.reading() as connection:
        view = await view_of(connection, call_id, with_words=viewer.reads_words)
    if viewer.reads_words:
        await request.app.state.records.note(viewer.address, "read", [view.record["id"]])
    sound = await _sound_of(request, view.record["recording"])
    begins_at = (sound.began_at if sound else None) or view.started_at
    return page(
        request, "call.html", call=view.record, is_recorded=sound is not None, figures=view.figures,
        agents=view.agents, turns=_turns(view, begins_at), greeting_seconds=view.greeting_seconds,
    )  # fmt: skip


async def _sound_of(request: Request, url: str | None) -> Sound | None:
    """The recording, if there is one that can be heard."""
    if not url:
        return None
    try:
        sound: Sound = await request.app.state.recordings.sound_at(url)
    except Refusal:
        return None
    return sound


def _turns(view: CallView, begins_at: datetime) -> list[dict[str, Any]]:
    """Each turn with what failed from it to the next, and where in the recording both sides were heard."""
    turns = view.record["turns"]
    begins = [None, *(turn["at"] for turn in turns[1:])][: len(turns)]
    ends = [*begins[1:], None][: len(turns)]
    shown = []
    silent_since = 0.0
    for turn, since, until in zip(turns, begins, ends, strict=True):
        caller, agent = _spans(turn, begins_at, silent_since)
        silent_since = agent[1]
        shown.append(
            turn
            | {
                "latency_seconds": latency_of(turn["stages_seconds"]),
                "faults": view.faults_between(since, until),
                "caller_span": caller,
                "agent_span": agent,
            }
        )
    return shown


Span = tuple[float, float]
"""From when to when something was said, in seconds from the beginning of the recording."""


def _spans(turn: dict[str, Any], begins_at: datetime, silent_since: float) -> tuple[Span, Span]:
    """Where the caller and the agent were heard in a turn, as near as its record tells.

    The record knows when a turn was taken as over, and when its reply was: what lies between follows from the stages,
    and from how fast people speak.
    """
    stages = {name: float(value) for name, value in turn["stages_seconds"].items() if value is not None}
    over = _seconds_into(turn["at"], begins_at)
    said_until = max(silent_since, over - stages.get("end_of_turn", 0.0))
    said_from = max(silent_since, said_until - len(turn["heard"] or "") / CHARACTERS_A_SECOND)
    reply_from = over + stages.get("llm", 0.0) + stages.get("tts", 0.0)
    reply_until = max(reply_from, _seconds_into(turn["replied_at"] or turn["at"], begins_at))
    return (said_from, said_until), (reply_from, reply_until)


def _seconds_into(at: str, begins_at: datetime) -> float:
    return max(0.0, (datetime.fromisoformat(at) - begins_at).total_seconds())
