"""Answers with a recording, or with the part of it that a player asks for."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from console.errors import Refusal
from console.reading.one_call import recording_of
from console.rendering import refusal_page, viewer_of

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


async def recording(request: Request) -> Response:
    viewer, call_id = viewer_of(request), request.path_params["call_id"]
    if not viewer.reads_words:
        raise Refusal(403, "words_not_yours")
    async with request.app.state.records.reading() as connection:
        url = await recording_of(connection, call_id)
    sound = await request.app.state.recordings.sound_at(url)
    whole = await request.app.state.recordings.whole(sound)
    size = sound.size_bytes if whole is None else len(whole)
    wanted = request.headers.get("range")
    span = span_of(wanted, size)
    if span is None:
        reply: Response = refusal_page(request, Refusal(416, "bad_range"))
        reply.headers["Content-Range"] = f"bytes */{size}"
        return reply
    first, last = span
    headers = {"Accept-Ranges": "bytes", "Content-Length": str(last - first + 1)}
    is_part = wanted is not None and _RANGE.fullmatch(wanted.strip()) is not None
    if is_part:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    if request.method == "HEAD":
        return Response(headers=headers, media_type=sound.media_type)
    await request.app.state.records.note(viewer.address, "hear", [call_id])
    if whole is not None:
        return Response(whole[first : last + 1], 206 if is_part else 200, headers, sound.media_type)
    stream = request.app.state.recordings.bytes_of(sound, first, last)
    return StreamingResponse(stream, 206 if is_part else 200, headers, sound.media_type)


def span_of(wanted: str | None, size: int) -> tuple[int, int] | None:
    """The first and the last byte that a Range header means: all of them, where it is none of a form we know.

    None for a part that is not there.
    """
    match = _RANGE.fullmatch((wanted or "").strip())
    if match is None:
        return (0, size - 1) if size else None
    if not (match[1] or match[2]):
        return None
    if not match[1]:  # the last so many bytes
        first, last = max(size - int(match[2]), 0), size - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size - 1), size - 1)
    return (first, last) if first <= last and first < size else None
