"""What a telephone network's answers mean to LiveKit: psrpc codes, details, and why a participant left.

Sources: livekit/protocol livekit/sip.go (sipCodeToGRPCCode), livekit/sip pkg/sip/errors.go (classifyInviteError).
"""

from __future__ import annotations

from livekit import rtc
from livekit.protocol import sip

from sandbox.phone.psrpc import RpcError
from sandbox.phone.sip_message import reason_of

BUSY, DECLINED, UNAVAILABLE, TERMINATED = 486, 603, 480, 487
_CODES = {
    400: "invalid_argument",
    401: "permission_denied",
    403: "permission_denied",
    404: "not_found",
    407: "unauthenticated",
    408: "deadline_exceeded",
    410: "not_found",
    480: "resource_exhausted",
    481: "not_found",
    486: "resource_exhausted",
    487: "aborted",
    500: "failed_precondition",
    501: "failed_precondition",
    502: "failed_precondition",
    503: "failed_precondition",
    504: "deadline_exceeded",
    600: "resource_exhausted",
    603: "permission_denied",
    604: "not_found",
    607: "permission_denied",
    608: "permission_denied",
}
_AWAY = {404, 408, UNAVAILABLE}


def refused(status: int, reason: str) -> RpcError:
    """The error for a call or transfer that was refused with a SIP status; it carries the status as a detail."""
    reason = reason or reason_of(status)
    code = _CODES.get(status, "failed_precondition" if 500 <= status < 600 else "invalid_argument")
    known = status in sip.SIPStatusCode.values()
    details = [sip.SIPStatus(code=status, status=reason)] if known else []  # type: ignore[arg-type]
    return RpcError(code, f"sip status: {status}: {reason}", details)


def no_answer() -> RpcError:
    """Nobody picked up. It has no SIP status, and a code that nobody tries again by itself."""
    return RpcError("canceled", "sip request timeout")


def leave_reason(status: int) -> int:
    """Why the participant leaves a room in which nobody answered."""
    if status in _AWAY:
        return int(rtc.DisconnectReason.USER_UNAVAILABLE)
    if 500 <= status < 600:
        return int(rtc.DisconnectReason.UNKNOWN_REASON)
    return int(rtc.DisconnectReason.USER_REJECTED)
