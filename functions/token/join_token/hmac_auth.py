"""TOKEN_AUTH=hmac: one's own backend signs each request, body and all, with a secret both sides hold.

A captured request is worthless after five minutes anywhere, and at once on the instance that has seen it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from join_token.callers import Caller, SignedRequest
from join_token.errors import Refusal
from join_token.secret import Secret

SCHEME = "Vaani-HMAC-SHA256"
WINDOW_SECONDS = 300
_NONCES_MAX = 200_000
_FORMS = {
    "id": re.compile(r"[A-Za-z0-9_-]{1,128}"),
    "ts": re.compile(r"[0-9]{1,12}"),
    "nonce": re.compile(r"[A-Za-z0-9_-]{16,64}"),
    "sig": re.compile(r"[0-9a-fA-F]{64}"),
}


class HmacAuthenticator:
    """Verifies `Authorization: Vaani-HMAC-SHA256 id=ID,ts=UNIX_SECONDS,nonce=NONCE,sig=HEX`."""

    def __init__(self, keys: Mapping[str, Secret], *, unix_time: Callable[[], float] = time.time) -> None:
        self._keys = dict(keys)
        self._unix_time = unix_time
        self._lock = threading.Lock()
        # By key, and so is their number: a busy backend, or one gone wild, never shuts another out.
        self._forget_at: dict[str, OrderedDict[str, float]] = {key_id: OrderedDict() for key_id in keys}
        self._nonces_max = _NONCES_MAX // max(1, len(keys))

    def __call__(self, request: SignedRequest, /) -> Caller:
        """Say which key signed the request.

        Raises:
            Refusal: 401; only the last two reasons are told apart, and only to a holder of the key.
        """
        given = _parameters(request.headers.get("Authorization", ""))
        secret = self._keys.get(given["id"])
        # An unknown key costs the same work as a known one, so that time does not tell which ids exist.
        expected = signature(secret or Secret("no such key"), request, given["ts"], given["nonce"])
        matches = hmac.compare_digest(expected, given["sig"].lower())
        if secret is None or not matches:
            raise _refused("invalid_signature", "The signature does not fit. Check key id, secret, path and body.")
        now_seconds = self._unix_time()
        if abs(now_seconds - int(given["ts"])) > WINDOW_SECONDS:
            raise _refused(
                "timestamp_out_of_window", f"ts is over {WINDOW_SECONDS} s away from our clock. Set your clock."
            )
        self._remember(given["id"], given["nonce"], now_seconds)
        return Caller(issuer="hmac", subject=given["id"])

    def _remember(self, key_id: str, nonce: str, now_seconds: float) -> None:
        with self._lock:
            seen = self._forget_at[key_id]
            while seen and next(iter(seen.values())) < now_seconds:
                seen.popitem(last=False)
            if nonce in seen:
                raise _refused("replayed", "This nonce was used before. Make a new nonce for every request.")
            if len(seen) >= self._nonces_max:  # forgetting one early would let it be replayed
                raise Refusal(
                    429, "too_many_requests_from_caller", "Too many requests. Wait 10 s.", headers={"Retry-After": "10"}
                )
            # A timestamp from the future stays valid for up to two windows.
            seen[nonce] = now_seconds + 2 * WINDOW_SECONDS


def signature(secret: Secret, request: SignedRequest, timestamp: str, nonce: str) -> str:
    """The hex signature that a caller must send; the path is the one in the request line, without its query."""
    body_hash = hashlib.sha256(request.body).hexdigest()
    text = f"v1\n{request.method}\n{request.path}\n{timestamp}\n{nonce}\n{body_hash}"
    return hmac.new(secret.reveal().encode(), text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()


def _parameters(header: str) -> dict[str, str]:
    scheme, _, rest = header.partition(" ")
    if not header:
        raise _refused("authentication_required", f"Send Authorization: {SCHEME} id=…,ts=…,nonce=…,sig=….")
    pairs = [part.strip().partition("=") for part in rest.split(",")]
    given = {name: value for name, _, value in pairs}
    well_formed = len(pairs) == len(_FORMS) and all(
        form.fullmatch(given.get(name, "")) for name, form in _FORMS.items()
    )
    if scheme.lower() != SCHEME.lower() or not well_formed:
        raise _refused("malformed_authorization", f"Send Authorization: {SCHEME} id=…,ts=…,nonce=…,sig=….")
    return given


def _refused(code: str, message: str) -> Refusal:
    return Refusal(401, code, message, headers={"WWW-Authenticate": SCHEME})
