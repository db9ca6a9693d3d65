"""A worker's calls are answered at once, whatever the database does, and it learns afterwards what it has missed."""

import asyncio
import contextlib
import logging
import os
import sys
import time
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import select

from records.budgets import Limits, Scope
from records.engine import new_engine, upgrade
from records.schema import AgentSpending
from tests.records.spending_histories import ASK, DAY, asked
from worker.budget import teller as module
from worker.budget.claims import Claims
from worker.budget.teller import Book, Teller
from worker.budget.untold import Untold
from worker.parent_socket import new_address


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """A machine that also runs everything else may take seconds for a claim."""
    monkeypatch.setattr(module, "DATABASE_SECONDS", 60.0)


@pytest.fixture
def url(tmp_path):
    return f"sqlite+aiosqlite:///{tmp_path}/calls.db"


@pytest_asyncio.fixture
async def database(url):
    engine = new_engine(url)
    await upgrade(engine)
    yield engine
    await engine.dispose()


@contextlib.asynccontextmanager
async def serving(limits, url=""):
    teller = Teller(str(new_address("budget")), limits, url)
    assert await asyncio.to_thread(teller.start)
    try:
        yield teller
    finally:
        await asyncio.to_thread(teller.stop)


class Asking:
    """One agent's claims, and the verdicts that it has heard."""

    def __init__(self, address, limits, call="c1", generation=0):
        self.heard = asyncio.Queue()
        self.claims = Claims(address, limits, call, generation, DAY)
        self.claims.decided = self.heard.put_nowait

    async def claim(self, spent=0.0, ask=ASK):
        self.claims.make("asha", spent, ask)
        return await asyncio.wait_for(self.heard.get(), 60)


async def committed(database):
    async with database.connect() as connection:
        rows = await connection.execute(select(AgentSpending.call_id, AgentSpending.rupees))
        return {row.call_id: row.rupees for row in rows}


async def test_workers_share_a_budget_over_the_database(database, url):
    limits = Limits(day=6.0)
    async with serving(limits, url) as one, serving(limits, url) as other:
        first, second, third = (Asking(each.address, limits, f"c{n}") for n, each in enumerate((one, other, one)))
        for each in (first, second, third):
            await each.claims.open()
        assert (await first.claim()).granted
        assert (await second.claim()).left == {Scope.DAY: 2.0}
        assert (await third.claim()).used_up is Scope.DAY
        assert (await first.claim(spent=1.0, ask=0.0)).granted
        assert (await third.claim()).left == {Scope.DAY: 1.0}
        for each in (first, second, third):
            await each.claims.aclose()


async def test_without_a_database_each_worker_counts_for_itself():
    limits = Limits(day=6.0)
    async with serving(limits) as one, serving(limits) as other:
        for each in (one, other):
            asking = Asking(each.address, limits)
            await asking.claims.open()
            assert (await asking.claim()).left == {Scope.DAY: 6.0}
            await asking.claims.aclose()


async def test_a_killed_agents_turn_stays_spent(database, url):
    limits = Limits(call=5.0)
    async with serving(limits, url) as one:
        killed = Asking(one.address, limits)
        await killed.claims.open()
        await killed.claim(spent=2.0)
        killed.claims._writer.transport.abort()  # as the kernel does it for a process that is gone
        rescuer = Asking(one.address, limits, generation=1)
        await rescuer.claims.open()
        assert (await rescuer.claim()).used_up is Scope.CALL
        await rescuer.claims.aclose()
    async with database.connect() as connection:
        assert sorted((await connection.execute(select(AgentSpending.rupees))).scalars()) == [0.0, 6.0]


async def test_what_a_killed_worker_has_claimed_stays_spent_for_all_others(database, url, tmp_path):
    command = ("-m", "tests.budget.one_worker", url, str(tmp_path / "its" / "teller"))
    killed = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(60):
        assert await killed.stdout.readline() == b"committed 5.5\n"
    killed.kill()
    await killed.wait()
    limits = Limits(call=5.0, caller_day=6.0, day=100.0)
    async with serving(limits, url) as one:
        rescuer = Asking(one.address, limits, "killed", generation=1)
        await rescuer.claims.open()
        assert (await rescuer.claim()).used_up is Scope.CALL
        another = Asking(one.address, limits, "another")
        await another.claims.open()
        assert (await another.claim()).left == {Scope.DAY: 94.5, Scope.CALLER_DAY: 0.5, Scope.CALL: 5.0}
        for each in (rescuer, another):
            await each.claims.aclose()


async def test_a_database_that_hangs_is_not_waited_for_and_learns_afterwards(database, url, monkeypatch, caplog):
    monkeypatch.setattr(module, "DATABASE_SECONDS", 0.1)
    hangs, real, asked_in_vain = True, module_claim(), []

    async def claim(*args, **how):
        if hangs:
            asked_in_vain.append(args)
            await asyncio.Event().wait()
        return await real(*args, **how)

    monkeypatch.setattr("records.spending.claim", claim)
    book = Book(Limits(day=100.0), database)
    monkeypatch.setattr(module, "AWAY_SECONDS", 60.0)
    assert (await book.decide(asked("c1"))).granted
    verdicts = [await book.decide(asked(f"c{number}")) for number in range(2, 40)]
    assert len(asked_in_vain) == 1  # nobody asks a database that was away a moment ago
    assert [verdict.granted for verdict in verdicts] == [True] * 23 + [False] * 15  # and what is asked for fits
    assert caplog.messages.count("budget.per_worker") == 1
    hangs = False
    monkeypatch.setattr(module, "DATABASE_SECONDS", 60.0)
    assert await book.catch_up()
    assert sum((await committed(database)).values()) == pytest.approx(96.0)
    assert caplog.messages.count("budget.shared_again") == 1


def module_claim():
    from records import spending

    return spending.claim


async def test_what_was_decided_alone_outlives_a_killed_worker_of_the_machine(database, tmp_path):
    """Both at once: the database is away, and the worker is killed before it is back."""
    killed = Book(Limits(day=100.0), database, Untold(tmp_path / "budgets"))
    killed._asked_again_at = time.monotonic() + 60.0
    await killed.decide(asked("c1", spent=1.0))
    await killed.decide(asked("c2"))
    await killed.decide(asked("c1", sequence=2, spent=2.0))
    living = Untold(tmp_path / "budgets")
    assert not living  # the lock is held: that worker will tell it itself
    living.close()
    os.close(killed._untold._file)  # as the kernel does it for a process that is gone
    (file,) = [path for path in (tmp_path / "budgets").iterdir() if path.stat().st_size]
    with file.open("a") as torn:
        torn.write('{"claim": "{')
    book = Book(Limits(day=100.0), database, Untold(tmp_path / "budgets"))
    assert await book.catch_up()
    assert await committed(database) == {"c1": 6.0, "c2": 4.0}
    assert [path.stat().st_size for path in (tmp_path / "budgets").iterdir()] == [0]
    book._untold.close()


async def test_a_folder_that_cannot_be_written_to_is_told_and_does_not_matter(database, tmp_path, caplog):
    (tmp_path / "file").touch()
    book = Book(Limits(day=100.0), database, Untold(tmp_path / "file"))
    assert "what budgets decide alone is not kept" in caplog.messages
    assert (await book.decide(asked())).granted


async def test_a_newer_claim_is_told_and_not_the_one_before(database, monkeypatch):
    book = Book(Limits(day=100.0), database)
    book._asked_again_at = time.monotonic() + 60.0
    await book.decide(asked(sequence=1))
    await book.decide(asked(sequence=2, spent=3.0))
    book._asked_again_at = 0.0
    assert await book.catch_up()
    assert await committed(database) == {"c1": 7.0}


async def test_a_database_that_was_never_there_holds_up_no_call(tmp_path, caplog):
    """Its folder is there, its tables are not: the shipper makes them when it can."""
    engine = new_engine(f"sqlite+aiosqlite:///{tmp_path}/empty.db")
    book = Book(Limits(call=5.0), engine)
    assert (await book.decide(asked())).granted
    assert (await book.decide(asked(sequence=2, spent=5.0))).used_up is Scope.CALL
    assert "budget.per_worker" in caplog.messages
    await engine.dispose()


async def test_half_a_line_ends_one_calls_claims_and_no_others():
    limits = Limits(call=9.0)
    async with serving(limits) as one:
        reader, writer = await asyncio.open_unix_connection(one.address)
        writer.write(b'{"call": "c9"\n')
        assert await asyncio.wait_for(reader.read(), 60) == b""
        writer.close()
        asking = Asking(one.address, limits)
        await asking.claims.open()
        assert (await asking.claim()).granted
        await asking.claims.aclose()


async def test_nobody_else_of_the_machine_can_ask_and_nothing_is_left():
    async with serving(Limits(call=1.0)) as one:
        folder = Path(one.address).parent
        assert oct(folder.stat().st_mode)[-3:] == "700"
    assert not folder.exists()


async def test_a_teller_that_cannot_listen_says_so(tmp_path, caplog):
    teller = Teller(str(tmp_path / ("long" * 40) / "teller"), Limits(call=1.0), "")
    assert await asyncio.to_thread(teller.start) is False
    assert "the budgets' teller has ended" in caplog.messages
    teller.stop()


@pytest.mark.parametrize("address", ["", "/nowhere/teller"])
async def test_a_call_without_a_teller_holds_to_its_own_limit(address, caplog):
    asking = Asking(address, Limits(call=5.0, day=1.0))
    await asking.claims.open()
    assert (await asking.claim()).granted
    assert (await asking.claim(spent=5.5)).used_up is Scope.CALL
    await asking.claims.aclose()


async def test_when_the_teller_goes_a_call_goes_on_alone(caplog):
    limits = Limits(call=5.0)
    async with serving(limits) as one:
        asking = Asking(one.address, limits)
        await asking.claims.open()
        assert (await asking.claim()).granted
    await asyncio.wait_for(asyncio.shield(asking.claims._reading), 60)
    assert (await asking.claim(spent=5.0)).used_up is Scope.CALL
    await asking.claims.aclose()


async def test_making_a_claim_waits_for_nothing(caplog, tmp_path):
    """The promise is one millisecond of the event loop: a turn is claimed without a word from anybody."""
    caplog.set_level(logging.CRITICAL)
    stuck = asyncio.Event()

    async def never(reader, writer):
        await stuck.wait()
        writer.close()

    address = str(tmp_path / "teller")
    server = await asyncio.start_unix_server(never, address)
    asking = Asking(address, Limits(call=5.0))
    await asking.claims.open()
    seconds = []
    for _ in range(200):
        began = time.thread_time()
        asking.claims.make("asha", 0.0, ASK)
        seconds.append(time.thread_time() - began)
    assert sorted(seconds)[len(seconds) // 2] < 0.001
    assert asking.heard.empty()
    stuck.set()
    server.close()
    asking.claims._reading.cancel()
    asking.claims._writer.close()
