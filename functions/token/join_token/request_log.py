"""One JSON line per request, in the form Cloud Logging reads: severity, trace, and never a token, body or address."""

from __future__ import annotations

import json
import re
import sys
import traceback
from dataclasses import dataclass

TOKEN_REQUEST = "token.request"  # noqa: S105  the event's name
TOKEN_STARTED = "token.started"  # noqa: S105  the event's name
TOKEN_TRACE_LOST = "token.trace_lost"  # noqa: S105  the event's name
_TRACE_PATTERN = re.compile(r"([0-9a-fA-F]{32})(?:/([0-9]{1,20}))?(?:;o=\d)?")


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """What is worth knowing about one answered request."""

    method: str
    status: int
    code: str
    why: str
    caller: str
    duration_seconds: float
    predispatch: str


def log_request(outcome: RequestOutcome, *, trace_header: str, project_id: str) -> None:
    """Write the line of one request. `caller` is a keyed hash: the same one that the participant identity carries."""
    entry: dict[str, object] = {
        "severity": _severity(outcome.status),
        "message": f"{outcome.method} {outcome.status} {outcome.code}",
        "event": TOKEN_REQUEST,
        "method": outcome.method,
        "status": outcome.status,
        "code": outcome.code,
        "duration_seconds": round(outcome.duration_seconds, 6),
    }
    for name in ("caller", "why", "predispatch"):
        value = getattr(outcome, name)
        if value:
            entry[name] = value
    trace = _TRACE_PATTERN.fullmatch(trace_header)
    if trace and project_id:
        entry["logging.googleapis.com/trace"] = f"projects/{project_id}/traces/{trace[1].lower()}"
    _write(entry)


def log_started(warnings: tuple[str, ...], auth: str) -> None:
    """Write what the operator should know about how this instance was started."""
    if warnings or auth == "none":
        anonymous = ["TOKEN_AUTH=none: anyone who reaches this process gets tokens."] if auth == "none" else []
        message = " ".join([*anonymous, *warnings])
        _write({"severity": "WARNING", "message": message, "event": TOKEN_STARTED, "auth": auth})


def log_trace_lost(why: str) -> None:
    """Write that spans do not arrive: once, until one does again."""
    _write({
        "severity": "WARNING",
        "message": f"Spans are not taken: {why}. No caller is disturbed; look at OTEL_EXPORTER_OTLP_ENDPOINT.",
        "event": TOKEN_TRACE_LOST,
        "why": why,
    })  # fmt: skip


def describe_crash(error: BaseException) -> str:
    """Where an unexpected error came from: its type and our lines, never its text, which may quote a secret."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} at {places}"


def _severity(status: int) -> str:
    if status >= 500:
        return "ERROR"
    return "WARNING" if status >= 400 else "INFO"


def _write(entry: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(entry) + "\n")
    sys.stdout.flush()
