"""Asks Google's metadata server for the access token that an endpoint of Google's wants with every request."""

from __future__ import annotations

import json

from join_token.bounded_request import ask

_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"


def access_token(host: str, seconds: float) -> str:
    """Return a token of the service account; it is asked for each time, the server keeps it for as long as it is good.

    Raises:
        NO_ANSWER: There is no such server, or it has no token.
    Source: https://cloud.google.com/compute/docs/access/authenticate-workloads#applications
    """
    status, content = ask("GET", f"http://{host}{_PATH}", {"Metadata-Flavor": "Google"}, seconds=seconds)
    if status != 200:
        raise ValueError(f"HTTP {status}")
    reply = json.loads(content)
    token = reply.get("access_token") if isinstance(reply, dict) else None
    if not (isinstance(token, str) and token.isascii() and token.isprintable() and token):
        raise ValueError("no token in the reply")
    return token
