"""The bench is only as true as its corpus: what it claims about each utterance's sound is measured here."""

import numpy as np
import pytest

from bench.utterances import RECORDINGS_HELP, load_table, recordings_installed, render_utterance
from bench.utterances.render import VOICED_RMS, spread_words, voiced_span
from bench.utterances.table import BadUtterance, parse_row
from tests.needs import missing

TABLE = load_table()
SYNTHETIC = [row for row in TABLE if row.engine != "recording"]
ESPEAK = [row for row in TABLE if row.engine == "espeak"]
GOOD = {"id": "x", "kind": "short", "language": "en-IN", "voice": "espeak:a", "text": "yes"}


def render(row, folder):
    if row.engine == "recording" and not recordings_installed():
        missing(RECORDINGS_HELP)
    return render_utterance(row, folder)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("utterances")


def test_the_mix_is_what_the_bench_promises():
    assert len(SYNTHETIC) >= 24
    assert {row.language for row in SYNTHETIC} >= {"en-IN", "hi-IN", "ta-IN", "te-IN", "bn-IN"}
    assert {row.kind for row in SYNTHETIC} == {"question", "statement", "short", "digits"}
    assert {row.engine for row in TABLE} == {"espeak", "piper", "recording"}
    assert sum(row.paused for row in TABLE) >= len(TABLE) / 3
    assert sum(row.noise for row in TABLE) >= len(TABLE) / 3
    assert any(row.paused and not row.unfinished for row in TABLE)
    assert all(0.5 <= row.pause_seconds <= 0.9 for row in TABLE if row.paused)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.id)
def test_speech_starts_and_ends_where_it_is_said_to(row, cache):
    rendered = render(row, cache)
    first, last = voiced_span(rendered.clean)
    assert (rendered.first_voiced_seconds, rendered.last_voiced_seconds) == (first, last)
    assert rendered.duration_seconds > 0.3
    assert rendered.duration_seconds - last <= 0.011
    assert rendered.words[-1].end_seconds == pytest.approx(rendered.duration_seconds)
    ends = [word.end_seconds for word in rendered.words]
    assert ends == sorted(ends)
    assert " ".join(word.text for word in rendered.words) == rendered.text


@pytest.mark.parametrize("row", [row for row in SYNTHETIC if row.paused], ids=lambda row: row.id)
def test_the_pause_is_silent_exactly_as_long_as_the_table_says_and_a_word_ends_at_it(row, cache):
    rendered = render(row, cache)
    start, end = (
        round(s * rendered.sample_rate_hz) for s in (rendered.pause_start_seconds, rendered.pause_end_seconds)
    )
    assert end - start == round(row.pause_seconds * rendered.sample_rate_hz)
    assert not rendered.clean[start:end].any()
    assert np.abs(rendered.clean[start - 160 : start]).max() > VOICED_RMS
    before = [word for word in rendered.words if word.end_seconds <= rendered.pause_start_seconds + 1e-9]
    assert " ".join(word.text for word in before) == row.parts[0]


@pytest.mark.parametrize("row", [row for row in ESPEAK if row.noise], ids=lambda row: row.id)
def test_noise_is_heard_but_judged_apart(row, cache):
    rendered = render(row, cache)
    assert rendered.noise_rms > 0
    assert not np.array_equal(rendered.samples, rendered.clean)
    assert voiced_span(rendered.clean)[1] == rendered.last_voiced_seconds


@pytest.mark.parametrize(
    "row", [ESPEAK[1], next(row for row in TABLE if row.engine == "piper")], ids=lambda row: row.id
)
def test_rendering_again_gives_the_same_samples(row, cache, tmp_path):
    assert np.array_equal(render_utterance(row, cache).samples, render_utterance(row, tmp_path).samples)


def test_a_rendered_part_is_read_from_the_cache(tmp_path, monkeypatch):
    first = render_utterance(ESPEAK[0], tmp_path)
    monkeypatch.setattr("bench.utterances.render.sound", None)  # calling it now would raise
    assert np.array_equal(render_utterance(ESPEAK[0], tmp_path).samples, first.samples)


def test_the_transcript_entry_counts_from_the_first_voiced_sound(cache):
    row = next(row for row in ESPEAK if row.paused)
    entry = render_utterance(row, cache).transcript_entry()
    assert entry["text"] == row.text
    assert entry["words"][-1]["end_seconds"] == pytest.approx(entry["duration_seconds"], abs=0.011)


def test_words_are_spread_by_their_letters():
    assert [(w.text, w.end_seconds) for w in spread_words("a bbb", 1.0, 2.0)] == [("a", 1.25), ("bbb", 2.0)]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "shout"},
        {"voice": "espeak"},
        {"voice": "tape:1"},
        {"text": "a | b"},
        {"pause_seconds": 0.7},
        {"text": "a | b", "pause_seconds": 2.0, "unfinished": True},
        {"text": "a | b", "pause_seconds": 0.7},
        {"text": "a | b", "pause_seconds": 0.7, "unfinished": True, "voice": "recording:x.wav"},
        {"text": "a | b | c", "pause_seconds": 0.7, "unfinished": True},
    ],
)
def test_a_row_that_would_measure_something_else_is_refused_by_name(change):
    with pytest.raises(BadUtterance, match="'x'"):
        parse_row(GOOD | change)
