"""What all agents spend is counted so that no budget is overrun by more than one turn, whoever is killed when."""

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, select

from records.budgets import Limits, Scope
from records.engine import writing
from records.erasure import erase
from records.purging import purge
from records.retention import read_retention
from records.schema import AgentSpending, Base, SpendingDay
from records.spending import KEPT_FOR, claim, decide
from tests.records.spending_histories import ASK, DAY, TOLERANCE, History, asked

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize("histories", [1_000, pytest.param(10_000, marks=pytest.mark.nightly)])
def test_no_history_overruns_a_budget_by_more_than_one_turn(histories):
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine, tables=[AgentSpending.__table__, SpendingDay.__table__])
    worst, refused = 0.0, 0
    with engine.connect() as connection, connection.begin():
        for seed in range(histories):
            history = History(seed)

            def tell(claimed, history=history):
                nonlocal refused
                verdict = decide(connection, claimed, history.limits, f"w{claimed.call}", NOW).verdict
                refused += not verdict.granted
                return verdict

            for agent in history.steps():
                history.step(agent, tell)
                worst = max(worst, history.overrun())
                assert history.overrun() <= ASK + TOLERANCE, f"history {seed}"
            for table in ("spending", "spending_days"):
                connection.exec_driver_sql(f"DELETE FROM {table}")
    assert worst > 0.9 * ASK  # the histories are cruel enough to come near the bound
    assert refused > histories / 4


@pytest.mark.parametrize("seed", [0, *(pytest.param(each, marks=pytest.mark.processes) for each in (1, 2, 3))])
async def test_agents_that_really_spend_at_once_overrun_no_budget_by_more_than_one_turn(engine, seed):
    """Fifty histories a seed on each database, each as many transactions at once as there are agents."""
    for each in range(50 * seed, 50 * seed + 50):
        history = History(f"at once {each}")
        day = DAY + timedelta(days=each)

        await asyncio.gather(*(live(engine, history, agent, day) for agent in history.agents))
        assert history.overrun() <= ASK + TOLERANCE, f"history {each}"


async def live(engine, history, agent, day):
    """Spend turn after turn, until nothing is left or the agent is killed."""
    chance = random.Random(f"{day} {agent.call}")
    while agent.lives and agent.sequence < 4:
        claimed = replace(agent.next_claim(), day=day, call=f"{day} {agent.call}")
        answer = await claim(engine, claimed, history.limits, f"w{agent.call}", NOW)
        agent.heard(answer.verdict)
        agent.spend(chance)
        if chance.random() < 0.2:
            return


async def counted(engine):
    async with engine.connect() as connection:
        rows = (await connection.execute(select(AgentSpending.call_id, AgentSpending.rupees))).all()
        days = (await connection.execute(select(SpendingDay.day, SpendingDay.rupees))).all()
    return {row.call_id: row.rupees for row in rows}, {row.day: row.rupees for row in days}


async def test_what_is_granted_counts_as_spent_until_the_agent_says_what_it_was(engine):
    limits = Limits(day=10.0)
    first = await claim(engine, asked(), limits, "w1", NOW)
    assert (first.verdict.granted, first.verdict.left) == (True, {Scope.DAY: 10.0})
    assert await counted(engine) == ({"c1": 4.0}, {DAY: 4.0})
    await claim(engine, asked(sequence=2, spent=1.5), limits, "w1", NOW)
    assert await counted(engine) == ({"c1": 5.5}, {DAY: 5.5})
    await claim(engine, asked(sequence=3, spent=2.0, ask=0.0), limits, "w1", NOW)
    assert await counted(engine) == ({"c1": 2.0}, {DAY: 2.0})


async def test_with_nothing_left_an_agent_counts_for_what_it_has_spent(engine):
    limits = Limits(call=5.0)
    await claim(engine, asked(), limits, "w1", NOW)
    verdict = (await claim(engine, asked(sequence=2, spent=5.5), limits, "w1", NOW)).verdict
    assert (verdict.granted, verdict.used_up, verdict.left) == (False, Scope.CALL, {Scope.CALL: -0.5})
    assert await counted(engine) == ({"c1": 5.5}, {DAY: 5.5})


async def test_a_killed_agents_last_turn_stays_spent_for_whoever_carries_the_call_on(engine):
    limits = Limits(call=5.0)
    await claim(engine, asked(spent=2.0), limits, "w1", NOW)  # and is killed
    verdict = (await claim(engine, asked(generation=1), limits, "w2", NOW)).verdict
    assert (verdict.granted, verdict.used_up) == (False, Scope.CALL)


async def test_each_budget_counts_its_own(engine):
    limits = Limits(call=100.0, caller_day=6.0, day=9.0)
    await claim(engine, asked("c1", caller="asha"), limits, "w1", NOW)
    others = await claim(engine, asked("c2", caller="asha"), limits, "w2", NOW)
    assert others.others == {Scope.DAY: 4.0, Scope.CALLER_DAY: 4.0, Scope.CALL: 0.0}
    assert others.verdict.granted
    assert (await claim(engine, asked("c3", caller="asha"), limits, "w1", NOW)).verdict.used_up is Scope.CALLER_DAY
    assert (await claim(engine, asked("c4", caller="bala"), limits, "w1", NOW)).verdict.granted
    assert (await claim(engine, asked("c5", caller=None), limits, "w1", NOW)).verdict.used_up is Scope.DAY
    assert (await claim(engine, asked("c6", day=DAY + timedelta(days=1)), limits, "w1", NOW)).verdict.granted


async def test_nobody_in_particular_has_no_budget_of_their_own(engine):
    for number in range(4):
        answer = await claim(engine, asked(f"c{number}", caller=None), Limits(caller_day=1.0), "w1", NOW)
        assert answer.verdict.granted


async def test_a_claim_that_is_told_again_or_late_changes_nothing(engine):
    limits = Limits(day=10.0)
    await claim(engine, asked(), limits, "w1", NOW)
    await claim(engine, asked(sequence=2, spent=1.0), limits, "w1", NOW)
    before = await counted(engine)
    await claim(engine, asked(sequence=2, spent=1.0), limits, "w1", NOW)
    await claim(engine, asked(), limits, "w1", NOW)
    assert await counted(engine) == before == ({"c1": 5.0}, {DAY: 5.0})


async def test_what_a_worker_has_decided_alone_is_kept_though_nothing_is_left(engine):
    limits = Limits(day=1.0)
    await claim(engine, asked("c1", spent=1.0, ask=0.0), limits, "w1", NOW)
    await claim(engine, asked("c2"), limits, "w2", NOW, decided=4.0)
    assert await counted(engine) == ({"c1": 1.0, "c2": 4.0}, {DAY: 5.0})


async def test_workers_are_counted_that_have_spent_lately(engine):
    long_ago = NOW - timedelta(minutes=6)
    await claim(engine, asked("c1"), Limits(day=1000.0), "gone", long_ago)
    await claim(engine, asked("c2"), Limits(day=1000.0), "w1", NOW)
    assert (await claim(engine, asked("c3"), Limits(day=1000.0), "w2", NOW)).workers == 2


async def test_days_that_no_call_counts_for_any_more_are_forgotten(engine):
    old = (NOW - KEPT_FOR).date() - timedelta(days=1)
    for number, day in enumerate((old, (NOW - KEPT_FOR).date(), DAY)):
        await claim(engine, asked(f"c{number}", day=day), Limits(day=100.0), "w1", NOW)
    await purge(engine, read_retention("records=365"), NOW)
    assert set((await counted(engine))[1]) == {(NOW - KEPT_FOR).date(), DAY}


async def test_erasure_leaves_the_sums_and_not_whose_they_were(engine, tmp_path):
    await claim(engine, asked(), Limits(day=100.0), "w1", NOW)
    await erase(engine, "asha", tmp_path, NOW)
    async with writing(engine) as connection:
        rows = (await connection.execute(select(AgentSpending.caller, AgentSpending.rupees))).all()
    assert [tuple(row) for row in rows] == [(None, 4.0)]
