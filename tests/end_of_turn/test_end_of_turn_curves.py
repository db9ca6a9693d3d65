"""The turns that people make in pieces, the lines they are heard over, and the page that compares the rules."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from bench import end_of_turn_curves as curves
from bench.end_of_turn import RATE_HZ, Material, Moment, as_shipped, pause_lengths, score, stops_of
from bench.utterances import load_paused, load_table, load_unchosen
from bench.utterances.table import PAUSED_KINDS
from worker.end_of_turn import DEFAULT_POLICY

TURNS = load_paused()


def test_there_are_enough_in_every_language_and_of_every_kind():
    assert len(TURNS) >= 60
    by_language = Counter(turn.language for turn in TURNS)
    assert len(by_language) == 11
    assert min(by_language.values()) >= 5
    for language in by_language:
        assert {turn.kind for turn in TURNS if turn.language == language} == set(PAUSED_KINDS)


def test_each_is_said_in_pieces_and_stands_nowhere_else():
    assert all(set("|/") & set(turn.marked) and not set("|/") & set(turn.text) for turn in TURNS)
    others = {row.text.casefold().strip(".?! ") for row in (*load_table(), *load_unchosen())}
    assert not others & {turn.text.casefold() for turn in TURNS}


def test_a_turn_stops_at_each_mark_and_at_its_end():
    stops = list(stops_of("my number is | nine eight / thank you", np.ones(4 * RATE_HZ, np.int16), "a", "a"))
    assert [(stop.text, stop.ended, stop.unfinished_words) for stop in stops] == [
        ("my number is", False, True),
        ("my number is nine eight", False, False),
        ("my number is nine eight thank you", True, False),
    ]
    assert len(stops[0].samples) < len(stops[1].samples) < len(stops[2].samples)


def test_pauses_of_people_who_search_last_from_a_fifth_of_a_second_to_two():
    lengths = pause_lengths(500, "searching")
    assert lengths.min() == pytest.approx(0.2, abs=0.02)
    assert lengths.max() == pytest.approx(2.0, abs=0.1)
    assert np.median(lengths) == pytest.approx(0.4, abs=0.1), "most are short"


@pytest.mark.parametrize(("hertz", "is_left"), [(1_000, True), (6_000, False)])
def test_a_telephone_leaves_what_is_below_four_kilohertz(hertz, is_left):
    tone = (8000 * np.sin(2 * np.pi * hertz * np.arange(RATE_HZ) / RATE_HZ)).astype(np.int16)
    heard = curves.as_on_a_telephone(tone)
    assert len(heard) == len(tone)
    assert bool(heard.std() > 0.8 * tone.std()) is is_left


def moments():
    """Two voices and three lines; one language whose sound decides nothing."""
    one = Moment("where is my order", "en-IN", "piper", True, False, True, 0.6, None, 0.95)
    made = [one, replace(one, text="my number is", ended=False, unfinished_words=True, sound_probability=0.05)]
    made += [replace(each, source="espeak") for each in made]
    made += [replace(each, language="hi-IN") for each in made[2:]]
    return [replace(each, condition=condition) for each in made for condition in curves.CONDITIONS]


def test_the_page_has_every_rule_for_every_group():
    page = "\n".join(curves.report(Material(moments())))
    groups = len(list(curves.groups(Material(moments()))))
    for rule in (*curves.SWEPT, *curves.AS_THEY_COME):
        assert page.count(f"\n| {rule} |") >= groups, rule


def test_sound_moves_our_wait_only_where_it_was_measured():
    material = Material(moments())
    hindi = np.array([one.language == "hi-IN" for one in material.moments])
    waits = as_shipped(material)
    assert set(waits[material.ended & hindi]) == {DEFAULT_POLICY.finished_seconds}
    assert set(waits[material.ended & ~hindi]) == {DEFAULT_POLICY.sure_seconds}
    ready = as_shipped(material, reply_is_ready=True)
    assert set(ready[material.ended & hindi]) == {DEFAULT_POLICY.ready_seconds}
    for _, swept in curves.ours(material):
        assert set(swept[material.ended & hindi]) <= {0.65, 0.8}, "never the wait of what sounds ended"
        break


@pytest.mark.parametrize("reply_is_ready", [False, True])
def test_few_turns_in_pieces_are_cut_off_by_the_words_alone(reply_is_ready):
    """The goals over all languages: 10 % of all pauses, 5 % of those behind unfinished words."""
    silence = np.zeros(RATE_HZ, np.int16)
    material = Material([
        Moment(stop.text, turn.language, "none", stop.ended, stop.unfinished_words, True, 0.0)
        for turn in TURNS
        for stop in stops_of(turn.marked, silence, "none", "none")
    ])  # fmt: skip
    lengths = pause_lengths(int((~material.ended).sum()), "searching")
    judged = score(as_shipped(material, reply_is_ready=reply_is_ready), material, lengths, {})
    assert judged.cut_off_share <= 0.10
    assert judged.unfinished_cut_off_share <= 0.05
    assert judged.p50_latency_seconds <= DEFAULT_POLICY.finished_seconds
