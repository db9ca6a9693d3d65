"""Reads what the token function tells the worker about a call, in the dispatch's metadata: its ticket.

The caller can read it but not change it: it travels inside the signed token, and LiveKit copies it into every token
that it refreshes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ticket:
    """One token's right to one call."""

    at_seconds: float
    """Unix time at which the token was made."""
    caller: str = ""
    """The verified caller's fingerprint; empty for somebody who is nobody in particular."""
    ahead: bool = False
    """The agent was sent before the caller could join."""


def read_ticket(metadata: str) -> Ticket | None:
    """Read the ticket of a dispatch; None for a phone's rule, `lk dispatch create`, and anybody else's metadata."""
    try:
        content = json.loads(metadata)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    at, caller = content.get("at"), content.get("caller")
    if isinstance(at, bool) or not isinstance(at, int | float) or not isinstance(caller, str | None):
        return None
    return Ticket(float(at), caller or "", content.get("ahead") is True)
