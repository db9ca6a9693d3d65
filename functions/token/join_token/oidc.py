"""TOKEN_AUTH=oidc: end users, known by the bearer token of an identity provider (Firebase, Google, any issuer)."""

from __future__ import annotations

from typing import Any

from join_token.callers import Caller, SignedRequest
from join_token.errors import Refusal
from join_token.jwks import KeyCache
from join_token.settings import OidcSettings
from join_token.signed_claims import ClaimsVerifier


class OidcAuthenticator:
    """Verifies `Authorization: Bearer TOKEN`."""

    def __init__(self, settings: OidcSettings) -> None:
        self._verifier = ClaimsVerifier(KeyCache(settings.jwks_url), settings.issuers, settings.audiences)
        self._issuer = settings.issuers[0]  # two spellings of one issuer are one issuer
        self._required = settings.required
        self._anonymous_accounts = settings.anonymous_accounts

    def __call__(self, request: SignedRequest, /) -> Caller:
        """Say whose token it is.

        Raises:
            Refusal: 401, or 503 while the issuer's keys cannot be had.
        """
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Refusal(
                401,
                "authentication_required",
                "Sign in, and send Authorization: Bearer with the ID token.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        claims = self._verifier.verify(token)
        self._refuse_unwanted(claims)
        return Caller(issuer=self._issuer, subject=claims["sub"])

    def _refuse_unwanted(self, claims: dict[str, Any]) -> None:
        """An identity provider vouches for who somebody is, not for whom we serve: accounts may be free to make."""
        if not self._anonymous_accounts and _said(claims, "firebase.sign_in_provider") == "anonymous":
            raise Refusal(
                403, "account_not_allowed",
                "Anonymous accounts may not call. Sign in with an account of your own.", why="anonymous account",
            )  # fmt: skip
        for claim, value in self._required:
            found = _said(claims, claim)
            if not (value in map(_text, found) if isinstance(found, list) else _text(found) == value):
                raise Refusal(
                    403, "account_not_allowed",
                    f"This account may not call: its {claim} is not what this service asks for.", why=f"claim {claim}",
                )  # fmt: skip


def _said(claims: dict[str, Any], path: str) -> object:
    """The claim of this name; a dot leads into an object, unless a claim has the dot in its own name."""
    if path in claims:
        return claims[path]
    found: object = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _text(value: object) -> str:
    """As it is written in TOKEN_OIDC_REQUIRE; what is no plain value equals nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else "\0"
