"""What one caller may have in a day, and for how long it is remembered."""

from types import SimpleNamespace

from worker.admission_rules import DAY_IS_SPENT, DAY_SECONDS, EXPIRED, USED, AdmissionRules
from worker.ticket import Ticket

WALL = 1_800_000_000.0
LIMITS = SimpleNamespace(token_seconds=960.0, max_calls_per_caller=0, caller_seconds_per_day=100.0)


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self):
        self.seconds = 0.0

    def monotonic(self):
        return self.seconds

    def wall(self):
        return WALL + self.seconds


def admissions():
    clock = Clock()
    return AdmissionRules(LIMITS, wall=clock.wall, clock=clock.monotonic), clock


def a_call(admitted, clock, name, seconds, caller="asha"):
    admitted.began(name, name, fresh(clock, caller))
    clock.seconds += seconds
    admitted.over(name, ended=True, used=True)


def fresh(clock, caller="asha"):
    return Ticket(clock.wall(), caller)


def test_a_callers_seconds_of_a_day_are_spent_and_come_back():
    admitted, clock = admissions()
    a_call(admitted, clock, "first", 60)
    assert admitted.refusal("second", fresh(clock)) is None
    a_call(admitted, clock, "second", 50)

    assert admitted.refusal("third", fresh(clock)) == DAY_IS_SPENT
    assert admitted.refusal("third", fresh(clock, "ravi")) is None
    clock.seconds += DAY_SECONDS - 49
    assert admitted.refusal("third", fresh(clock)) is None, "the first call was yesterday"


def test_a_call_that_still_runs_counts_too():
    admitted, clock = admissions()
    admitted.began("first", "first", fresh(clock))
    clock.seconds += 101
    assert admitted.refusal("second", fresh(clock)) == DAY_IS_SPENT


def test_a_room_is_remembered_until_its_token_is_too_old():
    admitted, clock = admissions()
    ticket = fresh(clock, caller="")
    admitted.began("job", "room", ticket)
    admitted.over("job", ended=True, used=True)
    for seconds in (1, 500, 400, 50, 20, 5000):
        clock.seconds += seconds
        assert admitted.refusal("room", ticket) in (USED, EXPIRED)
    assert admitted.refusal("room", fresh(clock)) is None, "a newer token for a room of the same name"


def test_a_newer_token_for_the_same_room_is_another_call():
    """Pins the trap that a backend may name its rooms: one that rings an order's room again has a new token for it."""
    admitted, clock = admissions()
    first = fresh(clock)
    admitted.began("job", "order-42", first)
    clock.seconds += 5
    admitted.over("job", ended=True, used=True)

    assert admitted.refusal("order-42", first) == USED
    assert admitted.refusal("order-42", fresh(clock)) is None


def test_nothing_is_kept_for_ever():
    admitted, clock = admissions()
    for number in range(200):
        a_call(admitted, clock, str(number), 10, caller=str(number))
    clock.seconds += 2 * DAY_SECONDS
    admitted.refusal("room", None)
    assert not any((admitted._ended, admitted._lost, admitted._spent, admitted._carried))
