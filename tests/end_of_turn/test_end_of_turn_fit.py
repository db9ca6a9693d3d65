"""The fit finds what signs are worth, and thresholds that keep the limits of every set."""

import numpy as np

from bench.end_of_turn_fit import Sample, fit, thresholds


def samples(sign, whole, count, set_name="dstc2 hi"):
    return [Sample((sign, f"{sign} {number % 3}"), "indian", set_name, whole, 0, 1.0) for number in range(count)]


def test_a_sign_is_worth_the_log_odds_that_its_turns_are_over():
    fitted = fit([*samples("closes", True, 300), *samples("closes", False, 100), *samples("opens", False, 400)])
    closes, opens = fitted.probabilities([*samples("closes", True, 1), *samples("opens", True, 1)])
    assert abs(closes - 0.75) < 0.02
    assert opens < 0.03


def test_a_sign_that_few_samples_show_has_no_weight():
    assert "rare" not in fit([*samples("closes", True, 50), *samples("rare", False, 5)]).of_sign


def test_each_language_keeps_the_limits_by_its_own_set():
    of_sets = [(name, whole) for name in ("dstc2 hi", "dstc2 ta") for whole in (True, False)]
    judged = [one for name, whole in of_sets for one in samples("any", whole, 1000, name)]
    even = np.linspace(0, 1, 1000)
    limits = thresholds(judged, np.concatenate([even, even * 0.5, even, even * 0.9]), "indian")
    assert limits.finished_from_in["hi"] < 0.5
    assert 0.5 < limits.finished_from_in["ta"] == limits.finished_from < 0.9
    assert 0.0 < limits.unfinished_to < 0.02
