"""Music for a caller who waits is never silent: not between its repetitions, and not without its file."""

import asyncio
import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from livekit import rtc

from worker.phone import hold_music as module
from worker.phone.hold_music import FRAME, HoldMusic, frames_of, piece, ringing_tone
from worker.phone.line_echo import SAMPLE_RATE_HZ

AUDIBLE_RMS = 200
WINDOW = SAMPLE_RATE_HZ


def quietest(sound):
    """The softest second, as it is heard over and over."""
    twice = np.concatenate((sound, sound)).astype(float)
    steps = range(0, len(twice) - WINDOW, WINDOW // 4)
    return min(float(np.sqrt((twice[at : at + WINDOW] ** 2).mean())) for at in steps)


async def test_no_second_of_the_music_is_silent_from_its_end_to_its_beginning():
    assert quietest(await piece()) * module.SOFT > AUDIBLE_RMS / 4
    assert quietest(await piece()) * module.LOUD > AUDIBLE_RMS


async def test_music_that_cannot_be_read_is_a_telephone_that_rings(monkeypatch):
    monkeypatch.setattr(module, "PIECE", "nothing.ogg")
    assert np.array_equal(await piece(), ringing_tone())
    assert quietest(ringing_tone()) * module.LOUD > AUDIBLE_RMS


def test_a_sound_goes_on_from_its_end_at_its_beginning():
    sound = np.arange(2 * FRAME + 7, dtype=np.int16)
    first = [int(frame[0]) for frame in itertools.islice(frames_of(sound), 5)]
    assert first == [0, FRAME, 0, FRAME, 0]


class Source:
    """A track's source that plays what it gets at once."""

    queued_duration = 0.2

    def __init__(self, *_, **__):
        self.frames, self.closed, self.played = [], False, asyncio.Event()

    async def capture_frame(self, frame):
        self.frames.append(np.frombuffer(frame.data, dtype=np.int16))
        if len(self.frames) == 40:
            self.played.set()
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.0)

    async def aclose(self):
        self.closed = True


@pytest.mark.parametrize("published", [True, False])
async def test_it_softens_under_a_voice_and_is_told_to_whoever_listens_for_its_echo(monkeypatch, published):
    monkeypatch.setattr(rtc, "AudioSource", Source)
    monkeypatch.setattr(rtc.LocalAudioTrack, "create_audio_track", lambda name, source: name)
    did, told, speaks = [], [], []

    async def publish(track, options):
        did.append(track)
        return SimpleNamespace(sid="TR_1")

    async def unpublish(sid):
        did.append(sid)
        if not published:
            raise RuntimeError("the room is over")

    room = SimpleNamespace(local_participant=SimpleNamespace(publish_track=publish, unpublish_track=unpublish))
    music = HoldMusic(
        room, played=lambda at, samples: told.append(samples) or (len(told) == 20 and speaks.append(True)),
        softly=lambda: bool(speaks),
    )  # fmt: skip
    await music.start()
    async with asyncio.timeout(20):
        await music._source.played.wait()
    await music.aclose()
    heard = music._source.frames
    assert len(told) in (len(heard), len(heard) + 1)
    assert did == ["hold_music", "TR_1"]
    assert music._source.closed
    loud, soft = np.concatenate(heard[:20]).astype(float), np.concatenate(heard[20:40]).astype(float)
    original = np.concatenate(list(itertools.islice(frames_of(await piece()), 40))).astype(float)
    assert np.abs(loud - original[: len(loud)] * module.LOUD).max() <= 1
    assert np.abs(soft - original[len(loud) :] * module.SOFT).max() <= 1
