"""What counts as sound, in one place: every figure of a call rests on this definition (10 ms frames, RMS over 200)."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

SAMPLE_RATE = 24_000
FRAME_SECONDS = 0.01
FRAME_SAMPLES = int(SAMPLE_RATE * FRAME_SECONDS)
AUDIBLE_RMS = 200.0


def is_audible(samples: Samples) -> bool:
    """Whether one frame is voiced (the caller's) or audible (the agent's)."""
    wide = samples.astype(np.float32)
    return float(np.dot(wide, wide)) > AUDIBLE_RMS * AUDIBLE_RMS * len(samples)


def audible_frames(samples: Samples) -> npt.NDArray[np.bool_]:
    """`is_audible` for every whole 10 ms frame."""
    wide = as_frames(samples).astype(np.float32)
    return np.asarray(np.sqrt((wide * wide).mean(axis=1)) > AUDIBLE_RMS)


def as_frames(samples: Samples) -> Samples:
    """Cut into 10 ms rows; the last one is filled up with silence."""
    short = -len(samples) % FRAME_SAMPLES
    return np.pad(samples, (0, short)).reshape(-1, FRAME_SAMPLES)


def read_wav(source: Path | IO[bytes]) -> tuple[Samples, int]:
    """Mono 16-bit samples and the rate of a PCM WAV. Raises ValueError for anything else."""
    try:
        with wave.open(str(source) if isinstance(source, Path) else source, "rb") as reader:
            channels, width, rate = reader.getnchannels(), reader.getsampwidth(), reader.getframerate()
            raw = reader.readframes(reader.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{source} is not a PCM WAV file: {error}") from error
    if width == 2:
        samples = np.frombuffer(raw, dtype="<i2")
    elif width == 4:
        samples = (np.frombuffer(raw, dtype="<i4") >> 16).astype(np.int16)
    elif width == 1:
        samples = (np.frombuffer(raw, dtype=np.uint8).astype(np.int16) - 128) << 8
    else:
        raise ValueError(f"{source} has {width * 8}-bit samples; 8, 16 and 32 are understood")
    if channels > 1:
        samples = samples.reshape(-1, channels).mean(axis=1).astype(np.int16)
    return np.ascontiguousarray(samples, dtype=np.int16), rate


def write_stereo_wav(path: Path, left: Samples, right: Samples) -> None:
    """Two channels of one length or not: the shorter is filled up with silence."""
    both = np.zeros((max(len(left), len(right)), 2), dtype="<i2")
    both[: len(left), 0], both[: len(right), 1] = left, right
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE)
        writer.writeframes(both.tobytes())
