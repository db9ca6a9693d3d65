"""Reads what the token function tells the worker about a call, in the dispatch's metadata: its ticket.

The caller can read it but not change it: it travels inside the signed token, and LiveKit copies it into every token
that it refreshes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

# W3C Trace Context, 3.2.2: a later version may be longer, and ff is none.
_TRACEPARENT = re.compile(r"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")


@dataclass(frozen=True, slots=True)
class TraceParent:
    """The span that a call's trace goes on from."""

    trace_id: int
    span_id: int
    is_sampled: bool


@dataclass(frozen=True, slots=True)
class Ticket:
    """One token's right to one call."""

    at_seconds: float
    """Unix time at which the token was made."""
    caller: str = ""
    """The verified caller's fingerprint; empty for somebody who is nobody in particular."""
    ahead: bool = False
    """The agent was sent before the caller could join."""
    traceparent: str = ""
    """Which trace the call belongs to, as W3C Trace Context writes it; empty where nothing is traced."""


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
    traceparent = content.get("traceparent")
    return Ticket(
        float(at), caller or "", content.get("ahead") is True, traceparent if isinstance(traceparent, str) else ""
    )


def read_traceparent(text: str) -> TraceParent | None:
    """Read a traceparent; None for what is none."""
    if len(text) > 512 or not (found := _TRACEPARENT.fullmatch(text)):
        return None
    version, trace_id, span_id, flags = found.groups()
    if not int(trace_id, 16) or not int(span_id, 16) or (version == "00" and len(text) != 55):
        return None
    return TraceParent(int(trace_id, 16), int(span_id, 16), bool(int(flags, 16) & 1))
