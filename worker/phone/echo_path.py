"""Learns how a telephone line gives the agent's voice back: how much later, and how loud.

By correlation of what is heard with what was played: a caller's own words do not correlate with the agent's, however
loud they are. Half a second of the agent's voice is enough, on any line whose echo a voice detector would hear.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 4_000
"""Of the sound that is compared: the strong half of a telephone's band, at half the cost."""
BLOCK = round(0.4 * RATE_HZ)
MOST_DELAY = round(1.2 * RATE_HZ)
WINDOW = RATE_HZ // 100
SURE = 18.0  # the path's peak, in standard deviations of all around it; without an echo it stays below 15
ALIKE = round(0.05 * RATE_HZ)  # two delays in a row are: one alone may be chance
FEWEST_GAINS = 3  # before the line is known
MOST_BLOCKS = 15  # without an echo, before there is taken to be none: 3 s of the agent's voice
AUDIBLE_POWER, LEAST_POWER = 50.0**2, 4.0  # of what is played, of what is heard: there is nothing to learn from less
FEWEST_AUDIBLE = 40  # windows of what is played: a path cannot be told from a syllable
LEARNED_SHARE = 0.2
REMEMBERED = 24
MOST_RISE = 0.25  # a caller's voice in a block must not count as a louder echo
FEWEST_LOUD = 12  # of a block's 40 windows
_FADED = np.hanning(BLOCK).astype(np.float32)
_FFT = 1 << (2 * BLOCK + MOST_DELAY - 1).bit_length()
_REGULAR = 0.02

Sound = NDArray[np.float32]


class EchoPath:
    """Holds what is known of one line's echo."""

    def __init__(self) -> None:
        self.delays: deque[int] = deque(maxlen=REMEMBERED)
        """The last ones found, in samples of RATE_HZ: buffers on the way grow, shrink, and grow again."""
        self.gain = 0.0
        """How much of the agent's power comes back."""
        self._found = -MOST_DELAY
        self._blocks = self._gains = 0

    @property
    def is_known(self) -> bool:
        """Return whether there is an echo of known delay and gain."""
        return self._gains >= FEWEST_GAINS

    @property
    def is_absent(self) -> bool:
        """Return whether enough of the agent's voice was played to say that nothing comes back."""
        return not self.is_known and self._blocks >= MOST_BLOCKS

    def learn(self, heard: Sound, played: Sound) -> None:
        """Learn from a block of what was heard, and what was played until the block's end, MOST_DELAY more of it."""
        if np.count_nonzero(powers(played) > AUDIBLE_POWER) < FEWEST_AUDIBLE:
            return
        self._blocks += 1
        if float(np.mean(heard**2)) < LEAST_POWER:
            return
        delay, sure = _path(heard, played)
        if sure < SURE:
            return
        before, self._found = self._found, delay
        if abs(delay - before) <= ALIKE:
            self.delays.append(delay)
            self._learn_gain(powers(heard), powers(played[MOST_DELAY - delay : MOST_DELAY - delay + BLOCK]))

    def _learn_gain(self, back: Sound, sent: Sound) -> None:
        loud = sent >= 0.1 * sent.max() + 1.0
        if np.count_nonzero(loud) < FEWEST_LOUD:
            return
        gain = float(np.median(back[loud] / sent[loud]))
        rise = LEARNED_SHARE * (gain - self.gain)
        self.gain = self.gain + min(rise, MOST_RISE * self.gain) if self._gains >= FEWEST_GAINS else gain
        self._gains += 1


def powers(sound: Sound) -> Sound:
    """Return the power of each 10 ms."""
    whole = len(sound) // WINDOW * WINDOW
    return np.asarray(np.mean(sound[:whole].reshape(-1, WINDOW) ** 2, axis=1), dtype=np.float32)


def _path(heard: Sound, played: Sound) -> tuple[int, float]:
    """Return the delay at which the path's impulse response is strongest, and how far it stands out there."""
    sent = np.fft.rfft(played, _FFT)
    power = np.abs(sent) ** 2
    cross = np.fft.rfft(heard * _FADED, _FFT) * sent.conj()
    response = np.abs(np.fft.irfft(cross / (power + _REGULAR * power.mean()), _FFT))
    by_delay = response[np.arange(-MOST_DELAY, 1)]  # `played` begins MOST_DELAY before the block does
    delay = int(np.argmax(by_delay))
    spread = float(np.sqrt(np.mean(np.minimum(by_delay, 4 * np.median(by_delay)) ** 2))) + 1e-12
    return delay, float(by_delay[delay]) / spread
