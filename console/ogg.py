"""Joins the parts of a recording into one Ogg stream: browsers play a chain's first link, and cannot seek in the rest.

A part is a closed file of its own (worker/recording/parts.py). Sound is not touched: the pages of later parts lose
their headers, and get the serial number, the page number, the position and the checksum of the one stream (RFC 3533).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence

HEADER_PAGES = 2
"""What Opus in Ogg begins with: its head and its tags, a page each (RFC 7845)."""
_PAGE = struct.Struct("<4sBBqIIIB")
_BEGINS, _ENDS = 0x02, 0x04
_NO_POSITION = -1
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class NotOgg(ValueError):
    """A part is no Ogg file, or was cut off in a page."""


def joined(parts: Sequence[bytes]) -> bytes:
    """One stream of all parts, in their order.

    Raises:
        NotOgg: When a part cannot be read.
    """
    if len(parts) == 1:
        return parts[0]
    written: list[bytes] = []
    serial, position = 0, 0
    for number, part in enumerate(parts):
        pages = list(_pages(part))
        ends_at, has_headers = position, bool(written)
        for index, page in enumerate(pages):
            _, version, kind, at, own_serial, _, _, segments = _PAGE.unpack_from(page)
            serial = own_serial if not written else serial
            if has_headers and index < HEADER_PAGES:
                continue
            kind &= ~(_BEGINS | _ENDS) if written else ~_ENDS
            if number == len(parts) - 1 and index == len(pages) - 1:
                kind |= _ENDS
            if at != _NO_POSITION:
                at += position
                ends_at = max(ends_at, at)
            head = _PAGE.pack(b"OggS", version, kind, at, serial, len(written), 0, segments)
            written.append(_with_checksum(head + page[_PAGE.size :]))
        position = ends_at
    return b"".join(written)


def _pages(part: bytes) -> Iterator[bytes]:
    begins = 0
    while begins < len(part):
        if part[begins : begins + 4] != b"OggS" or begins + _PAGE.size > len(part):
            raise NotOgg(f"no page at byte {begins}")
        table = begins + _PAGE.size
        body = table + part[table - 1]
        ends = body + sum(part[table:body])
        if ends > len(part):
            raise NotOgg(f"the page at byte {begins} is cut off")
        yield part[begins:ends]
        begins = ends


def _with_checksum(page: bytes) -> bytes:
    """Ogg's checksum is zlib's with every bit mirrored, begun at 0 and not inverted."""
    mirrored = zlib.crc32(page.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    checksum = int(f"{mirrored:032b}"[::-1], 2)
    return page[:22] + checksum.to_bytes(4, "little") + page[26:]
