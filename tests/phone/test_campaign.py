"""A list is called at its pace, again after growing pauses, and after a crash nobody is called twice."""

import asyncio
import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from phone.campaign import Campaign
from phone.config import Kind, Outbound, Purpose
from phone.dialling import Result
from phone.errors import BadList, LiveKitRefused
from phone.journal import CALLING, DONE, PENDING, Journal
from phone.lists import read_list
from phone.outcomes import Outcome
from phone.rules import Callee, Refusal
from tests.jumping_clock import JumpingLoop, run, wait

NINE = datetime(2026, 11, 29, 3, 30, tzinfo=UTC)
PURPOSE = Purpose("order-update", Kind.SERVICE, "a cake", "+911600123456")
OUTBOUND = Outbound("out", "x", "udp", "", "", 35, 6.0, 2, 3, 900, "none")
CALLEES = [Callee(f"+9198123456{place:02}", f"C-{place}") for place in range(100)]


def run_long(coroutine):
    """Run what takes longer than the hour that `run` allows."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(coroutine)


class Calls:
    """Who dials: each call takes 20 s and ends as a test says; the last outcome is repeated."""

    def __init__(self, outcomes=None, going_on=(), seconds=20):
        self.seconds = seconds
        self.outcomes = outcomes or {}
        self.placed, self.at_once, self.most_at_once = [], 0, 0
        self.going_on = set(going_on)

    def name_of(self, callee):
        return f"callee-{callee.number[-2:]}"

    async def call(self, callee, purpose):
        self.placed.append((round(asyncio.get_running_loop().time()), callee.number))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await wait(self.seconds)
        self.at_once -= 1
        outcomes = self.outcomes.get(callee.number, [Outcome.HUMAN])
        outcome = outcomes.pop(0) if len(outcomes) > 1 else outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return Result(outcome, 20.0)

    async def follow(self, callee, purpose):
        if self.name_of(callee) not in self.going_on:
            return Result(Outcome.UNKNOWN)
        await wait(30)
        return Result(Outcome.HUMAN, 30.0)


def now():
    return NINE + timedelta(seconds=asyncio.get_running_loop().time())


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path / "phone.db")
    yield journal
    journal.close()


def campaign(journal, calls, name="diwali", outbound=OUTBOUND):
    return Campaign(name, calls, journal, PURPOSE, outbound, now=now)


def placed_to(calls, callee):
    return [at for at, number in calls.placed if number == callee.number]


def test_a_list_is_called_at_its_pace_and_everybody_once(journal):
    calls = Calls()
    assert run(campaign(journal, calls).run(CALLEES[:20])) == Counter(human=20)
    assert sorted(number for _, number in calls.placed) == sorted(callee.number for callee in CALLEES[:20])
    assert calls.most_at_once == 2
    times = sorted(at for at, _ in calls.placed)
    assert all(later - earlier >= 9 for earlier, later in itertools.pairwise(times)), "six a minute"


def test_calls_that_are_over_at_once_come_no_faster(journal):
    calls = Calls(seconds=0.05)
    run(campaign(journal, calls).run(CALLEES[:10]))
    times = [at for at, _ in calls.placed]
    assert times == [10 * place for place in range(10)]


def test_who_is_not_reached_is_tried_again_after_growing_pauses_and_then_left(journal):
    busy, declined, again = CALLEES[:3]
    calls = Calls({
        busy.number: [Outcome.BUSY], declined.number: [Outcome.DECLINED],
        again.number: [Outcome.NO_ANSWER, Outcome.HUMAN],
    })  # fmt: skip
    counted = run_long(campaign(journal, calls).run(CALLEES[:3]))
    assert counted == Counter(busy=1, declined=1, human=1)
    first, second, third = placed_to(calls, busy)
    assert second - first >= 900
    assert third - second >= 2700
    assert len(placed_to(calls, declined)) == 1, "who has declined is left alone"
    assert len(placed_to(calls, again)) == 2


def test_a_hundred_calls_with_all_outcomes_call_nobody_who_was_reached_twice(journal):
    ends = list(Outcome)
    calls = Calls({callee.number: [ends[place % len(ends)]] for place, callee in enumerate(CALLEES)})
    fast = Outbound("out", "x", "udp", "", "", 35, 600.0, 20, 3, 60, "none")
    counted = run(campaign(journal, calls, outbound=fast).run(CALLEES))
    assert sum(counted.values()) == 100
    for callee in CALLEES:
        outcome = calls.outcomes[callee.number][0]
        tries = 3 if outcome in (Outcome.BUSY, Outcome.UNAVAILABLE, Outcome.NO_ANSWER, Outcome.VOICEMAIL,
                                 Outcome.ANNOUNCEMENT, Outcome.TRUNK_FAILED, Outcome.NO_AGENT) else 1  # fmt: skip
        assert len(placed_to(calls, callee)) == tries, outcome


def test_a_campaign_that_was_ended_anywhere_goes_on_and_calls_nobody_twice(tmp_path):
    """Ended after each number of calls begun, as by a power cut: what it wrote is all that is left of it."""

    async def ended_after(seconds, path):
        journal, first = Journal(path), Calls()
        running = asyncio.create_task(campaign(journal, first).run(CALLEES[:6]))
        await wait(seconds)
        kept = {entry.callee: entry.state for entry in journal.entries("diwali")}
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        for callee, state in kept.items():  # a cancelled task tidies up, and a power cut does not
            journal._db.execute("update callees set state = ? where callee = ?", (state, callee))
        journal.close()
        journal, second = Journal(path), Calls()
        counted = await campaign(journal, second).run(CALLEES[:6])
        journal.close()
        return first, second, counted

    for place, seconds in enumerate((0.5, 11, 25, 45, 70)):
        first, second, counted = run(ended_after(seconds, tmp_path / f"{place}.db"))
        numbers = [number for calls in (first, second) for _, number in calls.placed]
        assert sorted(numbers) == sorted(callee.number for callee in CALLEES[:6]), seconds
        assert sum(counted.values()) == 6
        assert counted["unknown"] <= 2, "those that were going on"


def test_a_call_that_goes_on_without_us_is_followed_to_its_end(journal):
    journal.add("diwali", "callee-00")
    journal.calling("diwali", "callee-00")
    calls = Calls(going_on={"callee-00"})
    assert run(campaign(journal, calls).run(CALLEES[:1])) == Counter(human=1)
    assert calls.placed == []


def test_who_may_not_be_called_now_is_called_in_the_morning_and_it_is_no_try(journal):
    calls = Calls({CALLEES[0].number: [Refusal.OUTSIDE_HOURS, Outcome.HUMAN]})
    evening = timedelta(hours=16)
    late = Campaign("diwali", calls, journal, PURPOSE, OUTBOUND, now=lambda: now() + evening)
    assert run_long(late.run(CALLEES[:1])) == Counter(human=1)
    [first, second] = placed_to(calls, CALLEES[0])
    assert second - first >= 7 * 3600
    assert journal.entries("diwali")[0].tries == 1


@pytest.mark.parametrize("refusal", [Refusal.DO_NOT_CALL, Refusal.NO_CONSENT, Refusal.UNKNOWN_ZONE])
def test_who_may_not_be_called_at_all_is_done_with(journal, refusal):
    calls = Calls({CALLEES[0].number: [refusal]})
    assert run(campaign(journal, calls).run(CALLEES[:1])) == Counter({refusal.value: 1})
    assert journal.entries("diwali")[0].state == DONE


def test_a_livekit_that_is_gone_ends_the_campaign_and_loses_nobody(journal):
    calls = Calls({CALLEES[1].number: [LiveKitRefused("gone", why="OSError", do="Check LIVEKIT_URL")]})
    with pytest.raises(LiveKitRefused, match="gone"):
        run(campaign(journal, calls).run(CALLEES[:3]))
    states = [entry.state for entry in journal.entries("diwali")]
    assert states[1] == PENDING
    assert journal.entries("diwali")[1].tries == 0


def test_after_an_error_of_our_own_somebody_who_may_have_been_rung_is_not_called_again(journal):
    calls = Calls({CALLEES[0].number: [KeyError("ours")]})
    with pytest.raises(KeyError):
        run(campaign(journal, calls).run(CALLEES[:1]))
    again = Calls()
    assert run(campaign(journal, again).run(CALLEES[:1])) == Counter(unknown=1)
    assert again.placed == []


def test_whoever_asked_is_told_also_of_the_calls_that_a_crash_has_cut(journal):
    for callee in ("callee-00", "callee-01"):
        journal.add("diwali", callee)
        journal.calling("diwali", callee)
    told = []
    again = Campaign(
        "diwali", Calls(going_on={"callee-00"}), journal, PURPOSE, OUTBOUND, now=now,
        told=lambda callee, result: told.append((callee.number, result.outcome)),
    )  # fmt: skip
    run(again.run(CALLEES[:2]))
    assert told == [(CALLEES[1].number, Outcome.UNKNOWN), (CALLEES[0].number, Outcome.HUMAN)]


def test_two_campaigns_share_the_rate_and_the_lines_of_their_trunk(tmp_path):
    """Pins a rate that each process kept for itself: two lists called at once had twice the trunk's."""

    async def scenario():
        journals, calls = [Journal(tmp_path / "phone.db") for _ in range(2)], Calls(seconds=25)
        both = [campaign(journal, calls, name) for journal, name in zip(journals, ("diwali", "holi"), strict=True)]
        lists = (CALLEES[:6], CALLEES[6:12])
        counted = await asyncio.gather(*(each.run(part) for each, part in zip(both, lists, strict=True)))
        for journal in journals:
            journal.close()
        return calls, counted

    calls, counted = run(scenario())
    assert counted == [Counter(human=6), Counter(human=6)]
    times = sorted(at for at, _ in calls.placed)
    assert all(later - earlier >= 9 for earlier, later in itertools.pairwise(times)), "six a minute, of both together"
    assert calls.most_at_once == OUTBOUND.calls_at_once


def test_a_trunks_turn_comes_also_after_the_clock_was_put_back(journal):
    assert journal.take_turn("out", 1000.0, 10.0) == 0.0
    assert journal.take_turn("out", 1004.0, 10.0) == 6.0
    assert journal.take_turn("another", 1004.0, 10.0) == 0.0
    assert journal.take_turn("out", 10.0, 10.0) == 10.0
    assert journal.take_turn("out", 1010.0, 10.0) == 0.0


@pytest.mark.parametrize("name", ["diwali/2026", "..", "दिवाली ऑफ़र"])
def test_a_campaign_may_have_any_name(journal, name):
    assert run(campaign(journal, Calls(), name).run(CALLEES[:1])) == Counter(human=1)


def test_a_campaign_that_is_told_to_stop_lets_calls_end_and_begins_no_other(journal):
    async def scenario():
        calls = Calls()
        one = campaign(journal, calls)
        running = asyncio.create_task(one.run(CALLEES[:10]))
        await wait(15)
        one.stop()
        return await running, calls

    counted, calls = run(scenario())
    assert len(calls.placed) == 2
    assert counted == Counter(human=2, pending=8)
    assert not any(entry.state == CALLING for entry in journal.entries("diwali"))


def test_one_campaign_does_not_run_twice(journal):
    async def scenario():
        running = asyncio.create_task(campaign(journal, Calls()).run(CALLEES[:1]))
        await wait(1)
        with pytest.raises(BadList, match="it runs already"):
            await campaign(journal, Calls()).run(CALLEES[:1])
        await running

    run(scenario())


# ---- the list


def test_a_list_is_read_and_what_cannot_be_called_is_told_by_line(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(
        "name,number,consent,language\nAsha,09812345600,C-1,\nRavi,+91 98123 45601,C-2,ta-IN\n"
        "Mina,12345,C-3,\nAsha again,9812345600,C-4,\nJon,9812345602,C-5,klingon\nZoe,9812345603,,\n",
        encoding="utf-8-sig",
    )
    callees, skipped = read_list(path)
    assert [(callee.number, callee.consent, callee.language) for callee in callees] == [
        ("+919812345600", "C-1", ""), ("+919812345601", "C-2", "ta-IN"), ("+919812345603", "", ""),
    ]  # fmt: skip
    assert [each.line for each in skipped] == [4, 5, 6]
    assert "12345" not in str(skipped)


@pytest.mark.parametrize("content", [b"", b"number,name\n9812345678,A\n", b"\xff\xfe\x00", b'number,consent\n"98,1\n'])
def test_what_is_no_list_is_refused(tmp_path, content):
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(BadList):
        read_list(path)
