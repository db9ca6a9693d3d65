"""What the worker's judge takes for words of the caller's: the bench's corpus, and how a sound is followed."""

import math

import numpy as np
import pytest

from bench.barge_in import judge, report, rows
from bench.interruptions.corpus import LISTENING, WORDS, read_corpus, usual_level
from bench.interruptions.judging import Line, moments, stopped_after_seconds
from worker.barge_in.judge import Judge, Weights, fitted_weights
from worker.barge_in.sound import SIGNS
from worker.barge_in.traits import WINDOW_SAMPLES, traits_of

LOUD = (8000 * np.sin(2 * np.pi * 200 * np.arange(WINDOW_SAMPLES) / 16_000)).astype(np.int16)
SILENCE = np.zeros(WINDOW_SAMPLES, dtype=np.int16)


@pytest.fixture(scope="module")
def corpus():
    return read_corpus()


def test_the_corpus_has_as_many_interruptions_as_other_sounds_in_five_languages(corpus):
    words = [heard for heard in corpus if heard.is_words]
    assert len(corpus) == 120
    assert len(words) == 60
    assert {heard.language for heard in words} == {"en-IN", "hi-IN", "ta-IN", "te-IN", "bn-IN"}


def test_words_stop_the_agent_and_other_sounds_do_not(corpus):
    seconds = {heard.name: stopped_after_seconds(moments(heard, Line.CLEAR, usual_level())) for heard in corpus}
    words = [seconds[heard.name] for heard in corpus if heard.kind == WORDS]
    others = [heard.name for heard in corpus if heard.kind not in (WORDS, LISTENING)]

    assert sum(each is None for each in words) <= 2
    assert np.median([each for each in words if each is not None]) <= 0.12
    assert [name for name in others if seconds[name] is not None] == []


def test_a_voice_that_is_farther_off_than_the_callers_is_not_theirs(corpus):
    far = [heard for heard in corpus if heard.kind in ("far", "echo")]
    stopped = [stopped_after_seconds(moments(heard, Line.CLEAR, usual_level())) for heard in far]
    unknown = [stopped_after_seconds(moments(heard, Line.CLEAR, 0.0)) for heard in far]

    assert stopped == [None] * len(far)
    assert sum(each is not None for each in unknown) >= len(far) / 2, (
        "before their first turn nobody knows how loud they are"
    )


def test_the_bench_counts_listening_words_as_gone_on_after(corpus):
    judged = judge([heard for heard in corpus if heard.kind == LISTENING][:4])
    false_stops, told, missed = rows([*judged, *judge([heard for heard in corpus if heard.is_words][12:14])])

    assert false_stops["values"]["vaani"] == 0.0
    assert false_stops["values"]["vaani_silent_at_all"] > 0.5
    assert false_stops["values"]["any_sound"] == 1.0
    assert told["values"]["vaani"] < told["values"]["any_sound"]
    assert missed["values"]["vaani"] == 0.0
    assert any(line.startswith("| listening | 12 | 0% |") for line in report(judged + judge(corpus[:1])))


def test_every_sign_has_its_weight_and_no_other():
    assert len(fitted_weights().of_signs) == len(SIGNS)
    assert all(math.isfinite(weight) for weight in fitted_weights().of_signs)


def test_words_stay_words_until_the_sound_is_over():
    judge_ = Judge(Weights(0.0, tuple(float(name == "speech") for name in SIGNS), 2.0))
    hear(judge_, LOUD, 0.99)
    assert judge_.hears_words
    hear(judge_, LOUD, 0.01, speaking=True)
    assert judge_.hears_words
    hear(judge_, SILENCE, 0.01, speaking=True)
    assert judge_.hears_words, "a pause within words"
    hear(judge_, SILENCE, 0.01)
    assert not judge_.hears_words


def test_what_does_not_stand_out_of_the_lines_noise_is_no_sound():
    judge_ = Judge()
    hiss = np.random.default_rng(1).normal(0, 900, (200, WINDOW_SAMPLES)).astype(np.int16)
    for window in hiss:
        hear(judge_, window, 0.3)
    assert judge_.sound is None
    hear(judge_, LOUD, 0.3)
    assert judge_.sound is not None


def test_a_sound_that_never_ends_is_not_kept():
    judge_ = Judge()
    for _ in range(500):
        hear(judge_, LOUD, 0.1, speaking=True)
    assert judge_.sound.length == 500
    assert len(judge_.sound.traits) == len(judge_.sound.probabilities) == 32


@pytest.mark.parametrize("window", [SILENCE, np.full(WINDOW_SAMPLES, -32768, dtype=np.int16), LOUD])
def test_any_window_has_traits(window):
    traits = traits_of(SILENCE, window)
    assert all(math.isfinite(each) for each in (traits.periodicity, traits.tilt_db, traits.flatness, *traits.bands_db))
    assert traits.periodicity <= 1.0


def test_a_voices_pitch_is_told_from_noise():
    time = np.arange(2 * WINDOW_SAMPLES) / 16_000
    voice = (4000 * np.sign(np.sin(2 * np.pi * 150 * time))).astype(np.int16)
    noise = np.random.default_rng(2).normal(0, 4000, 2 * WINDOW_SAMPLES).astype(np.int16)
    of_voice, of_noise = (traits_of(each[:WINDOW_SAMPLES], each[WINDOW_SAMPLES:]) for each in (voice, noise))
    assert of_voice.periodicity > 0.9 > 0.5 > of_noise.periodicity
    assert of_noise.flatness > of_voice.flatness + 0.5


def hear(judge_, window, probability, *, speaking=False):
    judge_.hear(window, probability, speaking=speaking)
