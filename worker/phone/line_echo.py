"""Takes the agent's own voice, come back over a telephone line, out of what the caller is heard to say.

A page's browser cancels echo; a telephone has only what its carrier and its handset do. What comes in while the agent
speaks, and is no louder than what the line is known to give back, is made silent. A caller is louder than that, and
passes untouched: an echo canceller (WebRTC's was measured) changes their voice, and takes two seconds to let it through
on the many lines that have no echo at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import AgentSession
from numpy.typing import NDArray

from worker.phone.echo_path import BLOCK, LATER, MOST_DELAY, RATE_HZ, EchoPath, Sound, powers
from worker.phone.frame_clock import FrameClock
from worker.recording.channel import AgentTap

SAMPLE_RATE_HZ = 16_000
"""Of the sound on both sides."""
THINNING = SAMPLE_RATE_HZ // RATE_HZ
MARGIN, MARGIN_ON = 10 ** (6 / 10), 10 ** (3 / 10)
"""How much louder than the echo a caller begins to speak, and goes on."""
FEWEST_LOUD_WINDOWS = 2  # 20 ms of a frame's 50
OPEN_FRAMES = 6  # 0.3 s: what is soft within a caller's words passes, too
LEARN_EVERY = RATE_HZ // 5
KEPT = BLOCK + MOST_DELAY + LATER
AHEAD = 2 * RATE_HZ  # of frames that a busy process is late with
FLOOR_RISE = 1.005  # a frame: 3 dB in 7 s


class LineEcho(rtc.FrameProcessor[rtc.AudioFrame]):
    """Listens to both sides of one call; the framework passes it the caller's frames before anybody else."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.path = EchoPath()
        self.played_until: Callable[[float], None] = lambda _: None
        """Called before each frame is judged: by its return `play` has been told what was played until that moment."""
        self._now = now
        self._clock = FrameClock(now(), RATE_HZ)
        self._played: Sound = np.zeros(KEPT + AHEAD, dtype=np.float32)
        """The newest sound that has been heard belongs to the KEPT-th sample."""
        self._heard: Sound = np.zeros(BLOCK, dtype=np.float32)
        self._learned_at = 0
        self._floor = np.inf
        self._open_frames = 0
        self._enabled = True

    @property
    def enabled(self) -> bool:
        """Return whether frames are changed."""
        return self._enabled

    @enabled.setter
    def enabled(self, value: bool) -> None:
        self._enabled = value

    def follow(self, session: AgentSession[Any]) -> None:
        """Be told of all that the agent is heard to say in a session."""
        if (output := session.output.audio) is not None:
            session.output.audio = tap = AgentTap(output, self.play)
            self.played_until = tap.settle

    def play(self, at: float, samples: NDArray[np.int16]) -> None:
        """Take what is heard of the agent, or of its music, from the epoch second `at` on; both may sound at once."""
        begin = round(self._clock.samples(at) * THINNING)
        lead = begin % THINNING
        sound = _thinned(np.pad(samples, (lead, -(lead + len(samples)) % THINNING)))
        start = KEPT + begin // THINNING - self._clock.end
        low, high = max(0, start), min(len(self._played), start + len(sound))
        if high > low:
            self._played[low:high] += sound[low - start : high - start]

    def _process(self, frame: rtc.AudioFrame) -> rtc.AudioFrame:
        if frame.sample_rate != SAMPLE_RATE_HZ or frame.num_channels != 1:
            return frame
        now = self._now()
        heard = _thinned(np.frombuffer(frame.data, dtype=np.int16))
        self._move_on(heard, now)
        self.played_until(now)
        self._learn()
        if self._passes(powers(heard)):
            return frame
        silence = bytes(2 * frame.samples_per_channel)
        return rtc.AudioFrame(silence, frame.sample_rate, 1, frame.samples_per_channel)

    def _close(self) -> None:
        """Keep what is known of the line: a track that comes back is the same telephone's."""

    def _move_on(self, heard: Sound, now: float) -> None:
        """Put the newest frame behind the others, and as much of what was played in front."""
        step = self._clock.count(len(heard), now)
        self._heard = np.concatenate((self._heard, heard))[-BLOCK:]
        still_there = self._played[step:]
        self._played = np.concatenate((still_there, np.zeros(len(self._played) - len(still_there), dtype=np.float32)))

    def _learn(self) -> None:
        if self._clock.end - self._learned_at >= LEARN_EVERY:
            self._learned_at = self._clock.end
            self.path.learn(self._heard, self._played[KEPT - BLOCK - MOST_DELAY : KEPT])

    def _passes(self, heard: Sound) -> bool:
        """Whether a frame is the caller's, or has nothing of the agent's in it that anybody could hear."""
        self._floor = min(float(heard.mean()) + 1.0, self._floor * FLOOR_RISE)
        loudest_echo = (MARGIN_ON if self._open_frames > 0 else MARGIN) * self._expected(len(heard))
        if loudest_echo <= self._floor:
            self._open_frames -= 1  # who has spoken before the agent does so no more when it begins
            return True
        if np.count_nonzero(heard > loudest_echo + 2 * self._floor) >= FEWEST_LOUD_WINDOWS:
            self._open_frames = OPEN_FRAMES
            return True
        self._open_frames -= 1
        return self._open_frames >= 0

    def _expected(self, windows: int) -> float:
        """How powerful the echo in the newest frame can be."""
        frame = windows * RATE_HZ // 100
        from_, until = max(0, KEPT - frame - self.path.latest), KEPT - self.path.earliest
        return float(powers(self._played[from_:until]).max()) * self.path.gain


def _thinned(samples: NDArray[np.int16]) -> Sound:
    """Bring sound to RATE_HZ."""
    whole = len(samples) // THINNING * THINNING
    return np.asarray(samples[:whole].reshape(-1, THINNING).mean(axis=1), dtype=np.float32)
