"""The caller's speech: what is voiced, where words end, and what noise does not change."""

import wave

import numpy as np
import pytest

from sandbox.caller import BadPlan, Noise, Pause, Turn, Word
from sandbox.caller.audio import SAMPLE_RATE, audible_frames, is_audible
from sandbox.caller.control_client import transcript_entry
from sandbox.caller.microphone import Utterance
from sandbox.caller.speech import prepare, prepare_now
from sandbox.speech.transcripts import parse_entry


def write_wav(path, samples, rate=16000):
    with wave.open(str(path), "wb") as writer:
        writer.setparams((1, 2, rate, 0, "NONE", ""))
        writer.writeframes(samples.astype("<i2").tobytes())
    return path


def tone(seconds, rate=16000, level=6000):
    return level * np.sin(2 * np.pi * 300 * np.arange(int(seconds * rate)) / rate)


@pytest.mark.parametrize(("rms", "audible"), [(199, False), (201, True)])
def test_voiced_means_an_rms_over_200(rms, audible):
    assert is_audible(np.full(240, rms, dtype=np.int16)) is audible
    assert audible_frames(np.full(480, rms, dtype=np.int16)).tolist() == [audible, audible]


async def test_a_pause_is_exactly_as_long_as_asked_and_words_before_it_are_over_before_it():
    plain = await prepare(Turn("my number is nine eight seven"))
    paused = await prepare(Turn("my number is nine eight seven", pauses=(Pause(0.7, after_words=3),)))

    silent = np.flatnonzero(~paused.voiced[: paused.voiced_span[1]])
    longest = max(np.split(silent, np.flatnonzero(np.diff(silent) > 1) + 1), key=len)
    assert len(longest) == pytest.approx(70, abs=3)
    before, after = [w.end_seconds for w in paused.words][2:4]
    assert before <= longest[0] * 0.01 + 0.001
    assert after > longest[-1] * 0.01
    assert paused.voiced_seconds > plain.voiced_seconds + 0.5


def test_word_ends_rise_and_the_last_is_the_end_of_the_voice():
    speech = prepare_now(Turn("मुझे अपना बिल भरना है", language="hi-IN"))
    ends = [word.end_seconds for word in speech.words]
    assert ends == sorted(ends)
    assert ends[-1] == pytest.approx(speech.voiced_seconds, abs=0.02)


def test_words_of_a_wav_are_spread_over_its_voice_and_not_over_its_silence(tmp_path):
    samples = np.concatenate([np.zeros(8000), tone(1.0), np.zeros(16000), tone(1.0), np.zeros(8000)])
    speech = prepare_now(Turn("aaaa bbbb cccc dddd", wav=write_wav(tmp_path / "a.wav", samples)))

    assert speech.voiced_seconds == pytest.approx(3.0, abs=0.03)
    assert [w.end_seconds for w in speech.words] == pytest.approx([0.5, 1.0, 2.5, 3.0], abs=0.04)


def test_known_word_times_win(tmp_path):
    known = (Word("aaaa", 0.2), Word("bbbb", 0.9))
    path = write_wav(tmp_path / "a.wav", tone(1.0))
    assert prepare_now(Turn("aaaa bbbb", wav=path, words=known)).words == known


def test_a_wav_of_any_rate_keeps_its_length(tmp_path):
    for rate in (8000, 22050, 48000):
        path = write_wav(tmp_path / f"{rate}.wav", tone(1.0, rate), rate)
        assert prepare_now(Turn("tone", wav=path)).voiced_seconds == pytest.approx(1.0, abs=0.04)


@pytest.mark.parametrize("noise", [Noise(10.0), Noise(20.0, kind="white"), Noise(5.0, kind="hum")])
def test_noise_has_the_level_asked_for_and_does_not_change_what_is_voiced(noise):
    clean, noisy = prepare_now(Turn("hello there")), prepare_now(Turn("hello there", noise=noise))

    assert np.array_equal(clean.voiced, noisy.voiced)
    assert np.array_equal(clean.frames, noisy.frames), "noise is mixed in when a frame is sent"
    voiced = clean.frames[clean.voiced].astype(float)
    bed = noisy.noise_bed.astype(float)
    assert 20 * np.log10(np.sqrt((voiced**2).mean() / (bed**2).mean())) == pytest.approx(noise.snr_db, abs=0.7)


def test_the_stand_in_hears_a_paused_turn_in_two_parts():
    """Holds the two ends of the control endpoint together: what is queued here is what is read there."""
    turn = Turn("my number is nine eight seven", heard_language="hi-IN", pauses=(Pause(0.7, after_words=3),))
    speech = prepare_now(turn)
    entry = parse_entry(transcript_entry(turn, speech))
    before_the_pause = speech.words[2].end_seconds

    assert entry.language == "hi-IN"
    assert entry.release(before_the_pause + 0.2) == "my number is"
    assert entry.release(speech.voiced_seconds) == "nine eight seven"
    assert entry.used_up


def test_an_utterance_stamps_its_first_and_last_voiced_frame_not_its_silence(tmp_path):
    samples = np.concatenate([np.zeros(1600), tone(0.2), np.zeros(3200)])
    utterance = Utterance(prepare_now(Turn("tone", wav=write_wav(tmp_path / "a.wav", samples))))
    while not utterance.over.is_set():
        _, index = utterance.take()
        utterance.handed(index, 100 + index * 0.01)

    assert utterance.first_voiced_at == pytest.approx(100.1, abs=0.02)
    assert utterance.last_voiced_at == pytest.approx(100.29, abs=0.02)


@pytest.mark.parametrize(
    ("turn", "says"),
    [
        (Turn("hello", language="xx-YY"), "xx-YY"),
        (Turn("hello there", pauses=(Pause(0.5, after_words=2),)), "between 1 and 1"),
        (Turn("hello there", pauses=(Pause(0.5, at_seconds=1.0),)), "after_words"),
    ],
)
def test_what_cannot_be_spoken_is_refused_by_name(turn, says):
    with pytest.raises(BadPlan, match=says):
        prepare_now(turn)


def test_a_silent_or_broken_wav_is_refused(tmp_path):
    silent = write_wav(tmp_path / "silent.wav", np.zeros(SAMPLE_RATE))
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF")
    for path, says in ((silent, "no audible sound"), (broken, "not a PCM WAV"), (tmp_path / "none.wav", "none.wav")):
        with pytest.raises(BadPlan, match=says):
            prepare_now(Turn("x", wav=path))
