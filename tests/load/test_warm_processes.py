"""Processes are ready for calls, and none is started while a caller waits; on a clock that jumps."""

from types import SimpleNamespace

from tests.jumping_clock import run, wait
from worker.warm_processes import LONGEST_UNDISTURBED_SECONDS, UNDISTURBED_SECONDS, WarmProcesses


class Pool:
    """As much of the framework's pool as is told how many processes to keep."""

    def __init__(self, calls=0):
        self.handlers, self.kept, self.calls = {}, [], calls

    def on(self, name, handler):
        self.handlers[name] = handler

    def set_target_idle_processes(self, processes):
        self.kept.append(processes)

    def launches(self):
        self.calls += 1
        self.handlers["process_job_launched"](None)

    def loses_a_call(self):
        self.calls -= 1
        job = SimpleNamespace(id="job", room=SimpleNamespace(name="room", sid="RM_1"), metadata="")
        running = SimpleNamespace(job=job, accept_arguments=SimpleNamespace(identity="agent"))
        self.handlers["process_closed"](SimpleNamespace(running_job=running, exitcode=0))


def followed(keep, lines, calls=0):
    pool = Pool(calls)
    server = SimpleNamespace(_proc_pool=pool)
    WarmProcesses(server, keep, lines, lambda: pool.calls).follow(server)
    return pool


def test_none_is_started_until_the_last_of_several_callers_has_been_there_for_a_while():
    async def burst():
        pool = followed(keep=3, lines=8)
        for _ in range(3):
            pool.launches()
            await wait(UNDISTURBED_SECONDS / 2)
        assert set(pool.kept) == {0}
        await wait(UNDISTURBED_SECONDS)
        return pool.kept

    assert run(burst())[-1] == 3


def test_callers_who_keep_coming_get_new_processes_all_the_same():
    async def stream():
        pool = followed(keep=2, lines=100)
        for _ in range(int(3 * LONGEST_UNDISTURBED_SECONDS)):
            pool.launches()
            await wait(1.0)
        return pool.kept.count(2)

    assert run(stream()) >= 2


def test_no_more_are_kept_than_lines_are_free():
    async def nearly_full():
        pool = followed(keep=4, lines=8, calls=6)
        pool.launches()
        await wait(UNDISTURBED_SECONDS)
        one_free = pool.kept[-1]
        pool.launches()
        await wait(UNDISTURBED_SECONDS)
        none_free = pool.kept[-1]
        pool.loses_a_call()
        pool.loses_a_call()
        return one_free, none_free, pool.kept[-1]

    assert run(nearly_full()) == (1, 0, 2)


def test_a_call_that_ends_disturbs_no_caller_who_is_being_greeted():
    async def one_comes_one_goes():
        pool = followed(keep=2, lines=8, calls=4)
        pool.launches()
        pool.loses_a_call()
        return pool.kept

    assert run(one_comes_one_goes()) == [0]
