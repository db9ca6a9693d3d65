"""Places sound on a call's own time: the caller's where it arrived, the agent's where it was heard.

The framework's RecorderIO does the same for a file that is closed at the call's end. It learns where the agent's sound
went when a reply is over, so a long reply is in memory, and lost with a killed process, until then. Here the reply is
placed while it plays, and corrected by what the framework tells.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable

import numpy as np
from livekit import rtc
from livekit.agents.voice import io
from numpy.typing import NDArray

RATE_HZ = 16_000
RESYNC_SECONDS = 0.04  # what arrives this much behind its time begins a new run: both sides are in step by 0.05 s
HELD_SECONDS = 0.2  # of sound: the room's output drops what it holds when it is paused, and goes on behind that

Samples = NDArray[np.int16]
Place = Callable[[float, Samples], None]
"""Takes sound, and the epoch seconds at which it began."""


class Resampled:
    """Brings frames to the recording's rate, mono."""

    def __init__(self) -> None:
        self._resampler: rtc.AudioResampler | None = None
        self._rate_hz = RATE_HZ

    def of(self, frame: rtc.AudioFrame) -> Samples:
        data = np.frombuffer(frame.data, dtype=np.int16)
        if frame.num_channels > 1:
            data = data.reshape(-1, frame.num_channels).mean(axis=1).astype(np.int16)
        if frame.sample_rate == RATE_HZ:
            return data.copy()
        if self._resampler is None or self._rate_hz != frame.sample_rate:
            self._rate_hz = frame.sample_rate
            self._resampler = rtc.AudioResampler(input_rate=frame.sample_rate, output_rate=RATE_HZ, num_channels=1)
        mono = rtc.AudioFrame(data.tobytes(), frame.sample_rate, 1, len(data))
        made = [np.frombuffer(each.data, dtype=np.int16) for each in self._resampler.push(mono)]
        return np.concatenate(made) if made else np.zeros(0, dtype=np.int16)


class Channel:
    """Holds sound that is placed and not written yet."""

    def __init__(self) -> None:
        self._runs: list[tuple[int, Samples]] = []

    def put(self, start: int, samples: Samples) -> None:
        """Place samples from the `start`-th of the recording on."""
        if len(samples):
            self._runs.append((start, samples))

    def take(self, start: int, end: int) -> Samples:
        """Return the channel from `start` to `end`, silent where nothing was placed; what came too late is dropped."""
        taken = np.zeros(end - start, dtype=np.int16)
        kept: list[tuple[int, Samples]] = []
        for at, samples in self._runs:
            low, high = max(at, start), min(at + len(samples), end)
            if high > low:
                taken[low - start : high - start] = samples[low - at : high - at]
            if at + len(samples) > end:
                kept.append((max(at, end), samples[max(0, end - at) :]))
        self._runs = kept
        return taken


class CallerTap(io.AudioInput):
    """Passes the caller's sound on, and places it where it was said.

    Frames come in their time, but for a process that was busy, to which one comes late, or many at once: the one that
    is least late tells where all of a run lie.
    """

    def __init__(self, source: io.AudioInput, place: Place, keeps: Callable[[], bool]) -> None:
        super().__init__(label="Recording", source=source)
        self._from, self._place, self._keeps = source, place, keeps
        self.forget()

    def __aiter__(self) -> AsyncIterator[rtc.AudioFrame]:
        return self

    async def __anext__(self) -> rtc.AudioFrame:
        frame = await self._from.__anext__()
        if self._keeps():
            self._waiting.append((time.time(), self._resampled.of(frame)))
        return frame

    def forget(self) -> None:
        """Begin anew, with nothing of what has arrived."""
        self._resampled = Resampled()
        self._waiting: list[tuple[float, Samples]] = []
        self._next_at = 0.0

    def settle(self) -> None:
        """Place what has arrived since the last time."""
        for begins, samples in self._runs():
            if abs(begins - self._next_at) <= RESYNC_SECONDS:
                begins = self._next_at
            late = max(0, round((self._next_at - begins) * RATE_HZ))  # what is placed already stays
            self._place(begins + late / RATE_HZ, samples[late:])
            self._next_at = max(self._next_at, begins + len(samples) / RATE_HZ)

    def _runs(self) -> list[tuple[float, Samples]]:
        """Return what has arrived as runs without a gap, and when each of them begins; found from its end."""
        runs: list[tuple[float, list[Samples]]] = []
        for arrived, samples in reversed(self._waiting):
            run: list[Samples] = []
            if runs and runs[-1][0] - arrived <= RESYNC_SECONDS:
                begins, run = runs.pop()
                arrived = min(arrived, begins)
            runs.append((arrived - len(samples) / RATE_HZ, [samples, *run]))
        self._waiting = []
        return [(begins, np.concatenate(run)) for begins, run in reversed(runs)]


class AgentTap(io.AudioOutput):
    """Passes the agent's sound on, and places it as it is heard: not what an interruption cuts off."""

    def __init__(self, output: io.AudioOutput, place: Place) -> None:
        super().__init__(
            label="Recording", next_in_chain=output, sample_rate=output.sample_rate,
            capabilities=io.AudioOutputCapabilities(pause=True),
        )  # fmt: skip
        self._place = place
        self._forget_segment()

    def _forget_segment(self) -> None:
        self._resampled = Resampled()
        self._waiting: list[Samples] = []
        self._captured = self._placed = self._dropped = 0
        self._playing_since: float | None = None
        self._playing_from = 0
        self._is_paused = False

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        samples = self._resampled.of(frame)
        if self._playing_since is not None and self._heard(time.time()) >= self._captured:
            self._playing_since, self._playing_from = time.time(), self._captured  # it had run dry
        self._waiting.append(samples)
        self._captured += len(samples)
        assert self.next_in_chain is not None
        await self.next_in_chain.capture_frame(frame)

    def flush(self) -> None:
        super().flush()
        assert self.next_in_chain is not None
        self.next_in_chain.flush()

    def clear_buffer(self) -> None:
        assert self.next_in_chain is not None
        self.next_in_chain.clear_buffer()

    def pause(self) -> None:
        self.settle(time.time())
        self._playing_since, self._playing_from, self._is_paused = None, self._placed, True
        super().pause()

    def resume(self) -> None:
        self._is_paused = False
        if self._placed:
            self._playing_since, self._playing_from = time.time(), self._placed
        super().resume()

    def on_playback_started(self, *, created_at: float) -> None:
        super().on_playback_started(created_at=created_at)
        if self._playing_since is None:
            self._playing_since = created_at

    def on_playback_progressed(self, *, started_at: float, offset: float, duration: float) -> None:
        """Place what was still heard after a pause had been asked for, and leave out what never will be."""
        super().on_playback_progressed(started_at=started_at, offset=offset, duration=duration)
        if self._is_paused:
            self._playing_since, self._playing_from = started_at, round(offset * RATE_HZ)
            self._settle_to(min(self._captured, round((offset + duration) * RATE_HZ)))
            self._drop(min(self._captured - self._placed, round(HELD_SECONDS * RATE_HZ)))
            self._playing_since, self._playing_from = None, self._placed

    def on_playback_finished(
        self, *, playback_position: float, interrupted: bool, synchronized_transcript: str | None = None
    ) -> None:
        self._settle_to(min(self._captured, round(playback_position * RATE_HZ) + self._dropped))
        self._forget_segment()
        super().on_playback_finished(
            playback_position=playback_position, interrupted=interrupted,
            synchronized_transcript=synchronized_transcript,
        )  # fmt: skip

    def settle(self, until: float) -> None:
        """Place what has been heard by this moment."""
        self._settle_to(self._heard(until))

    def _heard(self, at: float) -> int:
        """How many samples of the segment have been heard by then."""
        if self._playing_since is None:
            return self._playing_from
        return min(self._captured, self._playing_from + round(max(0.0, at - self._playing_since) * RATE_HZ))

    def _settle_to(self, end: int) -> None:
        if end <= self._placed or self._playing_since is None:
            return
        waiting = np.concatenate(self._waiting) if self._waiting else np.zeros(0, dtype=np.int16)
        count = end - self._placed
        begins = self._playing_since + (self._placed - self._playing_from) / RATE_HZ
        self._place(begins, waiting[:count])
        self._waiting, self._placed = [waiting[count:]], end

    def _drop(self, count: int) -> None:
        self._waiting = [np.concatenate(self._waiting)[count:]] if self._waiting else []
        self._placed, self._dropped = self._placed + count, self._dropped + count
