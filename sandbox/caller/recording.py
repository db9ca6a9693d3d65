"""Keep both sides of a call on one clock: caller left, agent right."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sandbox.caller.audio import FRAME_SAMPLES, SAMPLE_RATE, Samples, write_stereo_wav

JITTER_SECONDS = 0.12  # frames that come a little early or late follow the one before without a click


@dataclass
class _Side:
    frames: list[tuple[int, Samples]] = field(default_factory=list)
    next_position: int | None = None

    def add(self, samples: Samples | None, position: int) -> None:
        expected = self.next_position
        if expected is not None and abs(position - expected) <= JITTER_SECONDS * SAMPLE_RATE:
            position = expected
        if samples is not None and position >= 0:
            self.frames.append((position, samples))
        self.next_position = position + (FRAME_SAMPLES if samples is None else len(samples))


class Recording:
    """Frames as they pass, placed by their times."""

    def __init__(self) -> None:
        self.started_at = 0.0
        self._caller = _Side()
        self._agents: dict[str, _Side] = {}

    def caller_frame(self, samples: Samples | None, at: float) -> None:
        self._caller.add(samples, self._position(at))

    def agent_frame(self, track_sid: str, samples: Samples, at: float) -> None:
        self._agents.setdefault(track_sid, _Side()).add(samples, self._position(at))

    def write(self, path: Path) -> None:
        write_stereo_wav(path, _mixed([self._caller]), _mixed(list(self._agents.values())))

    def _position(self, at: float) -> int:
        return round((at - self.started_at) * SAMPLE_RATE)


def _mixed(sides: list[_Side]) -> Samples:
    frames = [frame for side in sides for frame in side.frames]
    length = max((position + len(samples) for position, samples in frames), default=0)
    mixed = np.zeros(length, dtype=np.int32)
    for position, samples in frames:
        mixed[position : position + len(samples)] += samples
    return np.clip(mixed, -32768, 32767).astype(np.int16)
