"""Sends a phone caller's own line on to another number, and tells how that went.

A transfer takes as long as a colleague's phone may ring, and once asked for it cannot be taken back: so it is waited
for to its end, whatever becomes of the tool that asked.
Source: https://docs.livekit.io/telephony/features/transfers/cold
"""

from __future__ import annotations

import asyncio
from enum import Enum

from livekit import api, rtc

from worker.recovery.rooms import API_ERRORS

BUSY_CODES = frozenset({486, 600})
DECLINED_CODES = frozenset({403, 405, 501, 603, 607})  # also a carrier that has not been asked to allow transfers
NO_ANSWER_CODES = frozenset({408, 480, 487})
NO_ANSWER_STATUS = 408  # of the reply, where no SIP code came
NO_ANSWER_REASON = "STR_RINGING_TIMEOUT"
LEAVING_SECONDS = 5.0
"""How long after a transfer the caller's line may stay in the room."""


class Transfer(Enum):
    """Tells how a transfer went."""

    DONE = "done"
    BUSY = "busy"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"
    VOICEMAIL = "voicemail"
    HUNG_UP = "hung_up"
    """The colleague has, before they had decided."""
    CALLER_LEFT = "caller_left"
    FAILED = "failed"


async def transfer(livekit: api.LiveKitAPI, room: rtc.Room, identity: str, to: str, ringing_seconds: float) -> Transfer:
    """Ask LiveKit to transfer one phone caller, and wait until the other side has answered, or not.

    Args:
        identity: Of the participant to send on; a room may have a colleague's phone in it, too.
        to: `tel:+91…` or `sip:…`.
        ringing_seconds: How long the other phone may ring.
    """
    request = api.TransferSIPParticipantRequest(room_name=room.name, participant_identity=identity, transfer_to=to)
    request.ringing_timeout.FromMilliseconds(int(ringing_seconds * 1000))
    try:
        # The reply's status says nothing: livekit-server 1.13.5 leaves it empty. What failed is an error.
        await livekit.sip.transfer_sip_participant(request)
    except api.TwirpError as error:
        return why_refused(error)
    except API_ERRORS:  # nobody knows: it may have been done all the same
        return Transfer.DONE if await gone(room, identity, LEAVING_SECONDS) else Transfer.FAILED
    return Transfer.DONE


async def gone(room: rtc.Room, identity: str, seconds: float) -> bool:
    """Wait until a participant has left; False when they are still there after so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await until_gone(room, identity)
    except TimeoutError:
        return False
    return True


async def until_gone(room: rtc.Room, identity: str) -> None:
    """Wait until a participant has left."""
    left = asyncio.Event()

    def disconnected(person: rtc.RemoteParticipant) -> None:
        if person.identity == identity:
            left.set()

    room.on("participant_disconnected", disconnected)
    try:
        while identity in room.remote_participants:
            await left.wait()
    finally:
        room.off("participant_disconnected", disconnected)


def why_refused(error: api.TwirpError) -> Transfer:
    """Return what LiveKit's refusal means: the other phone's answer, where it had one."""
    code, reason = None, None
    if isinstance(error, api.SipCallError):
        code, reason = error.sip_status_code, error.sip_transfer_reason
    if code in BUSY_CODES:
        return Transfer.BUSY
    if code in DECLINED_CODES:
        return Transfer.DECLINED
    if code in NO_ANSWER_CODES or reason == NO_ANSWER_REASON or error.status == NO_ANSWER_STATUS:
        return Transfer.NO_ANSWER
    return Transfer.FAILED
