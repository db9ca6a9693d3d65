"""Who is calling, once that has been verified, and what stands for them in identities, limits and logs."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified principal. An empty subject is an anonymous caller: nobody in particular."""

    issuer: str
    subject: str

    @property
    def is_anonymous(self) -> bool:
        return not self.subject

    def on_behalf_of(self, user: str) -> Caller:
        """The user whom a backend vouches for: whoever signed the request signed the user's name with it."""
        return Caller(self.issuer, f"{len(self.subject)}:{self.subject}{user}") if user else self

    def fingerprint(self, key: str) -> str:
        """A name for the caller that only `key` can tie to the subject: phone numbers are few enough to try all."""
        if self.is_anonymous:
            return ""
        # Length-prefixed, so that no issuer and subject run together into another pair.
        message = f"{len(self.issuer)}:{self.issuer}{self.subject}".encode("utf-8", "surrogatepass")
        return hmac.new(b"vaani caller\n" + key.encode(), message, hashlib.sha256).hexdigest()[:20]


class Headers(Protocol):
    """Request headers, looked up without regard to case."""

    def get(self, name: str, default: str, /) -> str: ...


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What an authenticator may look at."""

    method: str
    path: str
    headers: Headers
    body: bytes


class Authenticator(Protocol):
    """Says who sent a request, or raises Refusal."""

    def __call__(self, request: SignedRequest, /) -> Caller: ...


def anonymous(_request: SignedRequest) -> Caller:
    """TOKEN_AUTH=none: everyone is nobody. The settings refuse this mode outside development."""
    return Caller(issuer="anonymous", subject="")
