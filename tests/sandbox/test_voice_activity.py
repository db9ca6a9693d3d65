"""Where speech starts and ends: the clock on which every latency of a benchmark rests."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.speech.voice_activity import VoiceActivity
from tests.sandbox.conftest import HZ, joined, silence, spoken, tone


def changes_in(samples, window=0.2, hz=HZ, chunk=800):
    activity = VoiceActivity(hz)
    found = []
    for begin in range(0, len(samples), chunk):
        found += activity.feed(samples[begin : begin + chunk], window)
    return found


def noise(seconds, level):
    return np.random.default_rng(7).normal(0, level, int(seconds * HZ)).astype(np.int16)


@pytest.mark.parametrize("hz", [8000, 16000])
def test_start_and_end_are_exact_to_20_ms(hz):
    start, end = changes_in(joined(silence(0.73, hz), tone(0.61, hz), silence(1, hz)), hz=hz)
    assert (start.kind, end.kind) == ("start", "end")
    assert start.voiced_at == pytest.approx(0.73, abs=0.02)
    assert end.voiced_at == pytest.approx(1.34, abs=0.02)


@given(chunk=st.integers(1, 4000), window=st.floats(0.05, 0.8))
@settings(max_examples=15, deadline=None)
def test_how_the_samples_are_cut_changes_nothing_and_the_window_is_kept(chunk, window):
    samples = joined(silence(0.4), tone(0.5), silence(1))
    _, end = changes_in(samples, window=window, chunk=chunk)
    assert end.voiced_at == pytest.approx(0.9, abs=0.02)
    assert end.noticed_at - end.voiced_at == pytest.approx(window, abs=0.011)


def test_a_pause_shorter_than_the_window_ends_nothing():
    samples = joined(silence(0.4), tone(0.5), silence(0.15), tone(0.5), silence(1))
    assert [change.kind for change in changes_in(samples)] == ["start", "end"]


def test_clicks_open_no_turn():
    click = joined(tone(0.03, level=9000), silence(0.3))
    assert changes_in(joined(silence(0.5), *[click] * 6)) == []


@pytest.mark.parametrize("level", [60, 150, 400, 900])
def test_steady_noise_opens_no_turn_and_hides_no_end(level):
    sentence = spoken("Where is my order four five two one?")
    clean = joined(silence(1.5), sentence, silence(2))
    start, end = changes_in(clean)
    noisy = (clean.astype(float) + noise(len(clean) / HZ, level)[: len(clean)]).clip(-32768, 32767)
    heard = changes_in(noisy.astype(np.int16))
    assert [change.kind for change in heard] == ["start", "end"]
    assert heard[0].voiced_at == pytest.approx(start.voiced_at, abs=0.1)
    assert heard[1].voiced_at == pytest.approx(end.voiced_at, abs=0.15)


@pytest.mark.parametrize("language", ["hi-IN", "ta-IN", "bn-IN", "te-IN"])
def test_speech_without_pauses_is_not_taken_for_noise(language):
    """Pins a bug: a Bengali sentence without a quiet moment raised the noise floor, and its end came 0.1 s early."""
    text = {
        "hi-IN": "आपका ऑर्डर कल आएगा",
        "ta-IN": "உங்கள் ஆர்டர் நாளை வரும்",
        "bn-IN": "আপনার অর্ডার কাল আসবে",
        "te-IN": "మీ ఆర్డర్ రేపు వస్తుంది",
    }[language]
    sentence = spoken(text, language)
    levels = np.sqrt(np.mean(sentence[: len(sentence) // 160 * 160].reshape(-1, 160).astype(float) ** 2, 1))
    last_voiced = 0.5 + 0.01 * (int(np.flatnonzero(levels > 200)[-1]) + 1)
    changes = changes_in(joined(silence(0.5), sentence, silence(1)))
    assert changes[-1].voiced_at == pytest.approx(last_voiced, abs=0.02)


def test_speech_at_the_very_start_is_heard():
    """A client that comes back after a lost socket sends the speech that it kept, with no silence in front."""
    sentence = spoken("Where is my order four five two one?")
    changes = changes_in(joined(sentence, silence(1)))
    assert [change.kind for change in changes] == ["start", "end"]
    assert changes[0].voiced_at < 0.3
