"""Half an hour of a call can be searched, and is in step with the times of its turns by a tenth of a second."""

from __future__ import annotations

import asyncio
import io

import av
import numpy as np
import pytest

from console.recordings import Recordings
from tests.recording.decoded import tone
from worker.recording.channel import RATE_HZ
from worker.recording.parts import Parts
from worker.recording.shelf import Shelf

BEGAN_AT = 1_764_400_000.123
MARK = tone(0.5)
SILENCE = np.zeros(RATE_HZ, dtype=np.int16)


def record(folder, generation, seconds, began_at, marks):
    """One agent's recording, a second at a time: marks at some moments, the caller's and the agent's in turn."""
    kept, parts = Shelf(f"file://{folder}", "call-1", generation, print), Parts()
    for second in range(seconds):
        marked = np.concatenate([MARK, SILENCE])[:RATE_HZ]
        is_marked, left = second in marks, marks.index(second) % 2 == 0 if second in marks else False
        caller, agent = (marked if is_marked and side else SILENCE for side in (left, not left))
        for part, begins in parts.add(caller, agent):
            kept.put(part, began_at + begins)
    for part, begins in parts.close():
        kept.put(part, began_at + begins)
    kept.close(60)


async def listened_to(folder):
    recordings = Recordings(f"file://{folder}")
    sound = await recordings.sound_at(f"file://{folder}/call-1/")
    return sound.began_at.timestamp(), await recordings.whole(sound)


def mark_near(container, seconds):
    """When a mark begins, and on which side, found as a player finds it: by seeking there, and decoding a little."""
    container.seek(int((seconds - 1.5) * av.time_base))
    for frame in container.decode(audio=0):
        sides = np.abs(frame.to_ndarray()).max(axis=1)
        if frame.time > seconds - 1.0 and sides.max() > 0.1:
            return frame.time, "left" if sides[0] > sides[1] else "right"
        if frame.time > seconds + 1.0:
            return None, ""


@pytest.mark.parametrize("minutes", [4, pytest.param(30, marks=pytest.mark.nightly)])
def test_every_minute_is_found_where_its_turn_was(tmp_path, minutes):
    """Pins: each part's packets are a little longer than its sound; half an hour ended 1.7 s behind itself."""
    marks = list(range(60, minutes * 60, 60))
    record(tmp_path, 0, minutes * 60, BEGAN_AT, marks)
    began_at, whole = asyncio.run(listened_to(tmp_path))
    assert began_at == pytest.approx(BEGAN_AT, abs=0.001)
    with av.open(io.BytesIO(whole)) as container:
        assert container.duration / av.time_base == pytest.approx(minutes * 60, abs=0.1)
        for number, mark in enumerate(marks):
            found, side = mark_near(container, mark)
            assert found == pytest.approx(mark, abs=0.1), mark
            assert side == ("left", "right")[number % 2]
        back = mark_near(container, marks[0])[0]  # and backwards
        assert back == pytest.approx(marks[0], abs=0.1)


@pytest.mark.parametrize("away_seconds", [0.0, 0.3, 8.4])
def test_what_a_rescuer_goes_on_with_is_one_recording_in_step(tmp_path, away_seconds):
    """Pins: the seconds between two agents were left out, and all behind them came too early."""
    rescued_at = 25 + away_seconds
    record(tmp_path, 0, 25, BEGAN_AT, [5, 20])
    record(tmp_path, 1, 30, BEGAN_AT + rescued_at, [3, 20])
    _, whole = asyncio.run(listened_to(tmp_path))
    with av.open(io.BytesIO(whole)) as container:
        for mark in (5, 20, rescued_at + 3, rescued_at + 20):
            assert mark_near(container, mark)[0] == pytest.approx(mark, abs=0.1), mark
