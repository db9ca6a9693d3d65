"""Telephone sound: both codes alike, keys as keys, echo as late and as loud as asked for."""

import numpy as np
import pytest

from sandbox.phone import g711, rtp
from sandbox.phone.line_sound import LineEffects, LineSound
from sandbox.phone.room_leg import TrackSound
from sandbox.phone.sample_rates import FromPhone, ToPhone
from sandbox.phone.sdp import PCMA, PCMU, AudioDescription
from tests.telephone.conftest import loudness, tone, until

VOICE = tone(0.5)


@pytest.mark.parametrize("code", [PCMU, PCMA])
def test_a_code_gives_back_what_it_was_given(code):
    """The two lose little, and the same: neither is louder than the other."""
    again = g711.decode(g711.encode(VOICE, code), code)
    error = again.astype(np.int32) - VOICE
    assert loudness(error) < loudness(VOICE) / 50  # 34 dB below
    assert loudness(again) == pytest.approx(loudness(VOICE), rel=0.01)


@pytest.mark.parametrize("code", [PCMU, PCMA])
def test_silence_stays_silence(code):
    assert np.abs(g711.decode(g711.encode(rtp.SILENCE, code), code)).max() <= 8


@pytest.mark.parametrize("code", [PCMU, PCMA])
def test_every_byte_is_a_sound_that_is_coded_as_that_byte(code):
    every = bytes(range(256))
    decoded = g711.decode(every, code)
    again = g711.decode(g711.encode(decoded, code), code)
    assert (again == decoded).all()


async def test_keys_arrive_once_each_in_order_between_sound():
    frames, keys = [], []
    here = rtp.RtpStream(lambda frame: None, lambda key: None)
    there = rtp.RtpStream(frames.append, keys.append)
    await here.open()
    await there.open()
    here.talk_to(AudioDescription("127.0.0.1", there.port, (PCMU,)), PCMU)
    here.send(rtp.SILENCE)
    here.press("12#1")
    while here.pressing:
        here.send(rtp.SILENCE)
    here.send(tone(0.02))
    await until(lambda: frames and loudness(frames[-1]) > 200)
    assert keys == ["1", "2", "#", "1"]
    assert len(frames) == 2 + 4 * rtp.KEY_FRAMES
    here.close()
    there.close()


def test_a_key_that_no_telephone_has():
    with pytest.raises(ValueError, match="no key 'x'"):
        rtp.RtpStream(lambda frame: None, lambda key: None).press("1x")


async def test_strangers_packets_are_no_sound():
    frames, keys = [], []
    stream = rtp.RtpStream(frames.append, keys.append)
    for packet in (
        b"",
        b"\x80\x00",
        b"\x00" * 40,
        b"\x80\x65" + b"\0" * 10 + b"\xff",
        b"\x80\x65" + b"\0" * 10 + b"\xff\0\0\0",
    ):
        stream.datagram_received(packet, ("127.0.0.1", 1))
    assert (frames, keys) == ([], [])


def test_the_line_gives_back_what_was_heard_later_and_softer():
    line = LineEffects(LineSound(echo_db=-20, echo_delay_seconds=0.1))
    loud = tone(0.02)
    line.hear(loud)
    sent = [line.mixed(rtp.SILENCE) for _ in range(8)]
    echoes = [number for number, frame in enumerate(sent) if loudness(frame) > 10]
    assert echoes == [5]  # 100 ms are five frames
    assert loudness(sent[5]) == pytest.approx(loudness(loud) / 10, rel=0.05)


def test_the_line_hisses_as_much_as_asked_for():
    line = LineEffects(LineSound(noise_rms=25))
    noise = np.concatenate([line.mixed(rtp.SILENCE) for _ in range(50)])
    assert loudness(noise) == pytest.approx(25, rel=0.1)


def test_speech_and_echo_are_mixed():
    line = LineEffects(LineSound(echo_db=0, echo_delay_seconds=0.02))
    voice = tone(0.02)
    line.hear(voice)
    first, second = line.mixed(voice), line.mixed(voice)
    assert loudness(second) == pytest.approx(2 * loudness(first), rel=0.01)


def test_a_late_frame_is_not_heard_as_a_gap():
    """Frames of 10 ms come unevenly; 20 ms are taken at every beat."""
    track, ten = TrackSound(), tone(0.01)
    assert track.next_frame() is None
    for _ in range(4):
        track.add(ten)
    taken = []
    for came in (2, 2, 0, 4, 2, 1, 3):
        taken.append(track.next_frame())
        for _ in range(came):
            track.add(ten)
    assert all(frame is not None and len(frame) == rtp.FRAME_SAMPLES for frame in taken)


def test_a_line_does_not_lag_behind_a_room_that_was_ahead():
    track = TrackSound()
    track.add(np.arange(8000, dtype=np.int16))
    assert track.next_frame()[-1] == 8000 - 7 * rtp.FRAME_SAMPLES - 1


@pytest.mark.parametrize(("change", "rate", "to_rate"), [(ToPhone, 24000, 8000), (FromPhone, 8000, 24000)])
def test_a_change_of_rate_keeps_loudness_and_is_no_wait(change, rate, to_rate):
    """A wait in it would stand in every figure of a call from a telephone."""
    changed, before, voice = change(), np.zeros(rate // 10, dtype=np.int16), tone(0.5, 400, rate)
    pieces = np.concatenate((before, voice)).reshape(-1, rate // 100)  # as frames come, 10 ms each
    made = np.concatenate([changed(piece) for piece in pieces])
    assert len(made) == (len(before) + len(voice)) * to_rate // rate
    onset = int(np.flatnonzero(np.abs(made) > 400)[0]) / to_rate
    assert 0.1 <= onset < 0.103
    assert loudness(made[-to_rate // 4 :]) == pytest.approx(loudness(voice), rel=0.02)


def test_what_no_telephone_carries_is_not_heard_as_something_else():
    """6 kHz, as in an s, would fold back to 2 kHz."""
    assert loudness(ToPhone()(tone(0.5, 6000, 24000))) < loudness(tone(0.5, 6000, 24000)) / 50
