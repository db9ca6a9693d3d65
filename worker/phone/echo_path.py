"""Learns how a telephone line gives the agent's voice back: how much later, and how loud.

By correlation of what is heard with what was played: a caller's own words and a line's hiss do not correlate with the
agent's voice, however loud they are. An echo far under the hiss shows when some seconds of evidence are put together; a
loud one, or one that has just begun, shows in half a second alone.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

RATE_HZ = 4_000
"""Of the sound that is compared: the strong half of a telephone's band, at half the cost."""
BLOCK = round(0.4 * RATE_HZ)
MOST_DELAY = round(1.2 * RATE_HZ)
WINDOW = RATE_HZ // 100
LATER, EARLIER = round(0.15 * RATE_HZ), round(0.08 * RATE_HZ)
"""Than the delays that were found: a room's reverberation, and buffers on the way that grow and shrink."""
SURE_TOGETHER = 10.0  # the path's peak, in standard deviations of all around it; without an echo it stays below 8.5
SURE_ALONE = 18.0  # the same of one block, which chance has brought to 27
ALIKE = round(0.05 * RATE_HZ)  # two delays in a row are: one alone may be chance
FEWEST_TOGETHER = 5  # blocks, before their evidence counts together
FEWEST_GAINS = 3  # before the line's gain is known
SETTLED = 15  # blocks of a path, before little evidence of it means that little comes back
DOUBT = 2.0  # of a gain that was measured once or twice
KEPT_SHARE = 0.93  # of earlier evidence, with each block: a memory of 3 s of the agent's voice
PRESUMED_GAIN = 10 ** (-14 / 10)  # until there is evidence
CHANGED = 8.0  # a path that comes back so much louder than it did is another one
FADED = 4.0  # what was measured holds up to so much more than there is evidence for
SPREAD_OUT = 10.0  # a room's echo has so much more power than its strongest single path
AUDIBLE_POWER, LEAST_POWER = 50.0**2, 4.0  # of what is played, of what is heard: there is nothing to learn from less
FEWEST_AUDIBLE = 40  # windows of what is played: a path cannot be told from a syllable
RISING_SHARE, FALLING_SHARE = 0.5, 0.05  # a loudspeaker that distorts gives soft words back louder than loud ones
MOST_RISE = 0.25  # a caller's voice in a block must not count as a louder echo
REMEMBERED = 48
LOUD_SHARE = 0.9  # a block's gain is exceeded by a tenth of its windows
FEWEST_LOUD = 12  # of a block's 40 windows
_FADED = np.hanning(BLOCK).astype(np.float32)
_FFT = 1 << (2 * BLOCK + MOST_DELAY - 1).bit_length()
_REGULAR = 0.02
_BACKWARDS = np.arange(-MOST_DELAY, 0)
_FADED_POWERS = (WINDOW * np.hanning(BLOCK // WINDOW)).astype(np.float32)

Sound = NDArray[np.float32]
Spectrum = NDArray[np.complex64]


class EchoPath:
    """Holds what is known of one line's echo."""

    def __init__(self) -> None:
        self.delays: deque[int] = deque(maxlen=REMEMBERED)
        """The last ones found, in samples of RATE_HZ: buffers on the way grow, shrink, and grow again."""
        self._together = _Evidence.none()
        self._alone_at = -MOST_DELAY
        self._most_gains = np.full(MOST_DELAY // WINDOW, np.inf, dtype=np.float32)
        self._measured = 0.0
        self._blocks = self._gains = 0

    @property
    def is_known(self) -> bool:
        """Return whether there is an echo of known delay."""
        return bool(self.delays)

    @property
    def gain(self) -> float:
        """Return how much of the agent's power comes back, at most.

        A call's first buffers grow, so its first blocks tell of many delays, and their evidence adds up to a tenth of
        the echo that there is.
        """
        nearest, farthest = self.earliest // WINDOW, min(self.latest, MOST_DELAY) // WINDOW
        most = SPREAD_OUT * float(self._most_gains[nearest:farthest].max())
        if self._gains >= FEWEST_GAINS:
            return min(self._measured, FADED * most)
        if self.is_known and self._blocks < SETTLED:
            most = max(most, DOUBT * self._measured if self._gains else PRESUMED_GAIN)
        return min(PRESUMED_GAIN, most)

    @property
    def earliest(self) -> int:
        """Return the shortest delay of anything that comes back, in samples."""
        return max(0, min(self.delays, default=0) - EARLIER)

    @property
    def latest(self) -> int:
        """Return the longest one."""
        return min(MOST_DELAY, max(self.delays, default=MOST_DELAY)) + LATER

    def learn(self, heard: Sound, played: Sound) -> None:
        """Learn from a block of what was heard, and what was played until the block's end, MOST_DELAY more of it."""
        sent = powers(played)
        if np.count_nonzero(sent > AUDIBLE_POWER) < FEWEST_AUDIBLE:
            return
        self._blocks += 1
        newest = _Evidence.of(heard, played)
        alone = newest.response()
        before, self._alone_at = self._alone_at, alone.delay if alone.sure >= SURE_ALONE else -MOST_DELAY
        is_sure_alone = self._alone_at >= 0 and abs(alone.delay - before) <= ALIKE
        if is_sure_alone and self._is_another(alone):
            self._together = newest  # what is known of the old path would hide the new one
            self._gains = 0
            self.delays.clear()
        else:
            self._together = self._together.and_then(newest)
        together = self._together.response()
        self._most_gains = together.most_gains
        if self._blocks >= FEWEST_TOGETHER and together.sure >= SURE_TOGETHER:
            self.delays.extend(together.ends)
        if is_sure_alone:
            self.delays.append(alone.delay)
        if alone.sure >= SURE_ALONE and self._has(alone.delay):
            self._learn_gain(powers(heard), sent)

    def _is_another(self, path: _Response) -> bool:
        """Whether a path is not the one that is known: it comes back at another time, or much louder."""
        at = path.delay // WINDOW
        return not self._has(path.delay) or bool(path.most_gains[at] > CHANGED * self._most_gains[at])

    def _has(self, delay: int) -> bool:
        return bool(self.delays) and min(self.delays) - ALIKE <= delay <= max(self.delays) + ALIKE

    def _learn_gain(self, back: Sound, sent: Sound) -> None:
        """Learn from a block that is mostly echo how loud that is beside the loudest that it can be the echo of."""
        loudest = self._loudest(sent, len(back))
        audible = loudest > AUDIBLE_POWER
        if np.count_nonzero(audible) < FEWEST_LOUD:
            return
        gain = float(np.quantile((back - back.min())[audible] / loudest[audible], LOUD_SHARE))
        self._gains += 1
        if self._gains <= FEWEST_GAINS:
            self._measured += (gain - self._measured) / self._gains
        else:
            off = gain - self._measured
            self._measured += min(RISING_SHARE * off, MOST_RISE * self._measured) if off > 0 else FALLING_SHARE * off

    def _loudest(self, sent: Sound, windows: int) -> Sound:
        """Return the most power that was played when each of the last windows can have been."""
        latest, earliest = -(-self.latest // WINDOW), self.earliest // WINDOW
        padded = np.pad(sent, (latest, 0))
        spans = sliding_window_view(padded, latest - earliest + 1)
        return np.asarray(spans.max(axis=1)[len(sent) - windows : len(sent)], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Response:
    """Holds what came back of an impulse, by delay."""

    delay: int
    """The strongest one's."""
    sure: float
    ends: tuple[int, int]
    """The first and the last of what is about as strong."""
    most_gains: Sound
    """For each 10 ms of delay, of an echo that there is, or that could be there and not stand out."""


@dataclass(frozen=True, slots=True)
class _Evidence:
    """Holds what was heard together with what was played."""

    cross: Spectrum
    power: Sound
    """Of what was played, by frequency."""
    compared: Sound
    """The energy of what was played that was compared with what was heard, for each 10 ms of delay."""

    @classmethod
    def none(cls) -> _Evidence:
        """Return what is known before anything was heard."""
        bins = _FFT // 2 + 1
        return cls(np.zeros(bins, np.complex64), np.zeros(bins, np.float32), np.zeros(MOST_DELAY // WINDOW, np.float32))

    @classmethod
    def of(cls, heard: Sound, played: Sound) -> _Evidence:
        """Weigh a block; what is loud in it beside an echo makes it count less."""
        weight = np.float32(1.0 / (float(np.mean(heard**2)) + LEAST_POWER))
        sent = np.fft.rfft(played, _FFT)
        compared = np.correlate(powers(played), _FADED_POWERS, "valid")[:0:-1]
        cross: Spectrum = (weight * np.fft.rfft(heard * _FADED, _FFT) * sent.conj()).astype(np.complex64, copy=False)
        return cls(cross, weight * np.abs(sent) ** 2, weight * compared)

    def and_then(self, newest: _Evidence) -> _Evidence:
        """Put a block's evidence to what there is."""
        kept = np.float32(KEPT_SHARE)
        return _Evidence(
            kept * self.cross + newest.cross, kept * self.power + newest.power, kept * self.compared + newest.compared
        )

    def response(self) -> _Response:
        """Find the path: at which delay it is strongest, and how far it stands out there."""
        mean = float(self.power.mean())
        regular = self.power + np.float32(_REGULAR * mean)
        by_delay = np.abs(np.fft.irfft(self.cross / regular, _FFT))[_BACKWARDS]  # `played` begins MOST_DELAY before
        delay = int(np.argmax(by_delay))
        peak = float(by_delay[delay])
        spread = float(np.sqrt(np.mean(np.minimum(by_delay, 4 * np.median(by_delay)) ** 2))) + 1e-12
        strong = np.flatnonzero(by_delay >= max(SURE_TOGETHER * spread, peak / 2))
        ends = (int(strong[0]), int(strong[-1])) if len(strong) else (delay, delay)
        most = np.maximum(by_delay.reshape(-1, WINDOW).max(axis=1), SURE_TOGETHER * spread)
        whole = float(np.mean(self.power / regular)) * self.compared / mean  # of a line that gives everything back
        return _Response(delay, peak / spread, ends, (most / (whole + 1e-12)) ** 2)


def powers(sound: Sound) -> Sound:
    """Return the power of each 10 ms."""
    whole = len(sound) // WINDOW * WINDOW
    return np.asarray(np.mean(sound[:whole].reshape(-1, WINDOW) ** 2, axis=1), dtype=np.float32)
