"""Which browser pages may read our answers. Not authentication: native clients send no Origin, and need none."""

from __future__ import annotations

import re
from collections.abc import Collection

_PREFLIGHT_CACHE_SECONDS = 600
METHODS = "POST, OPTIONS"
_HEADERS = ("Content-Type", "Authorization")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")  # a token of RFC 9110, section 5.6.2
_ASKED_NAMES_MAX = 32


def cors_headers(
    origin: str, allowed: Collection[str], *, preflight: bool, asked: str, app_check: bool
) -> dict[str, str]:
    """Headers for an answer to `origin`; the same on errors, or the browser hides them from the page.

    Args:
        asked: The preflight's Access-Control-Request-Headers. A page whose origin is allowed may send whatever it
            wants to: tracing SDKs add headers of their own to every request, and a closed list would break the page
            with nothing but "CORS" to say why. We read only those we know.
    """
    headers = {"Vary": "Origin"}
    if not origin or origin.lower() not in allowed:
        return headers
    headers["Access-Control-Allow-Origin"] = origin
    headers["Access-Control-Expose-Headers"] = "Retry-After, Vaani-Ignored-Fields"
    if preflight:
        ours = [*_HEADERS, *(["X-Firebase-AppCheck"] if app_check else [])]
        headers["Access-Control-Allow-Methods"] = METHODS
        headers["Access-Control-Allow-Headers"] = ", ".join([*ours, *_others(asked, ours)])
        headers["Access-Control-Max-Age"] = str(_PREFLIGHT_CACHE_SECONDS)
    return headers


def _others(asked: str, ours: Collection[str]) -> list[str]:
    """The names asked for beyond ours; none when the list is not well formed or longer than any page's."""
    known = {name.lower() for name in ours}
    names = [name.strip() for name in asked.split(",") if name.strip()]
    if len(names) > _ASKED_NAMES_MAX or not all(_HEADER_NAME.fullmatch(name) for name in names):
        return []
    return [name for name in dict.fromkeys(names) if name.lower() not in known]
