"""The fit of the sound's table: what it chooses, and that it judges by what ships."""

import numpy as np
import pytest

from bench import end_of_turn_sound as fit
from bench.end_of_turn import Material, Moment, pause_lengths, score
from bench.recorded_turns import NoRecordings, read_stops
from worker.end_of_turn import DEFAULT_POLICY, Evidence, how_long_to_wait
from worker.end_of_turn.sound.verdict import sound_table

TEXTS = ("where is my order", "account balance", "my number is", "yes please")


def moments(order, count=200):
    """Ends sound more ended than pauses, as clearly as `order` says: 0 is not at all."""
    random = np.random.default_rng(4)
    made = []
    for number in range(count):
        ended = number % 2 == 0
        probability = float(np.clip(random.uniform() + order * (0.5 if ended else -0.5), 0.0, 1.0))
        made.append(
            Moment(
                TEXTS[number // 2 % 4],
                "en-IN",
                "real",
                ended,
                not ended and number % 3 == 0,
                True,
                0.3,
                None,
                probability,
                f"s{number % 5}",
            )
        )
    return Material(made)


def lengths(material):
    return pause_lengths(int((~material.ended).sum()), "natural")


def test_the_fit_judges_by_what_ships():
    material, table = moments(1), sound_table()
    judged = fit.waits(material, fit.Choice(table.ended_from, table.goes_on_below), DEFAULT_POLICY)
    shipped = [
        how_long_to_wait(Evidence(one.text, one.language, sounds_over=one.sound_probability)).seconds
        for one in material.moments
    ]
    assert judged == pytest.approx(shipped)


def test_sound_that_tells_ends_from_pauses_makes_turns_faster_and_cuts_off_no_more():
    material = moments(1)
    alone = score(fit.waits(material, fit.WORDS_ALONE, DEFAULT_POLICY), material, lengths(material), {})
    both = score(fit.by_others_choice(material, lengths(material), DEFAULT_POLICY), material, lengths(material), {})
    assert both.mean_latency_seconds < alone.mean_latency_seconds - 0.05
    assert both.cut_off_share <= alone.cut_off_share


def test_sound_that_misleads_is_left_alone():
    material = moments(-1)
    assert fit.choose(material, lengths(material), DEFAULT_POLICY) == fit.WORDS_ALONE


def test_what_is_written_is_what_the_worker_reads(tmp_path):
    written = tmp_path / "sound.toml"
    written.write_text(fit.as_toml(fit.Choice(sound_table().ended_from, sound_table().goes_on_below)), "utf-8")
    assert written.read_text("utf-8") == fit.TABLE.read_text("utf-8")


def test_a_folder_without_recordings_says_where_to_look(tmp_path):
    with pytest.raises(NoRecordings, match=r"docs/end-of-turn\.md"):
        list(read_stops(tmp_path))
    assert fit.main([str(tmp_path)]) == 2
