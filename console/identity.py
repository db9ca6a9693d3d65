"""Says who asks for a page, and whether they may read words: no assertion, no page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import jwt
from starlette.requests import HTTPConnection

from console.errors import Refusal
from console.iap_keys import ALGORITHM, IapKeys

ISSUER = "https://cloud.google.com/iap"
HEADER = "x-goog-iap-jwt-assertion"
LEEWAY_SECONDS = 30
_ASSERTION_CHARACTERS_MAX = 16_384


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever looks at a page."""

    address: str
    """What the access log calls them."""
    reads_words: bool
    """False: numbers only."""


class Identity(Protocol):
    """Who asks."""

    async def viewer_of(self, connection: HTTPConnection) -> Viewer:
        """Say who it is.

        Raises:
            Refusal: When it is nobody that may see a page.
        """
        ...


class Loopback:
    """Whoever sits at this machine: the database is theirs to open anyway."""

    async def viewer_of(self, connection: HTTPConnection) -> Viewer:
        return Viewer("loopback", reads_words=True)


class IdentityAwareProxy:
    """Believes Google's proxy, and only what it has signed for this service."""

    def __init__(self, audience: str, keys: IapKeys, words_for: frozenset[str]) -> None:
        self._audience = audience
        self._keys = keys
        self._words_for = words_for

    async def viewer_of(self, connection: HTTPConnection) -> Viewer:
        assertions = connection.headers.getlist(HEADER)
        if len(assertions) != 1 or len(assertions[0]) > _ASSERTION_CHARACTERS_MAX:
            raise Refusal(401, "no_assertion")
        claims = await self._claims(assertions[0])
        address = str(claims.get("email") or claims["sub"]).lower()
        return Viewer(address, reads_words=not self._words_for.isdisjoint(names_of(claims)))

    async def _claims(self, assertion: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(assertion)
            key = await self._keys.key_for(header["kid"]) if isinstance(header.get("kid"), str) else None
            if key is None:
                raise Refusal(401, "bad_assertion")
            # The algorithm is ours, never the header's.
            return jwt.decode(
                assertion, key, algorithms=[ALGORITHM], audience=self._audience, issuer=ISSUER,
                leeway=LEEWAY_SECONDS, options={"require": ["exp", "iat", "aud", "iss", "sub"]},
            )  # fmt: skip
        except jwt.PyJWTError as error:
            raise Refusal(401, "bad_assertion") from error


def names_of(claims: dict[str, Any]) -> set[str]:
    """Everything that CONSOLE_WORDS_FOR may call the bearer of these claims."""
    names = {f"group:{name}" for name in _groups(claims)}
    names |= {f"level:{name}" for name in _texts(_inner(claims, "google", "access_levels"))}
    email = claims.get("email")
    if isinstance(email, str) and email:
        names.add(email.lower())
        # An address of another provider has the provider's name in front, and vouches for no domain.
        names |= {"@" + email.lower().rpartition("@")[2]} if ":" not in email else set()
    return names


def _groups(claims: dict[str, Any]) -> Iterator[str]:
    """Where identity providers behind the proxy put the groups of a person."""
    for path in (("groups",), ("gcip", "groups"), ("gcip", "firebase", "sign_in_attributes", "groups")):
        yield from _texts(_inner(claims, *path))


def _inner(claims: dict[str, Any], *path: str) -> object:
    found: object = claims
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
