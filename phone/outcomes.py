"""Names how an outbound call can end, and which ends are worth another try."""

from __future__ import annotations

from enum import Enum

from livekit import api


class Outcome(Enum):
    """Tells how one try to reach somebody went."""

    HUMAN = "human"
    VOICEMAIL = "voicemail"
    ANNOUNCEMENT = "announcement"
    ANSWERED = "answered"
    """Somebody or something picked up, and left before it was known what."""
    BUSY = "busy"
    DECLINED = "declined"
    UNAVAILABLE = "unavailable"
    NO_ANSWER = "no_answer"
    NO_SUCH_NUMBER = "no_such_number"
    TRUNK_FAILED = "trunk_failed"
    NO_AGENT = "no_agent"
    UNKNOWN = "unknown"
    """This program was ended while the call was going on; the number is not called again."""


TRY_AGAIN = frozenset(
    {
        Outcome.BUSY, Outcome.UNAVAILABLE, Outcome.NO_ANSWER, Outcome.VOICEMAIL, Outcome.ANNOUNCEMENT,
        Outcome.TRUNK_FAILED, Outcome.NO_AGENT,
    }
)  # fmt: skip
"""Who has declined is left alone, and so is who has answered."""

_BY_CODE = {
    404: Outcome.NO_SUCH_NUMBER, 484: Outcome.NO_SUCH_NUMBER, 604: Outcome.NO_SUCH_NUMBER,
    408: Outcome.NO_ANSWER, 487: Outcome.NO_ANSWER,
    480: Outcome.UNAVAILABLE, 410: Outcome.UNAVAILABLE,
    486: Outcome.BUSY, 600: Outcome.BUSY,
    603: Outcome.DECLINED, 607: Outcome.DECLINED, 608: Outcome.DECLINED,
}  # fmt: skip
"""SIP's answers: RFC 3261, section 21; RFC 8197, RFC 8688."""


def outcome_of(error: api.TwirpError) -> Outcome:
    """Return what a refused call means. Without a SIP code LiveKit itself gave up: the phone has rung long enough."""
    if isinstance(error, api.SipCallError) and error.sip_status_code is not None:
        return _BY_CODE.get(error.sip_status_code, Outcome.TRUNK_FAILED)
    return Outcome.NO_ANSWER if error.status == 408 else Outcome.TRUNK_FAILED


def answered_by(value: str) -> Outcome:
    """Return what the worker has heard on the line (its attribute `vaani.answered_by`)."""
    known = {each.value: each for each in (Outcome.HUMAN, Outcome.VOICEMAIL, Outcome.ANNOUNCEMENT)}
    return known.get(value, Outcome.ANSWERED)
