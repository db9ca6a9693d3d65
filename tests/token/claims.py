"""What token tests read out of a reply, and how they spell tokens of their own."""

from __future__ import annotations

import base64
import json

import jwt


def base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def agent_of(claims):
    """The one agent that a token sends, and what the worker is told with it."""
    (agent,) = claims["roomConfig"]["agents"]
    return agent["agentName"], json.loads(agent["metadata"])


def claims_of(reply):
    """The claims of the token in a reply, unverified: what a test looks at."""
    return jwt.decode(reply.get_json()["participant_token"], options={"verify_signature": False})
