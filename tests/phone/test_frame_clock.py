"""Frames that come late were not heard late."""

import pytest

from worker.phone.frame_clock import FrameClock

RATE_HZ, FRAME = 4_000, 200
BEGAN_AT = 1_790_000_000.0


def clock_after(*arrivals):
    """A clock that frames of 50 ms have come to at these seconds of the call."""
    clock = FrameClock(BEGAN_AT, RATE_HZ)
    for at in arrivals:
        clock.count(FRAME, BEGAN_AT + at)
    return clock


def in_time(frames, first=1):
    return [0.05 * number for number in range(first, first + frames)]


def test_frames_that_come_evenly_end_when_they_come():
    assert clock_after(*in_time(20)).end == 20 * FRAME


def test_what_a_busy_process_takes_at_once_was_heard_in_turn():
    """Pins the phantom turns of a machine that was busy: all frames that had queued up were taken for the newest."""
    clock = clock_after(*in_time(20))
    ends = []
    for number in range(21, 41):  # a second of sound, taken up 1 s late
        clock.count(FRAME, BEGAN_AT + 2.0 + 0.001 * (number - 20))
        ends.append(clock.end)
    assert ends == [number * FRAME for number in range(21, 41)]


def test_a_stream_that_has_paused_goes_on_where_it_does():
    late = [at + 2.0 for at in in_time(20, first=21)]
    assert clock_after(*in_time(20), *late).end == pytest.approx((late[-1]) * RATE_HZ, abs=1)


def test_what_comes_early_moves_the_count_back():
    assert clock_after(0.06, 0.11, 0.15).end == round(0.15 * RATE_HZ)


def test_a_clock_that_is_set_back_breaks_nothing():
    clock = clock_after(*in_time(20))
    assert clock.count(FRAME, BEGAN_AT - 500.0) == 0
    assert clock.end == 20 * FRAME
