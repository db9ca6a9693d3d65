"""Sign tokens the way LiveKit's own SDK does, without importing it: it would double the function's start.

HS256 is thirty lines of the standard library; a golden test holds the claims to livekit-api's, and another shows the
result to a real livekit-server.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping

from join_token.errors import Refusal
from join_token.grants import JoinGrant
from join_token.settings import TokenSettings

# A phone whose clock is slow must already find the token valid, or its SDK fetches a new one before every use.
NBF_BACKDATED_SECONDS = 60
# The token travels in a URL, and proxies cut those at 8 KiB or so.
TOKEN_CHARACTERS_MAX = 8000


def mint_join_token(grant: JoinGrant, settings: TokenSettings, *, now_seconds: float) -> str:
    """Sign a token that lets one participant join one room, and sends the agent there.

    Args:
        grant: What was decided.
        settings: The keys, and how long the token can be used to connect. A connected caller is not dropped at its end.
        now_seconds: Unix time.
    Raises:
        Refusal: 400 when names and metadata together do not fit. Not retryable.
    Source: https://docs.livekit.io/frontends/reference/tokens-grants
    """
    claims: dict[str, object] = {
        "video": grant.video_claims(),
        "roomConfig": {"agents": [{"agentName": grant.agent_name, "metadata": grant.dispatch_metadata(now_seconds)}]},
    }
    # Empty claims are left out, as LiveKit's SDK does: the token travels in a URL.
    if grant.participant_name:
        claims["name"] = grant.participant_name
    if grant.participant_metadata:
        claims["metadata"] = grant.participant_metadata
    if grant.participant_attributes:
        claims["attributes"] = dict(grant.participant_attributes)
    token = _signed(claims, grant.identity, settings, now_seconds, settings.ttl_seconds)
    if len(token) > TOKEN_CHARACTERS_MAX:
        raise Refusal(400, "token_too_long", "Name, metadata and attributes together are too long. Shorten them.")
    return token


def mint_dispatch_token(room_name: str, settings: TokenSettings, *, now_seconds: float) -> str:
    """Sign our own token for one call of the dispatch API about one room. It never leaves for a caller."""
    return _signed({"video": {"roomAdmin": True, "room": room_name}}, "", settings, now_seconds, 60)


def _signed(
    claims: Mapping[str, object], identity: str, settings: TokenSettings, now_seconds: float, ttl_seconds: int
) -> str:
    issued = int(now_seconds)
    payload = {
        **claims,
        "sub": identity,
        "iss": settings.livekit_api_key,
        "nbf": issued - NBF_BACKDATED_SECONDS,
        "exp": issued + ttl_seconds,
    }
    signing_input = f"{_HEADER}.{_base64url(_compact(payload))}"
    digest = hmac.new(settings.livekit_api_secret.reveal().encode(), signing_input.encode(), hashlib.sha256).digest()
    return f"{signing_input}.{_base64url(digest)}"


def _compact(value: object) -> bytes:
    return _ENCODER.encode(value).encode()


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


# Not as \uXXXX, which would double the length of a name in an Indic script.
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
_HEADER = _base64url(_compact({"alg": "HS256", "typ": "JWT"}))
