"""The environments that token tests start from, and the watch over what may not appear in any output."""

from __future__ import annotations

import re

LIVEKIT_SECRET = "livekit-secret-that-no-output-may-contain"
HMAC_SECRET = "hmac-secret-that-no-output-may-contain-0"
HMAC_SECRET_NEXT = "hmac-secret-that-no-output-may-contain-1"
SECRETS = (LIVEKIT_SECRET, HMAC_SECRET, HMAC_SECRET_NEXT)
# Any JWT: two base64url parts that start like {" and a signature.
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}")

BASE_ENV = {
    "LIVEKIT_URL": "ws://127.0.0.1:7880",
    "LIVEKIT_API_KEY": "devkey",
    "LIVEKIT_API_SECRET": LIVEKIT_SECRET,
    "TOKEN_RATE_PER_CALLER": "1000000",
    "TOKEN_RATE_PER_ADDRESS": "1000000",
    "VAANI_IGNORE_ENV_FILE": "true",
}
ANONYMOUS = {"TOKEN_AUTH": "none", "TOKEN_ALLOW_ANONYMOUS": "true"}
HMAC = {"TOKEN_AUTH": "hmac", "TOKEN_HMAC_KEYS": f"backend:{HMAC_SECRET},next:{HMAC_SECRET_NEXT}"}


def leak_in(text: str) -> str:
    """Name what does not belong into output, or return an empty string."""
    for secret in SECRETS:
        if secret in text:
            return "a secret"
    return "a signed token" if _JWT.search(text) else ""
