"""The two codes of telephone sound, both ways: 8 kHz, one byte a sample (ITU-T G.711)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sandbox.phone.sdp import PCMA, PCMU
from sandbox.speech.audio_codecs import alaw, mulaw
from sandbox.speech.voice_activity import Samples

SAMPLE_RATE = 8_000


def encode(samples: Samples, payload_type: int) -> bytes:
    """The bytes of an RTP packet of this type."""
    return {PCMU: mulaw, PCMA: alaw}[payload_type](samples)


def decode(coded: bytes, payload_type: int) -> Samples:
    """The sound in an RTP packet of this type."""
    table = {PCMU: _MULAW, PCMA: _ALAW}[payload_type]
    decoded: Samples = table[np.frombuffer(coded, dtype=np.uint8)]
    return decoded


def _mulaw_table() -> npt.NDArray[np.int16]:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    size = (((code & 0x0F) << 3) + 0x84) << ((code >> 4) & 7)
    return np.where(code & 0x80, 0x84 - size, size - 0x84).astype(np.int16)


def _alaw_table() -> npt.NDArray[np.int16]:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, (code & 0x0F) << 4
    size = np.where(exponent == 0, mantissa + 8, (mantissa + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, size, -size).astype(np.int16)


_MULAW, _ALAW = _mulaw_table(), _alaw_table()
