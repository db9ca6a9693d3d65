"""What one worker knows is enough to hold the budgets alone, and to be careful while the database is away."""

import random
from datetime import timedelta

import pytest

from records.budgets import Limits, Scope
from tests.records.spending_histories import ASK, DAY, TOLERANCE, History, asked
from worker.budget.ledger import Ledger
from worker.budget.wire import claim_line, read_claim, read_verdict, verdict_line


def take(ledger, claim, **how):
    verdict = ledger.decide(claim, **how)
    ledger.keep(claim, verdict.committed)
    return verdict


def test_ten_thousand_histories_of_one_worker_overrun_no_budget_by_more_than_one_turn():
    worst = 0.0
    for seed in range(10_000):
        history = History(f"alone {seed}")
        ledger = Ledger(history.limits)
        for agent in history.steps():
            history.step(agent, lambda claim, ledger=ledger: take(ledger, claim))
            worst = max(worst, history.overrun())
            assert history.overrun() <= ASK + TOLERANCE, f"history {seed}"
    assert worst > 0.9 * ASK


@pytest.mark.parametrize("seed", range(200))
def test_workers_that_lose_the_database_stay_within_the_budget_together(seed):
    chance = random.Random(seed)
    limit, workers = chance.uniform(20.0, 100.0), chance.randint(2, 5)
    ledgers = [Ledger(Limits(day=limit)) for _ in range(workers)]
    spent_before = [chance.uniform(0.0, limit / workers) for _ in ledgers]
    for number, ledger in enumerate(ledgers):
        last = asked(f"before-{number}", spent=spent_before[number], ask=0.0)
        ledger.learn(last, {Scope.DAY: sum(spent_before) - spent_before[number]}, workers)
        ledger.keep(last, last.spent)
    spent = 0.0
    for number in range(200):
        claim = asked(f"c{number}")
        spent += take(chance.choice(ledgers), claim, is_share=True).committed
    assert sum(spent_before) + spent <= limit + TOLERANCE
    assert sum(spent_before) + spent > limit - workers * ASK  # and hardly anything of it is out of reach


def test_what_the_database_says_of_others_counts_when_it_is_away():
    ledger = Ledger(Limits(call=10.0, caller_day=20.0, day=30.0))
    ledger.learn(asked(), {Scope.DAY: 27.0, Scope.CALLER_DAY: 1.0, Scope.CALL: 8.0}, workers=1)
    verdict = ledger.decide(asked(spent=1.0))
    assert verdict.left == {Scope.DAY: 2.0, Scope.CALLER_DAY: 18.0, Scope.CALL: 1.0}


def test_what_this_worker_counts_itself_is_not_counted_twice():
    ledger = Ledger(Limits(day=30.0))
    take(ledger, asked("c1"))
    ledger.learn(asked("c2"), {Scope.DAY: 4.0}, workers=1)  # which are this worker's own
    assert ledger.decide(asked("c2")).left == {Scope.DAY: 26.0}


def test_an_agent_that_is_killed_has_spent_its_turn_and_one_that_leaves_has_not():
    ledger = Ledger(Limits(call=5.0))
    take(ledger, asked(spent=2.0))
    assert take(ledger, asked(generation=1)).used_up is Scope.CALL
    take(ledger, asked(sequence=2, spent=2.5, ask=0.0))
    assert take(ledger, asked(generation=1, sequence=2)).left == {Scope.CALL: 2.5}


def test_what_was_told_late_or_twice_changes_nothing():
    ledger = Ledger(Limits(day=30.0))
    newer, older = asked(sequence=2, spent=3.0), asked()
    for claim in (newer, newer, older):
        take(ledger, claim)
    assert ledger.decide(asked("c2")).left == {Scope.DAY: 23.0}


def test_days_that_are_over_are_forgotten():
    ledger = Ledger(Limits(day=5.0))
    for days in range(10):
        assert take(ledger, asked(f"c{days}", day=DAY + timedelta(days=days))).granted
    assert len(ledger._rows) <= 4


@pytest.mark.parametrize("caller", ["asha", None])
def test_claims_and_verdicts_travel_whole(caller):
    claim = asked(caller=caller, spent=1.25)
    assert read_claim(claim_line(claim)) == claim
    verdict = Ledger(Limits(call=1.0, day=9.0)).decide(claim)
    assert read_verdict(verdict_line(7, verdict)) == (7, verdict)
