"""Which browser pages may read our answers. Not authentication: native clients send no Origin, and need none."""

from __future__ import annotations

from collections.abc import Collection

_PREFLIGHT_CACHE_SECONDS = 600
METHODS = "POST, OPTIONS"


def cors_headers(origin: str, allowed: Collection[str], *, preflight: bool, app_check: bool) -> dict[str, str]:
    """Headers for an answer to `origin`; the same on errors, or the browser hides them from the page."""
    headers = {"Vary": "Origin"}
    if not origin or origin.lower() not in allowed:
        return headers
    headers["Access-Control-Allow-Origin"] = origin
    headers["Access-Control-Expose-Headers"] = "Retry-After, Vaani-Ignored-Fields"
    if preflight:
        extra = ", X-Firebase-AppCheck" if app_check else ""
        headers["Access-Control-Allow-Methods"] = METHODS
        headers["Access-Control-Allow-Headers"] = f"Content-Type, Authorization{extra}"
        headers["Access-Control-Max-Age"] = str(_PREFLIGHT_CACHE_SECONDS)
    return headers
