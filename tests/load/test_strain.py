"""What a worker leaves out when it is late, reading by reading: a second each, and no clock."""

import random

import pytest

from worker.load.strain import READINGS_DOWN, READINGS_UP, Reading, Strain, StrainControl

LATE = 0.05
CALM, SOMEWHAT, SLOW, STUCK = (Reading(lag, 0.3) for lag in (0.004, 0.04, 0.06, 0.3))
BUSY = Reading(0.004, 0.97)


def after(*readings, late_seconds=LATE):
    control = StrainControl(late_seconds)
    for reading in readings:
        control.read(reading)
    return control.strain


@pytest.mark.parametrize(
    ("readings", "strain"),
    [
        ([], Strain.EASY),
        ([CALM] * 9, Strain.EASY),
        ([SOMEWHAT] * 9, Strain.EASY),
        ([STUCK], Strain.EASY),
        ([STUCK, CALM] * 5, Strain.EASY),
        ([SLOW] * READINGS_UP, Strain.FULL),
        ([BUSY] * READINGS_UP, Strain.FULL),
        ([STUCK] * READINGS_UP, Strain.FULL),
        ([SLOW] * 60, Strain.FULL),
        ([BUSY] * 60, Strain.FULL),
        ([STUCK] * 2 * READINGS_UP, Strain.SHEDDING),
        ([STUCK] * 60, Strain.SHEDDING),
        ([STUCK] * 4 + [SLOW] * READINGS_DOWN, Strain.FULL),
        ([STUCK] * 4 + [CALM] * READINGS_DOWN, Strain.FULL),
        ([STUCK] * 4 + [CALM] * (2 * READINGS_DOWN - 1), Strain.FULL),
        ([STUCK] * 4 + [CALM] * 2 * READINGS_DOWN, Strain.EASY),
        ([SLOW] * 2 + [SOMEWHAT] * 60, Strain.FULL),
        ([SLOW] * 2 + [CALM] * (READINGS_DOWN - 1) + [SOMEWHAT] + [CALM] * (READINGS_DOWN - 1), Strain.FULL),
        ([SLOW] * 2 + [CALM] * READINGS_DOWN, Strain.EASY),
        ([BUSY] * 2 + [Reading(0.004, 0.88)] * 60, Strain.FULL),
    ],
    ids=lambda value: value.name if isinstance(value, Strain) else f"{len(value)} readings",
)
def test_it_goes_up_quickly_down_slowly_and_one_step_at_a_time(readings, strain):
    assert after(*readings) is strain


def any_readings(seed):
    chance = random.Random(seed)
    return [Reading(chance.choice((0.0, 0.04, 0.06, 0.1, 3.0)), chance.random()) for _ in range(60)]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_was_a_calm_while_ends_it(seed):
    assert after(*any_readings(seed), *[CALM] * 2 * READINGS_DOWN) is Strain.EASY


@pytest.mark.parametrize("seed", range(20))
def test_no_state_is_passed_over(seed):
    control, order = StrainControl(LATE), list(Strain)
    before = control.strain
    for reading in any_readings(seed):
        now = control.read(reading)
        assert abs(order.index(now) - order.index(before)) <= 1
        before = now


def test_a_limit_of_nothing_never_counts_as_late():
    assert after(*[STUCK] * 60, late_seconds=0) is Strain.EASY
