"""What is kept of a call's sound: both sides in step, whole parts, silence over secrets, nothing after a withdrawal."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import pytest
from livekit import rtc

from tests.jumping_clock import one_clock, run, wait
from tests.recording.decoded import loud_seconds, parts_in, samples_of, tone
from tests.recording.surroundings import Loudspeaker, Microphone, until
from worker.recording import shelf
from worker.recording.channel import RATE_HZ, AgentTap, CallerTap
from worker.recording.parts import Parts
from worker.recording.recorder import Recorder
from worker.recording.shelf import Shelf, folder_of

STEP_SECONDS = 0.1


@pytest.fixture(autouse=True)
def _one_clock(monkeypatch):
    one_clock(monkeypatch, 1000.0)


def frame_of(samples, rate=RATE_HZ):
    return rtc.AudioFrame(samples.tobytes(), rate, 1, len(samples))


class Line:
    """A caller and an agent with a recorder between them."""

    def __init__(self, folder):
        self.shelf = Shelf(f"file://{folder}", "call-1", 0, lambda why: None)
        self.recorder = Recorder(self.shelf)
        self.microphone, self.loudspeaker = Microphone(), Loudspeaker(24_000)
        session = type("Session", (), {})()
        session.input, session.output = type("In", (), {})(), type("Out", (), {})()
        session.input.audio, session.output.audio = self.microphone, self.loudspeaker
        self.recorder.tap(session)
        self.heard, self.voice = session.input.audio, session.output.audio
        assert isinstance(self.heard, CallerTap)
        assert isinstance(self.voice, AgentTap)

    async def caller_says(self, seconds, loudness=8000):
        """Frames as they come over the line: each a moment after it was spoken."""
        sound = tone(seconds, loudness=loudness)
        for start in range(0, len(sound), round(STEP_SECONDS * RATE_HZ)):
            await wait(STEP_SECONDS)
            self.microphone.frames.put_nowait(frame_of(sound[start : start + round(STEP_SECONDS * RATE_HZ)]))
            await self.heard.__anext__()

    async def agent_says(self, seconds, *, cut_after=None):
        """Sound that is there at once and plays in its own time, until it is over or cut off."""
        sound = np.repeat(tone(seconds), 3)[::2]  # 24 kHz
        for start in range(0, len(sound), 2400):
            await self.voice.capture_frame(frame_of(sound[start : start + 2400], 24_000))
        self.voice.flush()
        self.loudspeaker.on_playback_started(created_at=time.time())
        played = seconds if cut_after is None else cut_after
        await wait(played)
        self.loudspeaker.on_playback_finished(playback_position=played, interrupted=cut_after is not None)


def recorded(tmp_path, script):
    """Both channels of what a script leaves; the call's end included."""

    async def call():
        line = Line(tmp_path)
        await script(line)
        await line.recorder.aclose()

    run(call())
    parts = parts_in(tmp_path)
    return np.concatenate([samples_of(part) for part in parts], axis=1) if parts else None


def test_both_sides_are_where_they_were_said_within_a_tenth_of_a_second(tmp_path):
    async def script(line):
        line.recorder.start()
        await wait(2.0)
        await line.caller_says(1.5)
        await wait(1.0)
        await line.agent_says(3.0)
        await wait(4.0)
        await line.caller_says(2.0)

    caller, agent = recorded(tmp_path, script)
    assert loud_seconds(agent) == pytest.approx((4.5, 7.5), abs=0.1)
    assert loud_seconds(caller[: 5 * RATE_HZ]) == pytest.approx((2.0, 3.5), abs=0.1)
    assert loud_seconds(caller)[1] == pytest.approx(13.5, abs=0.1)


def test_a_process_that_was_busy_loses_nothing_that_came_meanwhile(tmp_path):
    """Pins: frames that had queued up were laid over one another, where they came."""

    async def script(line):
        line.recorder.start()
        await line.caller_says(1.0)
        await wait(1.0)  # nothing is read; the caller goes on speaking
        sound = tone(1.0, hz=900)
        step = round(STEP_SECONDS * RATE_HZ)
        for start in range(0, len(sound), step):
            line.microphone.frames.put_nowait(frame_of(sound[start : start + step]))
            await line.heard.__anext__()
        await line.caller_says(1.0)
        await wait(3.0)

    caller, _ = recorded(tmp_path, script)
    assert loud_seconds(caller) == pytest.approx((0.0, 3.0), abs=0.1)
    late = caller[int(1.1 * RATE_HZ) : int(1.9 * RATE_HZ)].astype(float)
    assert np.argmax(np.abs(np.fft.rfft(late))) / 0.8 == pytest.approx(900, abs=5)


def test_a_process_that_is_late_once_does_not_put_the_caller_behind_for_the_whole_call(tmp_path):
    """Pins a telephone's caller who was up to a tenth of a second behind: as late as the last frame of a second was."""
    late_frame, late_seconds = 8, 0.08

    async def script(line):
        line.recorder.start()
        sound, step = tone(3.0), round(STEP_SECONDS * RATE_HZ)
        behind = 0.0
        for number in range(30):
            late = late_seconds if number == late_frame else 0.0
            await wait(STEP_SECONDS + late - behind)
            behind = late
            line.microphone.frames.put_nowait(frame_of(sound[number * step : (number + 1) * step]))
            await line.heard.__anext__()
        await wait(3.0)

    caller, _ = recorded(tmp_path, script)
    assert loud_seconds(caller) == pytest.approx((0.0, 3.0), abs=0.03)


def test_the_end_of_both_sides_is_kept(tmp_path):
    """Pins: the agent's last second was not yet placed when the call ended, and was left out."""

    async def script(line):
        line.recorder.start()
        speaking = asyncio.create_task(line.agent_says(4.0))
        await line.caller_says(3.0)
        await line.recorder.aclose()
        speaking.cancel()

    caller, agent = recorded(tmp_path, script)
    for side in (caller, agent):
        assert loud_seconds(side) == pytest.approx((0.0, 3.0), abs=0.1)


def test_what_an_interruption_cuts_off_was_not_heard(tmp_path):
    async def script(line):
        line.recorder.start()
        await line.agent_says(6.0, cut_after=2.0)
        await wait(5.0)

    _, agent = recorded(tmp_path, script)
    assert loud_seconds(agent) == pytest.approx((0.0, 2.0), abs=0.1)


def test_a_paused_reply_goes_on_where_it_was_paused(tmp_path):
    async def script(line):
        line.recorder.start()
        speaking = asyncio.create_task(line.agent_says(3.0, cut_after=4.5))
        await wait(1.0)
        line.voice.pause()
        await wait(1.5)
        line.voice.resume()
        await speaking

    _, agent = recorded(tmp_path, script)
    assert loud_seconds(agent[: int(1.4 * RATE_HZ)]) == pytest.approx((0.0, 1.0), abs=0.1)
    assert loud_seconds(agent[2 * RATE_HZ :])[0] + 2 == pytest.approx(2.5, abs=0.1)
    assert loud_seconds(agent)[1] == pytest.approx(4.5, abs=0.1)


def test_what_a_pause_drops_was_not_heard(tmp_path):
    """Pins: what the room's output holds when it is paused is never played; all behind it was placed 0.2 s too late."""

    async def script(line):
        line.recorder.start()
        low, high = (np.repeat(tone(seconds, hz=hz), 3)[::2] for seconds, hz in ((1.2, 300), (1.8, 900)))
        for sound in (low, high):
            await line.voice.capture_frame(frame_of(sound, 24_000))
        line.voice.flush()
        began_at = time.time()
        line.loudspeaker.on_playback_started(created_at=began_at)
        await wait(1.0)
        line.voice.pause()
        line.loudspeaker.on_playback_progressed(started_at=began_at, offset=0.0, duration=1.02)
        await wait(1.0)
        line.voice.resume()  # behind 1.02 s that were heard and 0.2 s that were dropped
        await wait(1.78)
        line.loudspeaker.on_playback_finished(playback_position=2.8, interrupted=False)

    _, agent = recorded(tmp_path, script)
    assert loud_seconds(agent[: int(1.5 * RATE_HZ)]) == pytest.approx((0.0, 1.02), abs=0.05)
    resumed = agent[int(2.02 * RATE_HZ) : int(2.22 * RATE_HZ)].astype(float)
    assert np.argmax(np.abs(np.fft.rfft(resumed))) / 0.2 == pytest.approx(900, abs=10)
    assert loud_seconds(agent)[1] == pytest.approx(3.78, abs=0.1)


def test_a_killed_process_loses_ten_seconds_at_most_also_of_a_long_reply(tmp_path):
    """The framework's RecorderIO knows of a reply when it is over: of this one it would have kept nothing."""
    kept = []

    async def script(line):
        line.recorder.start()
        speaking = asyncio.create_task(line.agent_says(60.0))
        for _ in range(50):
            await wait(1.0)
            until(lambda: line.shelf._bytes_waiting == 0)
        kept.append(sum(samples_of(part).shape[1] for part in parts_in(tmp_path)) / RATE_HZ)
        speaking.cancel()

    recorded(tmp_path, script)
    assert kept[0] >= 50.0 - 10.0


def test_while_a_secret_is_said_both_sides_are_silent(tmp_path):
    seconds = []

    async def script(line):
        line.recorder.start()
        await line.caller_says(2.0)
        line.recorder.leave_out()
        await line.caller_says(3.0)
        await line.agent_says(1.0)
        seconds.append(line.recorder.leave_in())
        await line.caller_says(2.0)

    caller, agent = recorded(tmp_path, script)
    assert seconds == [pytest.approx(4.0)]
    assert loud_seconds(agent) is None
    assert loud_seconds(caller[int(2.1 * RATE_HZ) : int(5.9 * RATE_HZ)]) is None
    assert loud_seconds(caller[: 4 * RATE_HZ]) == pytest.approx((0.0, 2.0), abs=0.1)
    assert loud_seconds(caller)[1] == pytest.approx(8.0, abs=0.1)


def test_nothing_is_kept_before_a_yes_and_nothing_is_left_after_a_withdrawal(tmp_path):
    async def script(line):
        await line.caller_says(3.0)
        assert not line.recorder.records
        line.recorder.start()
        await line.caller_says(20.0)
        until(lambda: parts_in(tmp_path))
        line.recorder.erase()
        await line.caller_says(20.0)

    assert recorded(tmp_path, script) is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_part_is_named_by_agent_number_and_the_moment_it_begins(tmp_path):
    async def script(line):
        await wait(5.0)
        line.recorder.start()
        await wait(16.0)

    recorded(tmp_path, script)
    names = sorted(path.name for path in (tmp_path / "call-1").iterdir())
    assert names == ["000-00000-1005000.ogg", "000-00001-1012000.ogg", "000-00002-1019000.ogg"]


def test_parts_are_whole_files_of_two_channels_without_a_gap():
    parts = Parts(part_seconds=2.0)
    made = parts.add(tone(5.0), tone(5.0, hz=900)) + parts.close()
    assert [begins for _, begins in made] == [0.0, 2.0, 4.0]
    lengths = [samples_of(part).shape[1] for part, _ in made]
    assert lengths == pytest.approx([2 * RATE_HZ, 2 * RATE_HZ, RATE_HZ], abs=RATE_HZ // 50)
    caller, agent = samples_of(made[0][0])
    for side, hz in ((caller, 400), (agent, 900)):
        spectrum = np.abs(np.fft.rfft(side[:RATE_HZ].astype(float)))
        assert np.argmax(spectrum) == pytest.approx(hz, abs=3)
    assert samples_of(b"".join(part for part, _ in made)).shape[1] >= 4.5 * RATE_HZ  # a chained stream is one
    noise = (3000 * np.random.default_rng(0).standard_normal((2, 20 * RATE_HZ))).astype(np.int16)
    stored = Parts(part_seconds=20.0).add(*noise)
    assert len(stored[0][0]) < 20 * 32_000 / 8 * 1.2


# ---- the store


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(shelf, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(shelf, "LONGEST_PAUSE_SECONDS", 0.02)


def test_a_store_that_is_away_gets_what_waited_when_it_is_back(tmp_path, impatient):
    lost = []
    folder = tmp_path / "store"
    folder.write_text("a file stands where the folder should be")
    kept = Shelf(f"file://{folder}/below", "call-1", 0, lost.append)
    kept.put(b"one", 1.0)
    kept.put(b"two", 8.0)
    folder.unlink()
    until(lambda: len(parts_in(tmp_path)) == 2)
    kept.close(5)
    assert parts_in(tmp_path) == [b"one", b"two"]
    assert lost == []


def test_what_no_store_takes_is_bounded_and_told_once(tmp_path, impatient, monkeypatch):
    monkeypatch.setattr(shelf, "MOST_WAITING_BYTES", 10)
    lost = []
    (tmp_path / "store").write_text("no folder")
    kept = Shelf(f"file://{tmp_path}/store/below", "call-1", 0, lost.append)
    kept.put(b"12345", 1.0)
    until(lambda: kept._trouble)
    for _ in range(4):
        kept.put(b"12345", 1.0)
    kept.close(0.1)
    assert lost == ["the store is away: more waits than may"]


def test_a_store_that_never_comes_back_is_told_at_the_end(tmp_path, impatient):
    lost = []
    (tmp_path / "store").write_text("no folder")
    kept = Shelf(f"file://{tmp_path}/store/below", "call-1", 0, lost.append)
    kept.put(b"12345", 1.0)
    until(lambda: kept._trouble)
    kept.close(0.1)
    assert lost == ["the store is away: its end was not taken in time"]
    kept.erase()
    kept.close(0.1)
    assert lost[1:] == [f"the store is away: it could not be erased yet, remove file://{tmp_path}/store/below/call-1/"]
    (tmp_path / "store").unlink()  # back at last: it is erased, and nobody tries on


def test_an_erasure_takes_the_parts_of_earlier_agents_along_and_leaves_other_calls(tmp_path):
    for call, generation in (("call-1", 0), ("call-1", 1), ("call-2", 0)):
        kept = Shelf(f"file://{tmp_path}", call, generation, lambda why: None)
        kept.put(b"sound", 1.0)
        kept.close(5)
    last = Shelf(f"file://{tmp_path}", "call-1", 2, lambda why: None)
    last.put(b"sound", 2.0)
    last.erase()
    last.put(b"sound", 3.0)
    last.close(5)
    assert [path.parent.name for path in tmp_path.rglob("*.ogg")] == ["call-2"]


@pytest.mark.parametrize(
    ("url", "folder"), [("file:///a%20b/c", "/a b/c"), ("gs://bucket/x", None), ("s3://bucket", None)]
)
def test_a_folder_is_told_from_a_store(url, folder):
    assert (str(folder_of(url)) if folder else folder_of(url)) == folder
