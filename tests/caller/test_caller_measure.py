"""The definitions of `out/call.json`, on times alone."""

import pytest

from sandbox.caller.listener import SEGMENT_GAP_SECONDS, Listener
from sandbox.caller.measure import barge_in_seconds, is_cut_off, voice_to_voice_seconds

FIRST_VOICED, LAST_VOICED = 10.0, 12.0


def heard(*spans):
    """The agent's sounds from spans of time, as the listener would note them."""
    listener = Listener()
    for start, end in spans:
        for number in range(round((end - start) / 0.01)):
            listener.heard(start + number * 0.01)
    return listener.sounds


@pytest.mark.parametrize(
    ("case", "spans", "voice_to_voice", "cut_off", "barge_in"),
    [
        ("an answer", [(12.8, 14)], 0.8, False, None),
        ("nothing at all", [], None, False, None),
        ("an answer after 15 s does not count", [(27.5, 28)], None, False, None),
        ("the greeting was over before", [(5, 7), (13, 14)], 1.0, False, None),
        ("an answer inside a pause", [(11, 11.3), (12.5, 13)], 0.5, True, None),
        ("only an answer inside a pause", [(11, 11.3)], None, True, None),
        ("an answer that talks into the end of the turn", [(11.5, 13)], 0.0, True, None),
        ("talked over, then answered", [(8, 10.4), (13, 14)], 1.0, False, 0.4),
        ("talked over beyond the end of the turn", [(8, 12.6), (13.5, 14)], 1.5, False, 2.6),
        ("talked over and never answered", [(8, 10.4)], None, False, 0.4),
    ],
)
def test_a_turn_is_judged_by_when_the_agent_was_audible(case, spans, voice_to_voice, cut_off, barge_in):
    sounds = heard(*spans)
    wait = voice_to_voice_seconds(sounds, FIRST_VOICED, LAST_VOICED)
    assert wait == (None if voice_to_voice is None else pytest.approx(voice_to_voice, abs=0.011))
    assert is_cut_off(sounds, FIRST_VOICED, LAST_VOICED) is cut_off
    silence = barge_in_seconds(sounds, FIRST_VOICED)
    assert silence == (None if barge_in is None else pytest.approx(barge_in, abs=0.011))


def test_breaths_do_not_split_a_sound_but_longer_silence_does():
    gap = SEGMENT_GAP_SECONDS
    assert len(heard((0, 1), (1 + gap / 2, 2))) == 1
    assert len(heard((0, 1), (1 + gap + 0.02, 2))) == 2


def test_before_the_first_sound_the_silence_is_endless():
    assert Listener().silent_seconds(1000.0) == float("inf")
