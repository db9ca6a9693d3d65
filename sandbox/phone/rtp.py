"""One stream of telephone sound and keys over UDP (RFC 3550, RFC 4733): 20 ms a packet, both ways."""

from __future__ import annotations

import asyncio
import secrets
import struct
import time
from collections import deque
from collections.abc import Callable
from typing import cast

import numpy as np

from sandbox.keypad import KEYS, check_keys
from sandbox.phone import g711
from sandbox.phone.sdp import TELEPHONE_EVENT, AudioDescription
from sandbox.speech.voice_activity import Samples

FRAME_SECONDS = 0.02
FRAME_SAMPLES = round(g711.SAMPLE_RATE * FRAME_SECONDS)
SILENCE: Samples = np.zeros(FRAME_SAMPLES, dtype=np.int16)
KEY_FRAMES = 5  # 100 ms a key, and as long between two
_HEADER = struct.Struct("!BBHII")
_KEY = struct.Struct("!BBH")
_KEY_VOLUME = 10
_END_OF_KEY = 0x80
_LAST_PACKETS = 3  # the end of a key is told three times, in case one is lost


class RtpStream(asyncio.DatagramProtocol):
    """Sends a frame at each `send`, tells of each that arrives. Where it sends to is learned with `talk_to`."""

    def __init__(self, on_frame: Callable[[Samples], None], on_key: Callable[[str], None]) -> None:
        self.last_heard_at: float | None = None
        self._on_frame, self._on_key = on_frame, on_key
        self._transport: asyncio.DatagramTransport | None = None
        self._remote: tuple[str, int] | None = None
        self._payload_type, self._key_payload_type = 0, TELEPHONE_EVENT
        self._sequence, self._timestamp = secrets.randbelow(1 << 15), secrets.randbelow(1 << 31)
        self._source_id = secrets.randbelow(1 << 32)
        self._keys: deque[tuple[str, int]] = deque()
        self._key_began = 0
        self._last_key_timestamp: int | None = None
        self._last_sequence: int | None = None

    async def open(self, host: str = "127.0.0.1") -> None:
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, local_addr=(host, 0))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    @property
    def port(self) -> int:
        assert self._transport is not None, "the stream is not open"
        return int(self._transport.get_extra_info("sockname")[1])

    def talk_to(self, remote: AudioDescription, payload_type: int) -> None:
        """Send there from now on, in this code."""
        self._remote, self._payload_type = (remote.host, remote.port), payload_type
        self._key_payload_type = remote.key_payload_type or TELEPHONE_EVENT

    def press(self, keys: str) -> None:
        """Send keys with the coming frames, one after the other, in place of sound.

        Raises:
            ValueError: A key that no telephone has.
        """
        check_keys(keys)
        for key in keys:
            self._keys += [(key, frame) for frame in range(KEY_FRAMES)] + [("", 0)] * KEY_FRAMES

    @property
    def pressing(self) -> bool:
        """Whether keys are still to be sent."""
        return bool(self._keys)

    def send(self, frame: Samples) -> None:
        """Send the sound of the next 20 ms, or the key that is being pressed."""
        key, number = self._keys.popleft() if self._keys else ("", 0)
        if key:
            self._send_key(key, number)
        else:
            self._send(self._payload_type, self._timestamp, g711.encode(frame, self._payload_type))
        self._timestamp = (self._timestamp + FRAME_SAMPLES) & 0xFFFFFFFF

    def _send_key(self, key: str, number: int) -> None:
        """A key has the time stamp of its beginning, and grows (RFC 4733, 2.5.1)."""
        if number == 0:
            self._key_began = self._timestamp
        last = number == KEY_FRAMES - 1
        flags = _KEY_VOLUME | (_END_OF_KEY if last else 0)
        packet = _KEY.pack(KEYS.index(key), flags, (number + 1) * FRAME_SAMPLES)
        for _ in range(_LAST_PACKETS if last else 1):
            self._send(self._key_payload_type, self._key_began, packet)

    def _send(self, payload_type: int, timestamp: int, payload: bytes) -> None:
        if self._transport is None or self._transport.is_closing() or self._remote is None:
            return
        head = _HEADER.pack(0x80, payload_type, self._sequence, timestamp, self._source_id)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._transport.sendto(head + payload, self._remote)

    # ---- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # asyncio's own is no subclass of it

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) <= _HEADER.size or data[0] >> 6 != 2:
            return
        flags, kind, sequence, timestamp, _ = _HEADER.unpack_from(data)
        payload = data[_HEADER.size + 4 * (flags & 0x0F) :]
        self.last_heard_at = time.monotonic()
        kind &= 0x7F
        if kind in (TELEPHONE_EVENT, self._key_payload_type):
            self._receive_key(timestamp, payload)
        elif kind == self._payload_type and self._is_next(sequence):
            self._on_frame(g711.decode(payload, kind))

    def _is_next(self, sequence: int) -> bool:
        """Whether a packet comes in order; one that comes late is dropped, as its time is over."""
        last = self._last_sequence
        if last is not None and (sequence - last) & 0xFFFF > 1 << 15:
            return False
        self._last_sequence = sequence
        return True

    def _receive_key(self, timestamp: int, payload: bytes) -> None:
        """A key is told when it goes down; what follows with its time stamp is the same key."""
        if len(payload) < _KEY.size or timestamp == self._last_key_timestamp:
            return
        event = _KEY.unpack_from(payload)[0]
        if event < len(KEYS):
            self._last_key_timestamp = timestamp
            self._on_key(KEYS[event])
