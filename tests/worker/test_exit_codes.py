"""What a call's process tells its parent by the way it exits."""

import multiprocessing
import signal

import pytest

from worker.recovery.exit_codes import FAILED, LOST, ended_on_purpose, exit_with


def fail_quietly(code):
    exit_with(code)


def test_a_process_that_ends_in_order_still_exits_with_the_code_it_was_given():
    """Pins the trap that the framework catches every exception, and such a process exits with 0, as a success."""
    process = multiprocessing.get_context("forkserver").Process(target=fail_quietly, args=(FAILED,))
    process.start()
    process.join(60)

    assert process.exitcode == FAILED


@pytest.mark.parametrize(
    ("exit_code", "on_purpose"),
    [(0, True), (FAILED, True), (LOST, False), (-signal.SIGKILL, False), (-signal.SIGSEGV, False), (1, False)],
)
def test_only_a_process_that_took_leave_of_its_caller_is_not_replaced(exit_code, on_purpose):
    assert ended_on_purpose(exit_code) is on_purpose
