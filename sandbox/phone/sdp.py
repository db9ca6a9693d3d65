"""Which sound two phones agree on: offers and answers of one audio stream (RFC 4566, RFC 3264)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

PCMU, PCMA, TELEPHONE_EVENT = 0, 8, 101
NAMES = {"PCMU": PCMU, "PCMA": PCMA}
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")


class BadSdp(ValueError):
    """A description without an audio stream that can be read."""


@dataclass(frozen=True, slots=True)
class AudioDescription:
    """One side's audio: where it listens, what it understands in order of liking, whether it sends and listens."""

    host: str
    port: int
    payload_types: tuple[int, ...]
    key_payload_type: int | None = TELEPHONE_EVENT
    direction: str = "sendrecv"

    def encode(self) -> bytes:
        types = [*self.payload_types, *([self.key_payload_type] if self.key_payload_type is not None else [])]
        names = {number: name for name, number in NAMES.items()}
        lines = [
            "v=0",
            f"o=- 1 1 IN IP4 {self.host}",
            "s=call",
            f"c=IN IP4 {self.host}",
            "t=0 0",
            f"m=audio {self.port} RTP/AVP {' '.join(map(str, types))}",
            *(f"a=rtpmap:{number} {names[number]}/8000" for number in self.payload_types if number in names),
        ]
        if self.key_payload_type is not None:
            lines += [f"a=rtpmap:{self.key_payload_type} telephone-event/8000", f"a=fmtp:{self.key_payload_type} 0-15"]
        return "\r\n".join([*lines, "a=ptime:20", f"a={self.direction}", ""]).encode()


def parse_sdp(body: bytes) -> AudioDescription:
    """Raises BadSdp."""
    text = body.decode("utf-8", "replace").replace("\r\n", "\n")
    media = re.search(r"^m=audio (\d{1,5})(?:/\d+)? RTP/AVP((?: \d{1,3})+)\s*$", text, re.MULTILINE)
    address = re.findall(r"^c=IN IP4 ([\d.]+)", text, re.MULTILINE)
    if media is None or not address:
        raise BadSdp("there is no audio stream over RTP with an IPv4 address")
    types = tuple(int(each) for each in media[2].split())
    keys = re.search(r"^a=rtpmap:(\d{1,3}) telephone-event/8000", text, re.MULTILINE | re.IGNORECASE)
    key_type = int(keys[1]) if keys else None
    direction = next((each for each in DIRECTIONS if re.search(rf"^a={each}\s*$", text, re.MULTILINE)), "sendrecv")
    sound = tuple(each for each in types if each != key_type)
    return AudioDescription(address[-1], int(media[1]), sound, key_type, direction)


def agreed(offer: AudioDescription, ours: Sequence[int]) -> int:
    """The first code of the offer that we have too. Raises BadSdp without one."""
    for number in offer.payload_types:
        if number in ours:
            return number
    raise BadSdp("no code of the offer is known here")
