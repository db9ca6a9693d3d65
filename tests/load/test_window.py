"""How late a worker is, from what its processes have reported lately; on a clock that the tests turn."""

import pytest

from worker.load.report import MOST_LAGS, BadReport, Report
from worker.load.window import KEPT_SECONDS, NOW_SECONDS, SILENT_SECONDS, LoadWindow

ON_TIME, LATE = (0.002,) * 10, (0.2,) * 10


class Seconds:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Seconds()


@pytest.fixture
def window(clock):
    return LoadWindow(cores=2.0, clock=clock)


def report_for(window, clock, seconds, **lags):
    for _ in range(seconds):
        clock.now += 1
        for process, lag in lags.items():
            window.note(process, Report(lag, 0.1))


def test_a_worker_without_reports_is_not_late(window):
    assert window.reading().lag_seconds == 0.0
    assert window.reading().cpu_share == 0.0
    assert window.lag_seconds(0.99) == 0.0


@pytest.mark.parametrize(
    ("lags", "late"),
    [
        ({"parent": ON_TIME, "one": LATE}, False),
        ({"parent": LATE, "one": ON_TIME}, False),
        ({"parent": LATE, "one": LATE}, True),
        ({"parent": ON_TIME, "one": LATE, "two": LATE}, True),
        ({"parent": ON_TIME, "one": ON_TIME, "two": LATE}, False),
        ({"parent": ON_TIME, "one": LATE, "two": LATE, "three": LATE}, True),
    ],
)
def test_one_process_that_is_stuck_does_not_make_a_worker_late_and_most_of_them_do(window, clock, lags, late):
    report_for(window, clock, 3, **lags)
    assert (window.reading().lag_seconds > 0.1) is late


def test_processes_too_late_to_report_at_all_are_late(window, clock):
    report_for(window, clock, 3, one=ON_TIME, two=ON_TIME, parent=ON_TIME)
    for _ in range(3):
        clock.now += 1
        window.note("parent", Report(ON_TIME, 0.1))
    assert window.reading().lag_seconds > SILENT_SECONDS


def test_a_call_that_is_over_no_longer_counts(window, clock):
    report_for(window, clock, 3, one=LATE, two=LATE, parent=ON_TIME)
    window.forget("one")
    window.forget("two")
    assert window.reading().lag_seconds < 0.01


def test_what_was_late_a_while_ago_is_late_no_longer_but_still_told(window, clock):
    report_for(window, clock, 3, one=LATE, parent=LATE)
    report_for(window, clock, int(NOW_SECONDS), one=ON_TIME, parent=ON_TIME)
    assert window.reading().lag_seconds < 0.01
    assert window.lag_seconds(0.99) == 0.2
    report_for(window, clock, int(KEPT_SECONDS), one=ON_TIME, parent=ON_TIME)
    assert window.lag_seconds(0.99) == 0.002


def test_cpu_is_a_share_of_the_worker_s_cores(window, clock):
    report_for(window, clock, 3, **dict.fromkeys("abcdefghij", ON_TIME))
    assert window.reading().cpu_share == pytest.approx(0.5)


def test_cpu_is_never_more_than_all_of_it(window):
    window.note("liar", Report(ON_TIME, 9e5))
    assert window.reading().cpu_share == 1.0


def test_a_report_reads_as_it_was_written():
    report = Report((0.001, 0.25, 12.0), 0.0831)
    assert Report.read(report.line()) == report


def test_a_process_that_stood_still_for_long_still_sends_one_short_line():
    line = Report((3600.0,) * 36_000, 0.1).line()
    assert len(Report.read(line).lags_seconds) == MOST_LAGS
    assert len(line) < 16_384


@pytest.mark.parametrize(
    "line",
    [b"\n", b"{}\n", b"[1]\n", b"[[1],2,3]\n", b'["a",1]\n', b"[[null],1]\n", b"[[-1],1]\n", b"[[1],NaN]\n",
     b"[[1e999],1]\n", b"\xff\xfe\n", b"[[1],[1]]\n"],
)  # fmt: skip
def test_what_is_no_report_is_refused(line):
    with pytest.raises(BadReport):
        Report.read(line)
