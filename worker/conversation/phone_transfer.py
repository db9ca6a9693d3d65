"""Transfers a caller who is on a phone to another number."""

from __future__ import annotations

from livekit import api, rtc
from livekit.agents import JobContext


async def transfer_phone_caller(ctx: JobContext, to: str) -> bool:
    """Ask LiveKit to transfer the room's phone caller; False when there is none.

    Args:
        to: `tel:+91…` or `sip:…`, as in WORKER_TRANSFER_TO.
    Raises:
        livekit.api.TwirpError: LiveKit, or the phone network behind it, refused.
    Source: https://docs.livekit.io/sip/transfer-cold
    """
    for participant in ctx.room.remote_participants.values():
        if participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_SIP:
            request = api.TransferSIPParticipantRequest(
                room_name=ctx.room.name, participant_identity=participant.identity, transfer_to=to
            )
            await ctx.api.sip.transfer_sip_participant(request)
            return True
    return False
