"""Verify a JWT against one issuer's keys and say honestly what is wrong with it, to those who hold a real one.

Until the signature has been verified, every refusal reads the same: the sender has proven nothing yet.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt

from join_token.errors import Refusal
from join_token.jwks import KeyCache

_TOKEN_CHARACTERS_MAX = 8192
_KID_CHARACTERS_MAX = 256
_SUBJECT_CHARACTERS_MAX = 512
_LEEWAY_SECONDS = 60
_ALGORITHMS = frozenset({"RS256", "ES256"})


class ClaimsVerifier:
    """Believes tokens of the given issuers for the given audiences, signed with the issuer's published keys."""

    def __init__(self, keys: KeyCache, issuers: tuple[str, ...], audiences: tuple[str, ...]) -> None:
        self._keys = keys
        self._issuers = issuers
        self._audiences = audiences

    def verify(self, token: str) -> dict[str, Any]:
        """Return the claims.

        Raises:
            Refusal: 401 when the token is not good, 503 when that cannot be found out just now.
        """
        key = self._keys.key_for(_key_id(token))
        if key is None:
            raise _unproven("unknown_key")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[key.algorithm],  # the key's, not the token's: this is what ends algorithm confusion
                audience=self._audiences,
                issuer=self._issuers,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError:
            raise _refused("token_expired", "The token has expired. Sign in again, or refresh it.") from None
        except jwt.ImmatureSignatureError:
            raise _refused("token_not_yet_valid", "The token is not valid yet. Check your clock.") from None
        except jwt.InvalidAudienceError as error:
            raise _wrong("aud", "is none of the audiences of this service") from error
        except jwt.InvalidIssuerError as error:
            raise _wrong("iss", "is not the issuer that this service expects, to the last slash") from error
        except jwt.MissingRequiredClaimError as error:
            raise _wrong(error.claim, "is missing") from error
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise _unproven(type(error).__name__) from error
        if not claims["sub"] or len(claims["sub"]) > _SUBJECT_CHARACTERS_MAX:
            raise _wrong("sub", "is empty or too long")
        return claims


def _key_id(token: str) -> str:
    """The kid of a token that is worth looking at. Read from an unverified header: it chooses a key, nothing else."""
    if len(token) > _TOKEN_CHARACTERS_MAX or not token.isascii():
        raise _unproven("too_long_or_not_ascii")
    try:
        # The first part only: pyjwt's own reader would decode the whole token, and decode() does so again.
        header = json.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))
    except (ValueError, RecursionError) as error:
        raise _unproven(type(error).__name__) from error
    if not isinstance(header, dict):
        raise _unproven("header")
    kid, algorithm = header.get("kid", ""), header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS or "crit" in header or "b64" in header:
        raise _unproven("algorithm_or_extension")
    if not isinstance(kid, str) or len(kid) > _KID_CHARACTERS_MAX:
        raise _unproven("kid")
    return kid


def _wrong(claim: str, what: str) -> Refusal:
    """For a genuine token of somebody else's: the claim by its name, never by its value."""
    return _refused(
        "wrong_token", f"The token was not issued for this service: its {claim} {what}.", why=f"claim {claim}"
    )


def _unproven(why: str) -> Refusal:
    return _refused("invalid_token", "The token is not valid. Sign in again.", why=why)


def _refused(code: str, message: str, why: str = "") -> Refusal:
    return Refusal(401, code, message, why=why, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
