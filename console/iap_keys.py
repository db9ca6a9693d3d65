"""Keeps the public keys of Identity-Aware Proxy: fetched when needed, changed when the proxy changes them."""

from __future__ import annotations

import asyncio
import json
import re
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import jwt

from console.errors import Refusal

ALGORITHM = "ES256"
FETCH_SECONDS_MAX = 4.0
DOCUMENT_BYTES_MAX = 262_144
FRESH_SECONDS = 3600.0
STALE_SECONDS_MAX = 86_400.0
"""A key may have been withdrawn because it leaked: an outage must not keep it trusted for longer."""
ASK_AGAIN_SECONDS = 30.0
"""Strangers choose the key id, so that an unknown one may not make us ask more often than this."""
_MAX_AGE = re.compile(r"max-age=(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document of keys, and how long the proxy says that it is good for."""

    document: bytes
    fresh_seconds: float


class IapKeys:
    """The keys by their id. One request fetches at a time; the others wait for it."""

    def __init__(
        self,
        url: str,
        *,
        fetch: Callable[[str], Fetched] | None = None,
        monotonic_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._fetch = fetch or fetch_keys
        self._now = monotonic_seconds
        self._fetching = asyncio.Lock()
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at = self._tried_at = self._fresh_until = float("-inf")

    async def key_for(self, kid: str) -> jwt.PyJWK | None:
        """The key with this id, or None when the proxy has none of it.

        Raises:
            Refusal: 503, while there are no keys that are young enough and none can be had.
        """
        if self._now() >= self._fresh_until or kid not in self._keys:
            await self._refresh(kid)
        if self._now() - self._fetched_at > STALE_SECONDS_MAX:
            raise Refusal(503, "no_keys")
        return self._keys.get(kid)

    async def _refresh(self, kid: str) -> None:
        async with self._fetching:
            fresh = self._now() < self._fresh_until
            if (fresh and kid in self._keys) or self._now() - self._tried_at < ASK_AGAIN_SECONDS:
                return  # another request has fetched while this one waited, or it was asked only just now
            self._tried_at = self._now()
            try:
                fetched = await asyncio.wait_for(asyncio.to_thread(self._fetch, self._url), FETCH_SECONDS_MAX)
                keys = usable_keys(fetched.document)
            except (OSError, ValueError, TimeoutError):
                return  # what is known goes on, within its bound
            self._keys, self._fetched_at = keys, self._now()
            self._fresh_until = self._fetched_at + fetched.fresh_seconds


def usable_keys(document: bytes) -> dict[str, jwt.PyJWK]:
    """The ES256 keys of a JWKS document by their id.

    Raises:
        ValueError: If it is no such document, or has none.
    """
    listed = json.loads(document)
    entries = listed.get("keys") if isinstance(listed, dict) else None
    keys = {}
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and entry.get("kty") == "EC" and entry.get("crv") == "P-256" and entry.get("kid"):
            try:
                keys[str(entry["kid"])] = jwt.PyJWK(entry, algorithm=ALGORITHM)
            except jwt.PyJWTError:
                continue  # one that cannot be read does not take the others with it
    if not keys:
        raise ValueError("no ES256 key in the document")
    return keys


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could lead into our own network."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def fetch_keys(url: str) -> Fetched:
    """Fetch the document; blocks, so it is called in a thread."""
    opener = urllib.request.build_opener(_NoRedirect)
    with opener.open(url, timeout=FETCH_SECONDS_MAX) as reply:
        document = reply.read(DOCUMENT_BYTES_MAX + 1)
        said = _MAX_AGE.search(reply.headers.get("Cache-Control", ""))
    if len(document) > DOCUMENT_BYTES_MAX:
        raise ValueError("the document of keys is too large")
    return Fetched(document, min(max(float(said[1]), 60.0), STALE_SECONDS_MAX) if said else FRESH_SECONDS)
