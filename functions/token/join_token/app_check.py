"""Firebase App Check on top of authentication: attests the app that calls, not the person; so it never stands alone.

Source: https://firebase.google.com/docs/app-check/custom-resource-backend
"""

from __future__ import annotations

from join_token.callers import Caller, SignedRequest
from join_token.errors import Refusal
from join_token.jwks import KeyCache
from join_token.settings import AppCheckSettings
from join_token.signed_claims import ClaimsVerifier

HEADER = "X-Firebase-AppCheck"


class AppCheck:
    """Verifies `X-Firebase-AppCheck: TOKEN`."""

    def __init__(self, settings: AppCheckSettings) -> None:
        issuer = f"https://firebaseappcheck.googleapis.com/{settings.project_number}"
        audience = f"projects/{settings.project_number}"
        self._issuer = issuer
        self._apps = settings.apps
        self._verifier = ClaimsVerifier(KeyCache(settings.jwks_url), (issuer,), (audience,))

    def __call__(self, request: SignedRequest, /) -> Caller:
        """Say which app it is.

        Raises:
            Refusal: 401, or 503 while Firebase's keys cannot be had.
        """
        token = request.headers.get(HEADER, "").strip()
        if not token:
            raise Refusal(401, "app_check_required", f"Send the App Check token in the header {HEADER}.")
        try:
            app_id = self._verifier.verify(token)["sub"]
        except Refusal as refusal:
            if refusal.status != 401:
                raise
            raise Refusal(
                401,
                "app_check_failed",
                f"App Check: {refusal.message}",
                why=refusal.why or refusal.code,
            ) from refusal
        if self._apps and app_id not in self._apps:
            raise Refusal(401, "app_check_failed", "App Check: this app is not one of ours.", why="app_not_listed")
        return Caller(issuer=self._issuer, subject=app_id)
