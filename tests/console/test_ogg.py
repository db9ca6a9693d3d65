"""Parts of a recording become one stream that plays and seeks as one file, with no sound lost."""

import io

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.ogg import NotOgg, joined

HZ = 16_000
PRESKIP_SECONDS = 0.0065


def part(seconds, tone_hz):
    """A closed stereo file, as the worker writes them."""
    at = np.arange(round(seconds * HZ)) / HZ
    samples = np.repeat((9000 * np.sin(2 * np.pi * tone_hz * at)).astype(np.int16), 2)
    file = io.BytesIO()
    with av.open(file, mode="w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=HZ, layout="stereo", bit_rate=32_000)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate = HZ
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def decoded(whole):
    with av.open(io.BytesIO(whole), options={"fflags": "+bitexact", "err_detect": "crccheck"}) as container:
        assert len(container.streams.audio) == 1
        frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
        return np.concatenate(frames), container.streams.audio[0].rate


def loudest_hz(sound, rate):
    spectrum = np.abs(np.fft.rfft(sound[: 2 * (len(sound) // 2)]))
    return np.argmax(spectrum[1:]) * rate / len(sound)


def test_the_parts_are_one_stream_in_their_order():
    tones = (300, 600, 900)
    sound, rate = decoded(joined([part(2.0, tone) for tone in tones]))
    assert len(sound) / rate == pytest.approx(6.0, abs=0.1)
    for index, tone in enumerate(tones):
        middle = sound[int((2 * index + 0.5) * rate) : int((2 * index + 1.5) * rate)]
        assert loudest_hz(middle, rate) == pytest.approx(tone, abs=10)


def test_every_checksum_is_the_one_that_the_encoder_would_have_written():
    whole = part(1.0, 440)
    rewritten = joined([whole, part(1.0, 440)])
    assert rewritten[: whole.index(b"OpusTags") - 28] == whole[: whole.index(b"OpusTags") - 28], (
        "the first page is the same"
    )


def test_one_part_is_left_as_it_is():
    whole = part(0.5, 440)
    assert joined([whole]) == whole


@pytest.mark.parametrize("broken", [b"", b"no Ogg", b"OggS", b"OggS" + b"\0" * 22 + b"\xff"])
def test_what_is_no_part_is_refused_or_nothing(broken):
    good = part(0.2, 440)
    for parts in ([good, broken], [broken, good]):
        try:
            joined(parts)
        except NotOgg:
            continue
        assert broken == b""


@given(st.binary(max_size=200))
def test_any_bytes_are_joined_or_refused_and_never_crash(raw):
    try:
        joined([raw, raw])
    except NotOgg:
        return
    assert raw == b"" or raw.startswith(b"OggS")
