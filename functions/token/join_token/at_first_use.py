"""Put off importing what the first request of its kind needs: a cold start should not pay for what may never come."""

from __future__ import annotations

import threading
from collections.abc import Callable

from join_token.callers import Authenticator, Caller, SignedRequest


class BuiltAtFirstUse:
    """An authenticator that is imported and built when the first request comes, once, whichever thread brings it."""

    def __init__(self, build: Callable[[], Authenticator]) -> None:
        self._build = build
        self._building = threading.Lock()
        self._built: Authenticator | None = None

    def __call__(self, request: SignedRequest, /) -> Caller:
        if self._built is None:
            with self._building:
                if self._built is None:
                    self._built = self._build()
        return self._built(request)
