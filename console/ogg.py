"""Joins the parts of a recording into one Ogg stream: browsers play a chain's first link, and cannot seek in the rest.

A part is a closed file of its own (worker/recording/parts.py). Its packets of sound are not touched, but put into pages
of one stream (RFC 3533), each part's at the moment at which it began. A player counts the samples of packets, and a
part has up to two packets more than sound: left in, they would put half an hour behind by seconds. Between two agents
of a call there may be a gap: silent packets stand there.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

OPUS_HZ = 48_000
"""What positions are counted in, whatever was recorded (RFC 7845, section 4)."""
PACKETS_A_PAGE = 50
LONGEST_GAP_SECONDS = 3_600
_PAGE = struct.Struct("<4sBBqIIIB")
_BEGINS, _ENDS = 0x02, 0x04
_SILENCE, _SILENCE_SAMPLES = b"\xfc\xff\xfe", 960  # 20 ms of stereo silence (RFC 6716, section 3.1)
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_SILK, _HYBRID, _CELT = (480, 960, 1920, 2880), (480, 960), (120, 240, 480, 960)


class NotOgg(ValueError):
    """A part is no Opus in Ogg, or was cut off."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One part, taken out of its pages."""

    serial: int
    head: bytes
    tags: bytes
    packets: list[bytes]
    ends_at: int
    """Position of its last sample, counted from the decoder's first, which is `preskip` before its sound."""

    @property
    def preskip(self) -> int:
        return int.from_bytes(self.head[10:12], "little")


def joined(parts: Sequence[bytes], begin_seconds: Sequence[float] | None = None) -> bytes:
    """One stream of all parts, in their order.

    Args:
        parts: The files.
        begin_seconds: When each of them began, by any one clock; None for parts that follow each other without a gap.
    Raises:
        NotOgg: When a part cannot be read, or begins hours after the one before.
    """
    if len(parts) == 1:
        return parts[0]
    read = [_part_of(part) for part in parts if part]
    if not read:
        return b""
    begins = _begins(read, begin_seconds if begin_seconds is not None and len(read) == len(parts) else None)
    packets: list[tuple[bytes, int]] = []
    position = 0
    for number, part in enumerate(read):
        if begins[number] - position > LONGEST_GAP_SECONDS * OPUS_HZ:
            raise NotOgg(f"part {number} begins hours after the one before")
        while begins[number] - position >= _SILENCE_SAMPLES:
            position += _SILENCE_SAMPLES
            packets.append((_SILENCE, position))
        for packet in part.packets:
            samples = _samples_in(packet)
            if number + 1 < len(read) and position + samples // 2 > begins[number + 1]:
                break
            position += samples
            packets.append((packet, position))
    last = begins[-1] + read[-1].ends_at
    return b"".join(_pages_of(read[0], packets, min(last, position)))


def _begins(parts: Sequence[_Part], seconds: Sequence[float] | None) -> list[int]:
    """Return the position at which each part begins."""
    if seconds is not None:
        return [round((each - seconds[0]) * OPUS_HZ) for each in seconds]
    begins = [0]
    for part in parts[:-1]:
        begins.append(begins[-1] + part.ends_at - part.preskip)
    return begins


def _part_of(raw: bytes) -> _Part:
    packets: list[bytes] = []
    begun, serial, ends_at = b"", 0, 0
    for number, (page_serial, position, packets_of_page) in enumerate(_pages(raw)):
        serial = page_serial if number == 0 else serial
        ends_at = max(ends_at, position)
        for packet, is_whole in packets_of_page:
            begun += packet
            if is_whole:
                packets.append(begun)
                begun = b""
    if begun or len(packets) < 2 or not packets[0].startswith(b"OpusHead") or len(packets[0]) < 19:
        raise NotOgg("no Opus, or cut off in a packet")
    return _Part(serial, packets[0], packets[1], packets[2:], ends_at)


def _pages(raw: bytes) -> Iterator[tuple[int, int, list[tuple[bytes, bool]]]]:
    """Each page's serial number, position and pieces of packets, and whether a packet ends with its piece."""
    begins = 0
    while begins < len(raw):
        if raw[begins : begins + 4] != b"OggS" or begins + _PAGE.size > len(raw):
            raise NotOgg(f"no page at byte {begins}")
        _, _, _, position, serial, _, _, segments = _PAGE.unpack_from(raw, begins)
        table = raw[begins + _PAGE.size : begins + _PAGE.size + segments]
        at = begins + _PAGE.size + segments
        begins = at + sum(table)
        if len(table) < segments or begins > len(raw):
            raise NotOgg("the last page is cut off")
        pieces: list[tuple[bytes, bool]] = []
        size = 0
        for number, lacing in enumerate(table):
            size += lacing
            if lacing < 255 or number == segments - 1:
                pieces.append((raw[at : at + size], lacing < 255))
                at, size = at + size, 0
        yield serial, position, pieces


def _samples_in(packet: bytes) -> int:
    """How long an Opus packet is (RFC 6716, section 3.1)."""
    if not packet:
        raise NotOgg("an empty packet")
    config, frames = packet[0] >> 3, (1, 2, 2, 0)[packet[0] & 3]
    if not frames:
        if len(packet) < 2:
            raise NotOgg("a packet without its count of frames")
        frames = packet[1] & 0x3F
    if config < 12:
        return frames * _SILK[config % 4]
    return frames * (_HYBRID[config % 2] if config < 16 else _CELT[config % 4])


def _pages_of(first: _Part, packets: Sequence[tuple[bytes, int]], ends_at: int) -> Iterator[bytes]:
    yield _page([first.head], _BEGINS, 0, first.serial, 0)
    yield _page([first.tags], 0, 0, first.serial, 1)
    for number, start in enumerate(range(0, len(packets), PACKETS_A_PAGE), 2):
        group = packets[start : start + PACKETS_A_PAGE]
        is_last = start + PACKETS_A_PAGE >= len(packets)
        position = ends_at if is_last else group[-1][1]
        yield _page([packet for packet, _ in group], _ENDS if is_last else 0, position, first.serial, number)


def _page(packets: Sequence[bytes], kind: int, position: int, serial: int, number: int) -> bytes:
    table = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
    if len(table) > 255:
        raise NotOgg("packets that are larger than a page")
    head = _PAGE.pack(b"OggS", 0, kind, position, serial, number, 0, len(table))
    return _with_checksum(head + table + b"".join(packets))


def _with_checksum(page: bytes) -> bytes:
    """Ogg's checksum is zlib's with every bit mirrored, begun at 0 and not inverted."""
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    checksum = int(f"{mirrored:032b}"[::-1], 2)
    return page[:22] + checksum.to_bytes(4, "little") + page[26:]
