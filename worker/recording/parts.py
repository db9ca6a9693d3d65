"""Cuts a recording into parts, each a closed file of stereo Opus in Ogg: what is stored is whole, whatever comes after.

Parts follow each other without a gap; one behind the other they are one chained Ogg stream (RFC 3533, section 4).
"""

from __future__ import annotations

import io

import av
import numpy as np
from numpy.typing import NDArray

from worker.recording.channel import RATE_HZ

PART_SECONDS = 7.0
BITS_PER_SECOND = 32_000
_HISS = ((np.arange(RATE_HZ, dtype=np.uint32) * np.uint32(2_654_435_761)) >> 28 == 0).astype(np.int16)
"""Ones, now and then: of nothing but zeros an encoder's filters fall into denormal numbers, at five times the CPU."""
EFFORT = "5"  # of 10, the default, which costs three times the CPU


class Parts:
    """Encodes sound as it comes, a part at a time."""

    def __init__(self, part_seconds: float = PART_SECONDS) -> None:
        self._part_samples = round(part_seconds * RATE_HZ)
        self._open: _Part | None = None
        self._begun_seconds = 0.0

    def add(self, caller: NDArray[np.int16], agent: NDArray[np.int16]) -> list[tuple[bytes, float]]:
        """Add as much of both channels; returns the parts that are full now, and where in the recording each begins."""
        stereo = np.stack([caller, agent], axis=1)
        silent = np.flatnonzero(~stereo.any(axis=1))
        stereo[silent] = _HISS[silent % len(_HISS), np.newaxis]
        full = []
        while len(stereo):
            self._open = self._open or _Part(self._begun_seconds)
            room = self._part_samples - self._open.samples
            self._open.add(stereo[:room])
            stereo = stereo[room:]
            if self._open.samples == self._part_samples:
                full.append(self._open.close())
                self._begun_seconds += self._open.samples / RATE_HZ
                self._open = None
        return full

    def close(self) -> list[tuple[bytes, float]]:
        """Return what the last part has so far; nothing where none is open."""
        last, self._open = self._open, None
        return [] if last is None else [last.close()]


class _Part:
    def __init__(self, begins_seconds: float) -> None:
        self.samples = 0
        self._begins_seconds = begins_seconds
        self._file = io.BytesIO()
        self._container = av.open(self._file, mode="w", format="ogg")
        self._stream = self._container.add_stream(
            "libopus", rate=RATE_HZ, layout="stereo", bit_rate=BITS_PER_SECOND, options={"compression_level": EFFORT}
        )

    def add(self, stereo: NDArray[np.int16]) -> None:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(stereo).reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate, frame.pts = RATE_HZ, self.samples
        self.samples += len(stereo)
        self._container.mux(self._stream.encode(frame))

    def close(self) -> tuple[bytes, float]:
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._file.getvalue(), self._begins_seconds
