"""Each provider meets each kind of fault once in a real call, and a caller is neither left in silence nor lost."""

import asyncio

import pytest

from faults.cells import Cell, quick, tours
from faults.one_call import PATIENCE, run_cell, run_tour
from sandbox.caller import CallPlan, Turn, place_call

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(600)]
# Addresses that cannot be reached, the shop's service and every phase are `make matrix`'s, which fails for a hole;
# calls without pause are `make soak`'s. `make nightly` runs both.
SPEECH = ("stt", "llm", "tts")
# One of each kind, worst first: those that say nothing, those that break off, those that refuse, those that lie. Their
# neighbours (a 403 beside a 429, a close code beside another) are rows of `make matrix`.
KINDS = ("hang", "stall", "drop", "close_1011", "server_error", "rate_limited", "empty", "malformed", "filtered")
NEVER = [("tts", "server_error"), ("stt", "server_error"), ("llm", "server_error")]


def in_order(work):
    queue = asyncio.Queue()
    for each in work:
        queue.put_nowait(each)
    return queue


async def test_a_turn_that_meets_a_passing_fault_is_answered_whatever_the_kind_of_fault(lines):
    """Every pair of a speech provider and a kind of fault, each tried once."""
    waiting, bad = in_order(tours([cell for cell in quick() if cell.provider in SPEECH and cell.fault in KINDS])), {}

    async def work(line):
        while not waiting.empty():
            for row in await run_tour(waiting.get_nowait(), line):
                if not row.good:
                    bad[row.cell.name] = row

    await asyncio.gather(*(work(line) for line in lines))
    assert bad == {}


async def test_a_recogniser_whose_every_socket_fails_is_asked_by_request(lines):
    line = lines[0]
    await line.reset()

    async def close_every_socket(index):
        if index == 0:
            await line.configure(faults=[{"provider": "stt", "fault": "close_1011"}])

    turns = (Turn("Can you help me with my bill?"), Turn("Please tell me about my last payment."))
    result = await place_call(
        CallPlan(turns=turns), join=line.join(), control=line.control, before_turn=close_every_socket, patience=PATIENCE
    )
    seen = await line.stack.seen(line.scope)
    by_request = [event for event in seen if event["provider"] == "stt" and event.get("rest")]
    await line.reset()

    assert [event["text"] for event in by_request] == [turn.text for turn in turns]
    assert all(turn.answered for turn in result.turns), result.errors
    assert result.ended_by == "caller"


async def test_a_provider_that_stays_away_ends_the_call_with_a_goodbye(lines):
    waiting, bad = in_order(NEVER), {}

    async def work(line):
        while not waiting.empty():
            cell = Cell(*waiting.get_nowait(), "never")
            row = await run_cell(cell, line)
            if not row.good or row.ended_by != "agent" or "goodbye" not in row.heard:
                bad[cell.name] = row

    await asyncio.gather(*(work(line) for line in lines))
    assert bad == {}
