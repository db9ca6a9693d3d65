"""Makes pages: escapes everything, writes moments and amounts as people of the country do, says nothing by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
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


def waterfall(stages_seconds: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Where the time of an answer went: each stage with its place on the scale, in hundredths."""
    known = [(name, float(value)) for name in STAGES if (value := (stages_seconds or {}).get(name))]
    rest = (latency_of(stages_seconds) or 0.0) - sum(value for _, value in known)
    if known and rest >= SHOWN_FROM_SECONDS:
        known.append((REST, rest))
    scale = 100 / max(WATERFALL_SECONDS, sum(value for _, value in known))
    begins = 0.0
    parts = []
    for name, value in known:
        parts.append({"name": name, "seconds": value, "x": round(begins, 2), "width": round(value * scale, 2)})
        begins += value * scale
    return parts


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined,
    trim_blocks=True, lstrip_blocks=True,
)  # fmt: skip
_ENVIRONMENT.filters.update(
    seconds=seconds, rupees=rupees, moment=moment, fingerprint=fingerprint, compact=compact, waterfall=waterfall
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
