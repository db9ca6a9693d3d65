"""Reads a recording back: its parts in order, one behind the other, as two channels."""

from __future__ import annotations

import io

import av
import numpy as np

from worker.recording.channel import RATE_HZ


def samples_of(part):
    """The two channels of one part, at the recording's rate."""
    resampler = av.AudioResampler(format="s16p", layout="stereo", rate=RATE_HZ)
    with av.open(io.BytesIO(part)) as container:
        frames = [made for frame in container.decode(audio=0) for made in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray() for frame in frames], axis=1)


def parts_in(folder):
    """The parts of a recording, in the order of their names."""
    return [path.read_bytes() for path in sorted(folder.rglob("*.ogg"))]


def tone(seconds, hz=400, loudness=8000):
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (loudness * np.sin(2 * np.pi * hz * at)).astype(np.int16)


def loud_seconds(channel, threshold=1500):
    """From when to when a channel is loud; None where it never is."""
    size = RATE_HZ // 50
    windows = channel[: len(channel) // size * size].reshape(-1, size).astype(float)
    loud = np.flatnonzero(np.sqrt((windows**2).mean(axis=1)) > threshold)
    return None if not len(loud) else (loud[0] / 50, (loud[-1] + 1) / 50)
