"""TOKEN_AUTH=oidc: end users, known by the bearer token of an identity provider (Firebase, Google, any issuer)."""

from __future__ import annotations

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
        return Caller(issuer=self._issuer, subject=self._verifier.verify(token)["sub"])
