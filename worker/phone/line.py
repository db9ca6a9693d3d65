"""Follows the line of one phone call: which way it was dialled, whether it was answered, and if not, why not.

LiveKit tells all of it in the `sip.*` attributes of the caller's participant, and how the participant left.
Source: https://docs.livekit.io/telephony/reference/sip-participant
"""

from __future__ import annotations

import asyncio
from enum import Enum

from livekit import rtc

STATUS = "sip.callStatus"
ACTIVE = "active"
HUNG_UP = "hangup"
CALLED_NUMBER = "sip.trunkPhoneNumber"
"""Of an incoming call the number that was called; of an outgoing one the number that is shown."""
RULE = "sip.ruleID"


class Direction(Enum):
    """Tells which side dialled."""

    IN = "in"
    OUT = "out"


class Unanswered(Enum):
    """Tells why nobody has picked up."""

    BUSY_OR_DECLINED = "busy_or_declined"
    UNAVAILABLE = "unavailable"
    HUNG_UP = "hung_up"
    NO_ANSWER = "no_answer"


_WHY_LEFT = {
    rtc.DisconnectReason.USER_REJECTED: Unanswered.BUSY_OR_DECLINED,
    rtc.DisconnectReason.USER_UNAVAILABLE: Unanswered.UNAVAILABLE,
}


def is_phone(person: rtc.Participant) -> bool:
    """Return whether somebody is in the room by telephone."""
    return person.kind == rtc.ParticipantKind.PARTICIPANT_KIND_SIP


def number_of(person: rtc.Participant) -> str:
    """Return a phone's number, as true as its trunk; empty for anybody else, whatever they say of themselves."""
    return person.attributes.get("sip.phoneNumber", "").strip() if is_phone(person) else ""


class PhoneLine:
    """Follows one phone's line."""

    def __init__(self, room: rtc.Room, person: rtc.RemoteParticipant) -> None:
        self._room = room
        self._person = person

    @property
    def direction(self) -> Direction:
        """Return which side dialled: only an incoming call has come by a dispatch rule."""
        return Direction.IN if self._person.attributes.get(RULE) else Direction.OUT

    @property
    def is_answered(self) -> bool:
        """Return whether both sides hear each other. A line that says nothing of itself is taken for one that is."""
        return self._person.attributes.get(STATUS, ACTIVE) == ACTIVE

    async def unanswered(self, seconds: float) -> Unanswered | None:
        """Wait until the call is answered; return why it is not, after `seconds` of ringing at the latest."""
        changed = asyncio.Event()
        left: list[rtc.RemoteParticipant] = []

        def attributes_changed(_: dict[str, str], person: rtc.Participant) -> None:
            if person.identity == self._person.identity:
                changed.set()

        def disconnected(person: rtc.RemoteParticipant) -> None:
            if person.identity == self._person.identity:
                left.append(person)
                changed.set()

        def room_over(_: object) -> None:
            left.append(self._person)
            changed.set()

        self._room.on("disconnected", room_over)  # whoever dialled has ended it: nobody leaves one by one then
        self._room.on("participant_attributes_changed", attributes_changed)
        self._room.on("participant_disconnected", disconnected)
        try:
            async with asyncio.timeout(seconds):
                while True:
                    if left or self._person.identity not in self._room.remote_participants:
                        reason = left[0].disconnect_reason if left else None
                        return _WHY_LEFT.get(reason, Unanswered.HUNG_UP) if reason else Unanswered.HUNG_UP
                    if self._person.attributes.get(STATUS) == HUNG_UP:
                        return Unanswered.HUNG_UP
                    if self.is_answered:
                        return None
                    await changed.wait()
                    changed.clear()
        except TimeoutError:
            return Unanswered.NO_ANSWER
        finally:
            self._room.off("disconnected", room_over)
            self._room.off("participant_attributes_changed", attributes_changed)
            self._room.off("participant_disconnected", disconnected)
