"""An issuer's public keys: fetched when needed, kept through the issuer's outages, never from anywhere else.

Imported at the first token that needs it, because `cryptography` would cost every cold start.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from join_token.bounded_request import NO_ANSWER, answer_to
from join_token.errors import Refusal

_FETCH_SECONDS_MAX = 4.0
_DOCUMENT_BYTES_MAX = 262_144
_KEYS_MAX = 100
_RSA_BITS_MIN = 2048
_FRESH_SECONDS_RANGE = (300.0, 86_400.0)
_FRESH_SECONDS_DEFAULT = 3600.0
# A key may have been withdrawn because it leaked: an outage must not keep it trusted for longer than this.
_STALE_SECONDS_MAX = 86_400.0
# Strangers choose the kid, so an unknown one may not make us ask the issuer more often than this.
_REFETCH_SECONDS_MIN = 30.0
_RETRY_SECONDS = 5.0
_MAX_AGE_PATTERN = re.compile(r"max-age=(\d{1,9})")


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key together with the one algorithm it may verify: the token's own header is never asked."""

    algorithm: str
    key: Any


@dataclass(frozen=True, slots=True)
class FetchedKeys:
    """The body of a JWKS document, and how long the issuer says that it is good for."""

    document: bytes
    fresh_seconds: float


class JwksUnavailable(Exception):
    """The issuer's keys could not be fetched or read.

    Attributes:
        heals: Whether waiting may help; a wrong address or a wrong document stays wrong until somebody changes it.
    """

    def __init__(self, what: str, *, heals: bool = True) -> None:
        super().__init__(what)
        self.heals = heals

    @property
    def why(self) -> str:
        """For the log of whoever runs this."""
        return f"jwks: {self}; " + ("it may pass" if self.heals else "it will not pass: check TOKEN_OIDC_JWKS_URL")


class KeyCache:
    """Keys of one issuer by key id. Safe to use from many threads; one of them fetches at a time."""

    def __init__(
        self,
        url: str,
        *,
        fetch: Callable[[str], FetchedKeys] | None = None,
        monotonic_time: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._fetch = fetch or fetch_jwks
        self._monotonic_time = monotonic_time
        self._fetching = threading.Lock()
        self._keys: Mapping[str, VerificationKey] = {}
        self._fetched_at = float("-inf")
        self._fresh_until = float("-inf")
        self._tried_at = float("-inf")
        self._why = "jwks: not fetched yet"

    def key_for(self, kid: str) -> VerificationKey | None:
        """The key with this id, or None when the issuer has no such key.

        Raises:
            Refusal: 503 when there are no keys, or none young enough, and none can be fetched. Retryable.
        """
        now = self._monotonic_time()
        if now >= self._fresh_until or kid not in self._keys:
            self._refresh(kid, now)
        if self._monotonic_time() - self._fetched_at > _STALE_SECONDS_MAX:
            raise self._unavailable(10)
        return self._keys.get(kid)

    def _unavailable(self, seconds: int) -> Refusal:
        return Refusal(
            503,
            "identity_provider_unavailable",
            f"The keys of the identity provider cannot be fetched just now. Try again in {seconds} s.",
            headers={"Retry-After": str(seconds)},
            why=self._why,
        )

    def _refresh(self, kid: str, now: float) -> None:
        stale = now >= self._fresh_until
        # Whoever has keys to go on with does not wait for the thread that is fetching already. Strangers choose the
        # kid: with fresh keys an unknown one does not wait either, or a few of them would hold every thread.
        waits_seconds = _FETCH_SECONDS_MAX if stale and kid not in self._keys else 0.0
        # A timeout of 0 is refused for a lock; without one to wait for, it is asked and not waited for.
        if not self._fetching.acquire(blocking=waits_seconds > 0, timeout=waits_seconds or -1):
            if not stale:
                raise self._unavailable(1)
            return
        try:
            pause_seconds = _RETRY_SECONDS if stale else _REFETCH_SECONDS_MIN
            # Read under the lock: another thread may have fetched while this one waited.
            if self._fetched_at >= now or self._monotonic_time() - self._tried_at < pause_seconds:
                return
            self._tried_at = self._monotonic_time()
            fetched = within(_FETCH_SECONDS_MAX, self._fetch, self._url)
            self._keys = _usable_keys(fetched.document)
            self._fetched_at = self._monotonic_time()
            self._fresh_until = self._fetched_at + fetched.fresh_seconds
        except JwksUnavailable as error:
            self._why = error.why
            return  # served from what is known, within the bound
        finally:
            self._fetching.release()


def within(seconds: float, fetch: Callable[[str], FetchedKeys], url: str) -> FetchedKeys:
    """Fetch in a thread that is left behind when it takes longer: a timeout of a socket starts anew at every byte, and
    looking a name up has none at all.

    Raises:
        JwksUnavailable: As `fetch`, or after `seconds`.
    """
    outcome: list[FetchedKeys | BaseException] = []

    def work() -> None:
        try:
            outcome.append(fetch(url))
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=work, name="jwks", daemon=True)  # daemon: nothing waits for it at the end
    thread.start()
    thread.join(seconds)
    if not outcome:
        raise JwksUnavailable(f"no answer within {seconds:g} s")
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def fetch_jwks(url: str) -> FetchedKeys:
    """Fetch the document with one request. A redirect is an error: it could point into our own network.

    Raises:
        JwksUnavailable: No answer in time, not a plain 200, or too large.
    """
    deadline = time.monotonic() + _FETCH_SECONDS_MAX
    try:
        with answer_to("GET", url, {"Accept": "application/json"}, seconds=_FETCH_SECONDS_MAX) as answer:
            if answer.status != 200:
                passing = answer.status >= 500 or answer.status in {408, 425, 429}
                raise JwksUnavailable(f"status {answer.status}", heals=passing)
            document = _read_until(answer, deadline)
            if time.monotonic() > deadline:
                raise JwksUnavailable("too slow")  # cut off: what has come looks like the end of it
            return FetchedKeys(document, _fresh_seconds(answer.headers.get("Cache-Control", "")))
    except NO_ANSWER as error:
        raise JwksUnavailable(type(error).__name__) from error


def _read_until(response: http.client.HTTPResponse, deadline: float) -> bytes:
    document = b""
    while chunk := response.read1(65_536):
        document += chunk
        if len(document) > _DOCUMENT_BYTES_MAX or time.monotonic() > deadline:
            raise JwksUnavailable("too large or too slow")
    return document


def _fresh_seconds(cache_control: str) -> float:
    found = _MAX_AGE_PATTERN.search(cache_control)
    low, high = _FRESH_SECONDS_RANGE
    return min(max(float(found[1]) if found else _FRESH_SECONDS_DEFAULT, low), high)


def _usable_keys(document: bytes) -> dict[str, VerificationKey]:
    try:
        listed = json.loads(document)["keys"]
        if not isinstance(listed, list):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise JwksUnavailable(f"not a JWKS document but {_kind_of(document)}", heals=False) from error
    keys: dict[str, VerificationKey] = {}
    for jwk in listed[:_KEYS_MAX]:
        key = _usable_key(jwk)
        if key is not None:
            keys.setdefault(str(jwk.get("kid", "")), key)
    if not keys:
        raise JwksUnavailable("no key for RS256 or ES256 in it", heals=False)
    return keys


def _kind_of(document: bytes) -> str:
    """What an address that is wrong usually has in place of keys."""
    start = document.lstrip()[:2000]
    if start.startswith(b"<"):
        return "a page of HTML"
    if b"-----BEGIN CERTIFICATE" in start:
        return "certificates (the issuer has another address for its JWKS)"
    if b'"jwks_uri"' in document:
        return "the issuer's configuration (its jwks_uri is the address)"
    return "something else" if start else "nothing"


def _usable_key(jwk: object) -> VerificationKey | None:
    """The key, if it is a public key for RS256 or ES256 and for signatures; a symmetric key never is."""
    if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig":
        return None
    algorithm = {"RSA": "RS256", "EC": "ES256"}.get(str(jwk.get("kty")))
    if algorithm is None or jwk.get("alg", algorithm) != algorithm:
        return None
    if algorithm == "ES256" and jwk.get("crv") != "P-256":
        return None
    try:
        key = jwt.PyJWK(jwk, algorithm=algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    if hasattr(key, "private_numbers"):  # an issuer that publishes its private part too: only the public one is ours
        key = key.public_key()
    if algorithm == "RS256" and key.key_size < _RSA_BITS_MIN:
        return None
    return VerificationKey(algorithm, key)
