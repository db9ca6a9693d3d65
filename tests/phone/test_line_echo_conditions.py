"""Lines as an examiner would think of them: the agent's own voice is nobody's on any of them, and a caller is heard."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from bench.line_echo import BEGAN_AT, HISS, callers, heard_by
from bench.phone_lines import Line, sound_of
from worker.phone.echo_path import RATE_HZ
from worker.phone.line_echo import LineEcho

pytestmark = pytest.mark.processes

AGENTS = ("espeak:agent",)
SECONDS = 14.0
GROWING = (0.03, -0.025, 0.04, -0.035, 0.02, -0.03, 0.035, -0.01, 0.02)
"""By how much the delay changes each tenth of a second while a call begins."""
SILENT = {
    "loud, from the first syllable on": (Line(((-10.0, 0.2),)), 3),
    "under hiss": (Line(((-45.0, 0.2),), noise_rms=HISS), 3),
    "far under hiss": (Line(((-30.0, 0.2),), noise_rms=104.0), 1),
    "soft, on a silent line": (Line(((-50.0, 0.2),)), 3),
    "very late": (Line(((-35.0, 0.9),), noise_rms=HISS), 4),
    "twice": (Line(((-20.0, 0.08), (-24.0, 0.45)), noise_rms=HISS), 1),
    "in a room": (Line(((-35.0, 0.2),), noise_rms=HISS, room_seconds=0.4), 1),
    "from a loudspeaker that distorts": (Line(((-35.0, 0.2),), noise_rms=HISS, clips_at=1.0), 2),
    "through buffers that grow and shrink": (
        Line(((-20.0, 0.2),), noise_rms=HISS, moves=((6, 0.08), (9, -0.06), (12, 0.04))), 2
    ),
    "with clocks that drift": (Line(((-35.0, 0.2),), noise_rms=HISS, drift_ppm=200.0), 3),
    "in traffic": (Line(((-30.0, 0.2),), noise="traffic", noise_rms=100.0), 3),
    "of music": (Line(((-25.0, 0.2),), noise_rms=HISS, plays="music"), 2),
    "while the worker stands still now and then": (
        Line(((-20.0, 0.2),), noise_rms=HISS, stalls=((6.0, 1.0), (8.5, 0.5), (10.0, 0.25), (12.0, 1.0))), 2
    ),
}  # fmt: skip


@cache
def made(line, seed, seconds=SECONDS):
    return sound_of(line, seed, seconds, AGENTS)


def echo_of_a_call():
    return LineEcho(now=lambda: BEGAN_AT)


@pytest.mark.parametrize("name", SILENT)
def test_an_echo_is_nobodys_voice(name):
    line, seed = SILENT[name]
    assert heard_by(echo_of_a_call(), line, made(line, seed))[0] == []


def test_without_the_workers_part_the_same_lines_have_voices():
    """The lines above prove nothing unless somebody would be heard on them; each alone depends on what is said."""
    heard = [len(heard_by(None, line, made(line, seed))[0]) for line, seed in SILENT.values()]
    assert sum(1 for voices in heard if voices) >= len(SILENT) - 3


@pytest.mark.parametrize(
    "levels", [((0.0, -100.0), (7.0, 100.0)), ((7.0, 12.0),), ((4.0, -100.0), (9.0, 100.0))], ids=str
)
def test_an_echo_that_begins_or_grows_in_mid_call_is_soon_known(levels):
    line = Line(((-25.0, 0.2),), noise_rms=HISS, levels=levels)
    echo = echo_of_a_call()
    heard, _ = heard_by(echo, line, made(line, 1, 18.0))
    at = levels[-1][0]
    assert [voice.begins for voice in heard if not at < voice.begins < at + 2.5] == []
    assert echo.path.gain > 10 ** (-29 / 10)


@pytest.mark.parametrize("seed", [1, 6, 9])
def test_an_echo_is_no_softer_because_a_calls_first_buffers_grow(seed):
    """Pins "Party.", heard in a greeting: evidence of many delays added up to a fifth of the echo that there was."""
    line = Line(((-20.0, 0.3),), moves=tuple((0.7 + 0.1 * n, by) for n, by in enumerate(GROWING)))
    echo, gains_db = echo_of_a_call(), []
    learn = echo.path.learn

    def note(heard, played):
        learn(heard, played)
        gains_db.append(10 * np.log10(echo.path.gain))

    echo.path.learn = note
    assert heard_by(echo, line, made(line, seed, 4.5))[0] == []
    assert len(gains_db) > 10
    assert min(gains_db) > -23.0


def test_an_echo_that_has_gone_takes_nothing_from_a_caller():
    """Pins: once measured, an echo was expected for the rest of the call."""
    line = Line(((-20.0, 0.2),), noise_rms=HISS, levels=((6.0, -100.0),))
    echo = echo_of_a_call()
    heard_by(echo, line, made(line, 1, 18.0))
    assert echo.path.gain < 10 ** (-32 / 10)


@pytest.mark.parametrize(
    ("line", "seed"),
    [
        (Line((), noise_rms=HISS, caller_share=0.1), 1),
        (Line(((-20.0, 0.2),), noise_rms=HISS, caller_share=2.0), 2),
        (Line(((-20.0, 0.2),), noise_rms=HISS, caller_share=0.5), 3),
        (Line(((-40.0, 0.2),), noise_rms=HISS, caller_share=0.25), 5),
    ],
)
def test_short_words_over_the_agent_stop_it_within_half_a_second(line, seed):
    row = callers("", line, [seed], 16.0)
    assert row.words >= 2
    assert row.unheard == 0
    assert row.stopped_p90_seconds < 0.5


def test_a_line_without_an_echo_soon_passes_everything_that_a_caller_could_say():
    line = Line((), noise_rms=HISS)
    echo = echo_of_a_call()
    heard_by(echo, line, made(line, 1))
    assert not echo.path.is_known
    assert echo.path.gain < 10 ** (-35 / 10)


def test_an_echo_far_under_the_hiss_is_found_where_it_is():
    """Pins the phantom turns of -40 dB with hiss: an echo that was not found within 3 s was taken for none."""
    line = Line(((-45.0, 0.2),), noise_rms=HISS)
    echo = echo_of_a_call()
    heard_by(echo, line, made(line, 2, 8.0))
    assert np.array(echo.path.delays) / RATE_HZ == pytest.approx(0.2, abs=0.02)


def test_a_minute_of_a_call_costs_a_core_little():
    line, seed = SILENT["twice"]
    assert heard_by(echo_of_a_call(), line, made(line, seed))[1] < 0.04  # 2 % are promised
