"""Encode speech as a provider would send it: raw samples, a WAV, the two telephone codes, or a compressed stream."""

import io
import struct
from collections.abc import Callable
from typing import Any

import av
import numpy as np

from sandbox.speech.voice_activity import Samples

CONTENT_TYPES = {
    "linear16": "audio/pcm",
    "wav": "audio/wav",
    "mulaw": "audio/mulaw",
    "alaw": "audio/alaw",
    "mp3": "audio/mpeg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "opus": "audio/ogg",
}
_CONTAINERS = {
    "mp3": ("mp3", "libmp3lame"),
    "aac": ("adts", "aac"),
    "flac": ("flac", "flac"),
    "opus": ("ogg", "libopus"),
}
_UNKNOWN_LENGTH = 0xFFFFFFFF


class Encoder:
    """One continuous stream in one codec: `push` samples, then `finish` once; each gives the bytes ready so far."""

    def __init__(self, codec: str, sample_rate: int) -> None:
        self.push: Callable[[Samples], bytes]
        self.finish: Callable[[], bytes] = lambda: b""
        if codec in _CONTAINERS:
            stream = _Compressed(codec, sample_rate)
            self.push, self.finish = stream.push, stream.finish
        elif codec == "wav":
            self.push = _WavStream(sample_rate).push
        else:
            self.push = {"linear16": linear16, "mulaw": mulaw, "alaw": alaw}[codec]


def encode(samples: Samples, codec: str, sample_rate: int) -> bytes:
    """A whole recording at once."""
    if codec == "wav":
        return wav_header(sample_rate, len(samples) * 2) + linear16(samples)
    encoder = Encoder(codec, sample_rate)
    return encoder.push(samples) + encoder.finish()


def wav_header(sample_rate: int, length_bytes: int) -> bytes:
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, sample_rate, sample_rate * 2, 2, 16)
    riff_bytes = min(_UNKNOWN_LENGTH, length_bytes + 36)
    return struct.pack("<4sI4s", b"RIFF", riff_bytes, b"WAVE") + fmt + struct.pack("<4sI", b"data", length_bytes)


def linear16(samples: Samples) -> bytes:
    return samples.astype("<i2").tobytes()


def mulaw(samples: Samples) -> bytes:
    """G.711 mu-law."""
    sign = np.where(samples < 0, 0x80, 0)
    size = np.minimum(np.abs(samples.astype(np.int32)), 32635) + 132
    exponent = np.floor(np.log2(size)).astype(np.int32) - 7
    mantissa = (size >> (exponent + 3)) & 0x0F
    coded: bytes = (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8).tobytes()
    return coded


def alaw(samples: Samples) -> bytes:
    """G.711 A-law."""
    wide = samples.astype(np.int32)
    sign = np.where(wide >= 0, 0x80, 0)
    size = np.minimum(np.where(wide >= 0, wide, -wide - 1), 32767) >> 3
    exponent = np.maximum(np.floor(np.log2(np.maximum(size, 1))).astype(np.int32) - 4, 0)
    mantissa = np.where(exponent > 0, size >> exponent, size >> 1) & 0x0F
    coded: bytes = ((sign | (exponent << 4) | mantissa) ^ 0x55).astype(np.uint8).tobytes()
    return coded


class _WavStream:
    def __init__(self, sample_rate: int) -> None:
        self._header = wav_header(sample_rate, _UNKNOWN_LENGTH)

    def push(self, samples: Samples) -> bytes:
        header, self._header = self._header, b""
        return header + linear16(samples)


class _Unseekable(io.RawIOBase):
    """Collects what the muxer writes. It cannot go back: what has been sent has been sent."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._written += bytes(data)
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken


class _Compressed:
    def __init__(self, codec: str, sample_rate: int) -> None:
        container, encoder = _CONTAINERS[codec]
        options = {"write_xing": "0", "id3v2_version": "0"} if codec == "mp3" else {}
        self._file = _Unseekable()
        self._container = av.open(self._file, "w", format=container, options=options)
        rate = 48000 if codec == "opus" else sample_rate
        stream: Any = self._container.add_stream(encoder, rate=rate, layout="mono")
        self._stream = stream
        self._sample_rate = sample_rate
        self._resampler = av.AudioResampler(
            format=stream.format.name, layout="mono", rate=rate, frame_size=stream.frame_size or 0
        )

    def push(self, samples: Samples) -> bytes:
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = self._sample_rate
        self._encode(frame)
        return self._file.take()

    def finish(self) -> bytes:
        self._encode(None)
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._file.take()

    def _encode(self, frame: av.AudioFrame | None) -> None:
        for each in self._resampler.resample(frame):
            each.pts = None
            self._container.mux(self._stream.encode(each))
