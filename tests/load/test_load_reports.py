"""A call's process tells the worker's parent how it fares, over a real socket, and hears whether to do with less."""

import asyncio
import json
import logging
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.jumping_clock import run, wait
from worker.load import from_calls, worker_load
from worker.load.from_calls import LoadReporter
from worker.load.lag import TICK_SECONDS, LoopLag
from worker.load.strain import Reading, Strain, StrainControl
from worker.load.worker_load import WorkerLoad

LATE = 0.05


@pytest.fixture(autouse=True)
def _many_seconds_in_one(monkeypatch):
    for module in (from_calls, worker_load):
        monkeypatch.setattr(module, "REPORT_SECONDS", 0.01)


@pytest.fixture
async def load():
    made = WorkerLoad(cores=1, late_seconds=LATE)
    await made.start()
    yield made
    await made.aclose()


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.005)


def processes(load):
    return set(load._window._processes)


async def test_a_call_reports_for_as_long_as_it_lasts(load):
    reporter = LoadReporter(load.address, lambda sheds: None)
    await until(lambda: len(processes(load) - {"parent"}) == 1)
    await reporter.aclose()
    await until(lambda: processes(load) == {"parent"})


async def test_a_call_sheds_while_its_worker_does_and_no_longer(load, monkeypatch):
    told = []
    reporter = LoadReporter(load.address, told.append)
    monkeypatch.setattr(StrainControl, "read", lambda self, reading: self.strain)
    load._control.strain = Strain.SHEDDING
    await until(lambda: told == [True])
    load._control.strain = Strain.FULL
    await until(lambda: told == [True, False])
    await reporter.aclose()
    assert told == [True, False], "once for each change"


async def test_a_call_whose_parent_is_gone_sheds_nothing_and_goes_on(load, monkeypatch):
    told = []
    monkeypatch.setattr(StrainControl, "read", lambda self, reading: self.strain)
    load._control.strain = Strain.SHEDDING
    reporter = LoadReporter(load.address, told.append)
    await until(lambda: told == [True])
    await load.aclose()
    for task in [task for task in asyncio.all_tasks() if task.get_coro().__name__ == "_hear"]:
        task.cancel()
    await until(lambda: told == [True, False])
    await until(reporter._task.done)
    assert reporter._task.exception() is None


async def test_a_call_without_a_socket_to_report_to_goes_on(tmp_path):
    reporter = LoadReporter(str(tmp_path / "nobody"), lambda sheds: pytest.fail("nobody said so"))
    await until(reporter._task.done)
    assert reporter._task.exception() is None


@pytest.mark.parametrize("line", [b"nonsense\n", b"\xff" * 100_000, b"[[1],-1]\n", b""])
async def test_a_process_that_sends_nonsense_is_heard_no_more_and_hurts_nobody(load, line):
    reporter = LoadReporter(load.address, lambda sheds: None)
    await until(lambda: len(processes(load)) == 2)
    reader, writer = await asyncio.open_unix_connection(load.address)
    writer.write(line)
    writer.write_eof()
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()
    await until(lambda: len(processes(load)) == 2)
    await reporter.aclose()


async def test_a_change_is_logged_once_with_what_it_goes_by(load, monkeypatch, caplog):
    caplog.set_level(logging.INFO, "vaani")
    monkeypatch.setattr(load._window, "reading", lambda: Reading(0.4, 0.5))
    await until(lambda: load.strain is Strain.SHEDDING)
    monkeypatch.setattr(load._window, "reading", lambda: Reading(0.0, 0.1))
    await until(lambda: load.strain is Strain.EASY)
    states = [record.state for record in caplog.records if record.getMessage() == "worker.strained"]
    assert states == ["full", "shedding", "full", "easy"]
    first = next(record for record in caplog.records if record.getMessage() == "worker.strained")
    assert (first.loop_lag_ms, first.cpu_share) == (400, 0.5)


async def test_where_there_can_be_no_socket_calls_are_told_of_none(monkeypatch, caplog):
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    load = WorkerLoad(cores=1, late_seconds=LATE)
    await load.start()
    await load.aclose()
    assert "cannot report" in caplog.text


def test_a_loop_that_stood_still_was_late_for_every_tick_of_it():
    """Pins the mistake of counting a second's stand-still as one late tick among many that were on time."""

    async def stand_still():
        loop = asyncio.get_running_loop()
        lag = LoopLag()
        await wait(10 * TICK_SECONDS)
        on_time = lag.take()
        loop.jumps.clock += 1.0  # what blocks a loop: its time goes on, and nothing is called
        await wait(3 * TICK_SECONDS)
        lag.stop()
        return on_time, lag.take()

    on_time, late = run(stand_still())
    assert max(on_time) < 0.001
    assert 8 <= sum(each > TICK_SECONDS / 2 for each in late) <= 11
    assert max(late) == pytest.approx(1.0, abs=TICK_SECONDS)


def test_a_report_is_as_long_as_the_socket_s_limit_allows():
    assert json.loads(from_calls.Report((0.0,), 0.0).line()) == [[0], 0.0]


def test_a_shedding_call_begins_no_replies_early_and_does_so_again(monkeypatch):
    from worker import server

    told = []
    monkeypatch.setattr(server, "begin_replies_early", lambda session, begin: told.append(begin))
    monkeypatch.setattr(
        server, "LoadReporter", lambda path, shed: SimpleNamespace(aclose=None, shed=[shed(True), shed(False)])
    )
    ready = SimpleNamespace(
        load_address="a socket", settings=SimpleNamespace(turns=SimpleNamespace(speculation_tries=5))
    )
    monkeypatch.setattr(server.Prewarmed, "of", lambda proc: ready)
    server.report_load(SimpleNamespace(proc=None, add_shutdown_callback=lambda _: None), None)
    assert told == [False, True]


async def test_nobody_else_on_the_machine_can_report(load):
    assert stat.S_IMODE(Path(load.address).stat().st_mode) == 0o600


async def test_a_stopped_worker_leaves_no_socket_behind():
    load = WorkerLoad(cores=1, late_seconds=LATE)
    await load.start()
    await load.aclose()
    assert not Path(load.address).exists()
