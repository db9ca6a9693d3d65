"""Writes claims and verdicts as lines of JSON, between a call's process and its worker's."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date

from records.budgets import Claim, Scope, Verdict


def claim_line(claim: Claim) -> bytes:
    """Write a claim."""
    return json.dumps(asdict(claim) | {"day": claim.day.isoformat()}).encode() + b"\n"


def read_claim(line: bytes) -> Claim:
    """Read a claim back. Raises ValueError, TypeError for a line that is none."""
    content = json.loads(line)
    return Claim(**(content | {"day": date.fromisoformat(content["day"])}))


def verdict_line(sequence: int, verdict: Verdict) -> bytes:
    """Write what became of the claim of this number."""
    return json.dumps({"sequence": sequence, **asdict(verdict)}).encode() + b"\n"


def read_verdict(line: bytes) -> tuple[int, Verdict]:
    """Read a verdict back, with its claim's number. Raises ValueError, TypeError for a line that is none."""
    content = json.loads(line)
    left = {Scope(scope): rupees for scope, rupees in content["left"].items()}
    used_up = None if content["used_up"] is None else Scope(content["used_up"])
    return content["sequence"], Verdict(content["granted"], content["committed"], left, used_up)
