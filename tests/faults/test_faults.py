"""Each provider meets each fault once in a real call, and a caller is neither left in silence nor lost."""

import asyncio
import secrets

import pytest

from tests.faults.cells import Cell, quick, runnable, tours
from tests.faults.line_up import LineUp
from tests.faults.matrix import unreachable
from tests.faults.one_call import run_cell, run_tour
from tests.faults.soak import good, soak_on
from tests.faults.table import PAGE, cells_in

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]
NEVER = [("llm", "hang"), ("tts", "server_error"), ("stt", "server_error"), ("stt", "hang"), ("llm", "server_error")]


def in_order(work):
    queue = asyncio.Queue()
    for each in work:
        queue.put_nowait(each)
    return queue


async def test_a_turn_that_meets_a_passing_fault_is_answered_whatever_the_fault(lines):
    """Every pair of provider and fault once. What failed in company is tried again alone: the machine is busy."""
    waiting, suspects = in_order(tours(quick())), []

    async def work(line):
        while not waiting.empty():
            suspects.extend(row for row in await run_tour(waiting.get_nowait(), line) if not row.good)

    await asyncio.gather(*(work(line) for line in lines))
    bad = {}
    for suspect in suspects:
        cell = Cell(suspect.provider, suspect.fault, suspect.phase)
        row = await run_cell(cell, lines[0])
        if not row.good:
            bad[cell.name] = (suspect.problems, row.problems)
    assert bad == {}


async def test_a_provider_that_stays_away_ends_the_call_with_a_goodbye(lines):
    waiting, bad = in_order(NEVER), {}

    async def work(line):
        while not waiting.empty():
            cell = Cell(*waiting.get_nowait(), "never")
            row = await run_cell(cell, line)
            if not row.good or row.ended_by != "agent" or "goodbye" not in row.heard:
                row = await run_cell(cell, line)
            if not row.good or row.ended_by != "agent":
                bad[cell.name] = row

    await asyncio.gather(*(work(line) for line in lines))
    assert bad == {}


async def test_an_address_that_cannot_be_reached_is_no_silence_either(stack):
    """Name and certificate: these workers are started with an address that never works."""
    waiting, bad = in_order(cell for cell in quick() if cell.wrong_address), {}

    async def work():
        while not waiting.empty():
            cell = waiting.get_nowait()
            name = f"{cell.name}-{secrets.token_hex(2)}"
            line = LineUp(stack, name, wrong=(cell.provider, await unreachable(stack, cell.fault)))
            try:
                await line.start()
                row = await run_cell(cell, line)
            finally:
                await line.stop()
            if not row.good:
                bad[cell.name] = row

    await asyncio.gather(work(), work())
    assert bad == {}


def test_the_page_of_faults_has_a_good_row_for_every_cell():
    """A failure is mended by `make matrix`."""
    missing = {cell.name for cell in runnable()} - cells_in(PAGE.read_text(encoding="utf-8"))
    assert missing == set()


async def test_a_minute_of_calls_with_random_faults_loses_none_and_leaves_none_in_silence(lines):
    summary = await soak_on(lines, minutes=1, seed=7)

    assert summary["placed"] >= 1
    assert good(summary), summary
