"""The token endpoint that CALL_TOKEN_URL names: does it answer, and send callers where the worker is."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import aiohttp
import jwt
from jwt.types import Options

from doctor.checking import Finding, NotLooked, Wrong
from doctor.refusals import unreachable
from doctor.surroundings import Surroundings
from sandbox.caller.errors import CallFailure
from sandbox.caller.token_source import JoinToken, fetch_join_token

REQUEST_SECONDS = 12.0


async def hands_out(around: Surroundings) -> Finding:
    """Ask for a token as a caller would, and read it."""
    caller = around.caller
    if caller is None:
        raise NotLooked("CALL_TOKEN_URL is not set")
    if problem := around.address_problem(caller.token_url):
        raise NotLooked(problem)
    try:
        given = await fetch_join_token(caller.token_url, {}, caller.auth, timeout_seconds=REQUEST_SECONDS)
    except CallFailure as failure:
        if isinstance(failure.__cause__, aiohttp.ClientError | OSError | TimeoutError):
            raise unreachable("CALL_TOKEN_URL", caller.token_url, failure.__cause__) from None
        raise _refusal(failure) from None
    problems = _problems(around, given)
    if problems:
        raise Wrong("; ".join(what for what, _ in problems), "; ".join(dict.fromkeys(do for _, do in problems)))
    return Finding("hands out tokens for this LiveKit and this AGENT_NAME")


def _refusal(failure: CallFailure) -> Wrong:
    said = str(failure)
    if "answered 401" in said:
        do = "Set CALL_BEARER (an identity token, still valid) or CALL_HMAC_KEY=id:secret, as its TOKEN_AUTH wants"
    elif "answered 403" in said:
        do = "The caller is known and may not: look at its TOKEN_OIDC_REQUIRE, App Check, or what Cloud Run lets in"
    elif "answered 404" in said or failure.code == "token_malformed":
        do = "CALL_TOKEN_URL must be the token function's own address"
    elif "answered 429" in said:
        do = "Wait a minute, or raise its TOKEN_RATE_PER_CALLER"
    else:
        do = "Look at the token function's log"
    return Wrong(said, do)


def _problems(around: Surroundings, given: JoinToken) -> list[tuple[str, str]]:
    """What is wrong with a token, and what to do about each."""
    livekit = around.settings.livekit
    problems = []
    theirs, ours = urlsplit(given.server_url), urlsplit(livekit.url)
    if (theirs.hostname, theirs.port) != (ours.hostname, ours.port):
        problems.append((
            f"it sends callers to {theirs.hostname}, the worker is at {ours.hostname}",
            "Give the token function and the worker the same LIVEKIT_URL",
        ))  # fmt: skip
    same_key = "Give the token function and the worker the same LIVEKIT_API_KEY and LIVEKIT_API_SECRET"
    try:
        claims: dict[str, Any] = jwt.decode(given.participant_token, options={"verify_signature": False})
        if claims.get("iss") != livekit.api_key:
            problems.append(("its tokens are of another key", same_key))
        else:
            secret = livekit.api_secret.get_secret_value()
            options: Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
            jwt.decode(given.participant_token, secret, algorithms=["HS256"], options=options)
    except jwt.InvalidSignatureError:
        problems.append(("its tokens are signed with another secret", same_key))
    except jwt.PyJWTError:
        return [*problems, ("what it calls a token is none", "CALL_TOKEN_URL must be the token function's own address")]
    asked = [each.get("agentName") for each in (claims.get("roomConfig") or {}).get("agents") or []]
    if asked != [livekit.agent_name] and asked:  # TOKEN_PREDISPATCH sends the agent by itself, and the token names none
        problems.append((
            f"its tokens ask for AGENT_NAME={asked[0]}, the worker answers to {livekit.agent_name}",
            "Give the token function and the worker the same AGENT_NAME",
        ))  # fmt: skip
    return problems
