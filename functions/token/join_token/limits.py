"""How often one caller and one address may ask: memory of this instance only, bounded in size.

With n instances a caller can get up to n times the limit; the deployment caps n. A limit across instances belongs in
front of the function (Cloud Armor), not into it: a shared store would cost every request a round trip.
"""

from __future__ import annotations

import functools
import ipaddress
import math
import threading
from collections import OrderedDict

from join_token.errors import Refusal

_KEYS_MAX = 20_000


class RateLimit:
    """So many requests a minute for each key, with a burst of the same size; refills evenly."""

    def __init__(self, per_minute: int, code: str) -> None:
        self._seconds_per_request = 60 / per_minute
        self._code = code
        self._lock = threading.Lock()
        # For each key the time at which its bucket is full again; a key that is full is the same as an unknown one.
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def spend(self, key: str, *, now_seconds: float) -> None:
        """Take one request from the key's bucket.

        Args:
            key: Whose bucket.
            now_seconds: A monotonic clock.
        Raises:
            Refusal: 429 with Retry-After, when the bucket is empty. Retryable.
        """
        with self._lock:
            full_at = max(self._full_at.get(key, 0.0), now_seconds) + self._seconds_per_request
            wait_seconds = full_at - now_seconds - 60.0
            if wait_seconds <= 1e-6:  # sixty additions of 60 / n do not sum up to 60 exactly
                self._full_at[key] = full_at
                self._full_at.move_to_end(key)
                self._forget_full_buckets(now_seconds)
                return
        retry_after_seconds = max(1, math.ceil(wait_seconds))
        raise Refusal(
            429,
            self._code,
            f"Too many requests. Wait {retry_after_seconds} s, and keep a token until it expires.",
            headers={"Retry-After": str(retry_after_seconds)},
        )

    def _forget_full_buckets(self, now_seconds: float) -> None:
        # Oldest use first: two per request keep the size level. Beyond the cap even an unfilled bucket goes, so that a
        # flood from many addresses costs memory for 20,000 of them and no more.
        for _ in range(2):
            key = next(iter(self._full_at))
            if self._full_at[key] > now_seconds and len(self._full_at) <= _KEYS_MAX:
                return
            del self._full_at[key]


def address_of(forwarded_for: str, peer_address: str, trusted_hops: int) -> str:
    """The address to limit: the peer's, or the element of X-Forwarded-For that our own proxies vouch for.

    Counted from the right, because everything further left is whatever the caller wrote. One IPv6 subscriber owns a
    whole /64, so that is what is counted.
    """
    address = peer_address
    if trusted_hops:
        elements = [element.strip() for element in forwarded_for.split(",") if element.strip()]
        # Fewer elements than proxies: the request came around them, so only the peer is certain.
        if len(elements) >= trusted_hops:
            address = elements[-trusted_hops]
    return _bucket_of(address)


@functools.lru_cache(maxsize=4096)
def _bucket_of(address: str) -> str:
    # Some proxies add the port: 203.0.113.7:4711, [2001:db8::1]:4711.
    if address.startswith("["):
        address = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        address = address.partition(":")[0]
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unreadable"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed) >> 64 << 64, 64)))
