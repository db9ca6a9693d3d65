"""The identity provider's stand-in: publishes keys and signs the bearer tokens of callers."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from sandbox.services.http_on_loopback import Reply

AUDIENCE = "vaani-test"


class Issuer:
    """Publishes keys and signs tokens. `published` maps kid to key name; `answer` overrides the whole reply."""

    def __init__(self, keys: Mapping[str, RSAPrivateKey | EllipticCurvePrivateKey]) -> None:
        self.keys = keys
        self.url = ""
        self.published = {"k1": "rsa"}
        self.answer: Reply | None = None
        self.fetches = 0
        self.headers = {"Content-Type": "application/json"}

    def handle(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        self.fetches += 1
        if self.answer is not None:
            return self.answer
        return 200, self.headers, json.dumps({"keys": [self.jwk(kid) for kid in self.published]}).encode()

    def jwk(self, kid: str, **more: object) -> dict[str, Any]:
        key = self.keys[self.published[kid]].public_key()
        algorithm = "ES256" if self.published[kid] == "ec" else "RS256"
        jwk = json.loads(jwt.get_algorithm_by_name(algorithm).to_jwk(key))
        return {**jwk, "kid": kid, "use": "sig", "alg": algorithm, **more}

    def env(self) -> dict[str, str]:
        return {
            "TOKEN_AUTH": "oidc",
            "TOKEN_OIDC_ISSUER": "https://issuer.example",
            "TOKEN_OIDC_AUDIENCE": AUDIENCE,
            "TOKEN_OIDC_JWKS_URL": f"{self.url}/jwks",
        }

    def claims(self, **changes: object) -> dict[str, object]:
        now = int(time.time())
        claims = {
            "iss": "https://issuer.example",
            "aud": AUDIENCE,
            "sub": "asha",
            "iat": now,
            "exp": now + 600,
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(
        self,
        *,
        kid: str = "k1",
        key: str = "rsa",
        algorithm: str = "RS256",
        headers: Mapping[str, object] | None = None,
        **changes: object,
    ) -> str:
        return jwt.encode(
            self.claims(**changes), self.keys[key], algorithm=algorithm, headers={"kid": kid, **(headers or {})}
        )

    def bearer(self, **options: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(**options)}"}
