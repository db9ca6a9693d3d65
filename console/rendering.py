"""Makes pages: escapes everything, writes moments and amounts as people of the country do, says nothing by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from console.errors import Refusal
from console.filters import INDIA
from console.identity import Viewer
from console.interface import COOKIE, LANGUAGES, PARAMETER, Texts, texts_for
from records.figures import STAGES, latency_of

UNKNOWN = "–"
WATERFALL_SECONDS = 3.0
"""One scale for all turns, so that they compare by eye."""
REST = "rest"
"""What the worker's stages do not explain: the recogniser's last words, the network."""
SHOWN_FROM_SECONDS = 0.005
_COOKIE_SECONDS = 365 * 86_400


def seconds(value: float | None) -> str:
    """1.23 s; from a minute on, 2:05 min."""
    if value is None:
        return UNKNOWN
    return f"{value:.2f} s" if value < 60 else f"{int(value // 60)}:{int(value % 60):02} min"


def rupees(value: float | None) -> str:
    return UNKNOWN if value is None else f"₹{value:,.2f}"


def moment(value: datetime | str | None) -> str:
    """A moment in India, to the second; records have it as text."""
    if not value:
        return UNKNOWN
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.astimezone(INDIA).strftime("%Y-%m-%d %H:%M:%S")


def fingerprint(value: str | None) -> str:
    """The beginning of a caller's fingerprint: enough to tell callers of a page apart."""
    return UNKNOWN if not value else value if len(value) <= 12 else f"{value[:12]}…"


def compact(value: object) -> str:
    """A value of a record as JSON, in its own letters."""
    return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Part:
    """One stage of an answer, with its place in the drawing: a hundredth of its width is a unit."""

    name: str
    seconds: float
    x: float
    width: float
    row: int


def waterfall(stages_seconds: Mapping[str, Any] | None) -> list[Part]:
    """Where the time of an answer went, each stage in a row of its own.

    The model may begin before the turn is over, on speculation: so its stages are placed from the answer's first sound
    backwards. What lies between the end of the turn and the model is the rest.
    """
    known = {name: float(value) for name in STAGES if (value := (stages_seconds or {}).get(name))}
    whole = latency_of(stages_seconds) or 0.0
    if not known or not whole:
        return []
    ends, spans = whole, []
    for name in reversed(STAGES[1:]):
        if name in known:
            spans.append((name, max(0.0, ends - known[name]), ends))
            ends = max(0.0, ends - known[name])
    over = known.get(STAGES[0], 0.0)
    if ends - over >= SHOWN_FROM_SECONDS:
        spans.append((REST, over, ends))
    if over:
        spans.append((STAGES[0], 0.0, over))
    scale = 100 / max(WATERFALL_SECONDS, whole, over)
    return [
        Part(name, until - since, round(since * scale, 2), round((until - since) * scale, 2), row)
        for row, (name, since, until) in enumerate(reversed(spans))
    ]


def begun_early_seconds(stages_seconds: Mapping[str, Any] | None) -> float:
    """How long before the end of the turn the model had begun; 0 where it waited."""
    parts = {part.name: part for part in waterfall(stages_seconds)}
    if STAGES[0] not in parts or STAGES[1] not in parts or REST in parts:
        return 0.0
    known = {name: float(value) for name in STAGES if (value := (stages_seconds or {}).get(name))}
    early = sum(known.values()) - (latency_of(stages_seconds) or 0.0)
    return early if early >= SHOWN_FROM_SECONDS else 0.0


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined,
    trim_blocks=True, lstrip_blocks=True,
)  # fmt: skip
_ENVIRONMENT.filters.update(
    seconds=seconds,
    rupees=rupees,
    moment=moment,
    fingerprint=fingerprint,
    compact=compact,
    waterfall=waterfall,
    begun_early_seconds=begun_early_seconds,
)


def page(request: Request, template: str, *, status: int = 200, **shown: Any) -> HTMLResponse:
    """A page in the interface's language; a choice of language is kept."""
    texts = texts_for(request)
    said: dict[str, Any] = {
        "t": texts,
        "viewer": getattr(request.state, "viewer", None),
        "here": request.url.path,
        "other_language": _other_language(request, texts),
        **shown,
    }
    reply = HTMLResponse(_ENVIRONMENT.get_template(template).render(said), status_code=status)
    if request.query_params.get(PARAMETER) in LANGUAGES:
        secure = request.url.scheme == "https"
        reply.set_cookie(COOKIE, texts.language, max_age=_COOKIE_SECONDS, httponly=True, samesite="lax", secure=secure)
    return reply


def refusal_page(request: Request, refusal: Refusal) -> HTMLResponse:
    """What happened and what to do now; nothing of what was asked for."""
    text = texts_for(request)(f"refusals.{refusal.text}", **refusal.said)
    headers = {"Retry-After": "30"} if refusal.status == 503 else None
    reply = page(request, "refusal.html", status=refusal.status, refused=text, code=refusal.text)
    reply.headers.update(headers or {})
    return reply


def viewer_of(request: Request) -> Viewer:
    viewer: Viewer = request.state.viewer
    return viewer


def now_text() -> str:
    return moment(datetime.now(UTC))


def _other_language(request: Request, texts: Texts) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != PARAMETER]
    return "?" + urlencode([*kept, (PARAMETER, texts.other)])
