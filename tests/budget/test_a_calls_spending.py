"""A caller is warned when little is left, told when nothing is, and never waits for the reckoning."""

import asyncio
from datetime import date
from types import SimpleNamespace

import pytest
from livekit import rtc

from records.budgets import Limits, Scope, Verdict
from worker import log_events
from worker.bill import Bill
from worker.conversation import spending as module
from worker.conversation.speaker import NobodyListensError
from worker.conversation.spending import BudgetParts, Spending
from worker.text.phone_numbers import fingerprint

KEY = "a-livekit-api-secret-of-some-length"
PHONE, PAGE = rtc.ParticipantKind.PARTICIPANT_KIND_SIP, rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
NOON_IN_INDIA = 1_795_933_800.0  # 2026-11-29 12:00 IST
DEAREST, USUAL, AFTERWARDS = 4.0, 0.75, 0.1


class Claims:
    """Answers as a test tells it, or not at all."""

    def __init__(self, address, limits, call, generation, day):
        self.about = (address, call, generation, day)
        self.made, self.verdicts, self.closed = [], [], False
        self.decided = None
        self._one_made, self._answers = asyncio.Event(), []

    async def open(self):
        return None

    def make(self, caller, spent, ask):
        self.made.append((caller, spent, ask))
        self._one_made.set()
        if self.verdicts:
            verdict = self.verdicts.pop(0) if len(self.verdicts) > 1 else self.verdicts[0]
            self._answers.append(asyncio.create_task(self._answer(verdict)))

    async def _answer(self, verdict):
        self.decided(verdict)

    async def answered(self, claims=0):
        """Wait until so many claims have been made, and each that was made has its verdict, if it gets one."""
        async with asyncio.timeout(5):
            while len(self.made) < claims:
                self._one_made.clear()
                await self._one_made.wait()
            await asyncio.gather(*self._answers)

    async def aclose(self):
        await self.answered()
        self.closed = True


def granted(committed=DEAREST, **left):
    return Verdict(True, committed, {Scope(scope): rupees for scope, rupees in left.items()})


def used_up(scope):
    return Verdict(False, 0.0, {scope: 0.0}, scope)


class Call:
    """A call's surroundings: what is said, logged and ended in it."""

    def __init__(self, monkeypatch, verdicts=(), limits=None, caller="", listens=True, **more):
        self.did, self.handlers, self.rupees, self.listens = [], {}, 0.0, listens
        self.session = SimpleNamespace(on=self.handlers.__setitem__, agent_state="listening")
        self.ending = SimpleNamespace(begun=False, end=self.end)
        speaker = SimpleNamespace(say=self.say, told=lambda code, phrase: self.did.append(f"tells {code}"))
        reports = SimpleNamespace(
            event=lambda name, **about: self.did.append(f"logs {name}, {about.get('budget') or about['reason']}"),
            turns=3,
            cost=lambda: SimpleNamespace(bill=Bill(self.rupees)),
        )  # fmt: skip
        self.claims = None

        def claims_of(*about):
            self.claims = Claims(*about)
            self.claims.verdicts = list(verdicts)
            return self.claims

        monkeypatch.setattr(module, "Claims", claims_of)
        parts = BudgetParts(
            limits or Limits(call=10.0), "address", "call-1", more.pop("generation", 0), caller, KEY, "Asia/Kolkata",
            DEAREST, USUAL, afterwards=AFTERWARDS, **more,
        )  # fmt: skip
        self.spending = Spending(self.session, parts, speaker, self.ending, reports)

    def say(self, phrase):
        if not self.listens:
            raise NobodyListensError(phrase)
        self.did.append(f"says {phrase}")

    def end(self, reason, phrase):
        self.ending.begun = True
        self.did.append(f"ends: {reason}, {phrase}")

    async def spoke(self, rupees, then="listening"):
        """The agent has answered, and the call has cost so much by now."""
        self.rupees, self.session.agent_state = rupees, then
        self.handlers["agent_state_changed"](SimpleNamespace(old_state="speaking", new_state=then))
        await self.claims.answered()

    async def begun(self):
        await self.spending.begin(NOON_IN_INDIA)
        return self

    async def over(self, outcome=0.0):
        self.handlers["close"](None)
        self.rupees += outcome
        await self.spending.aclose()


async def test_each_turn_is_claimed_before_it_and_settled_behind_it(monkeypatch):
    call = await Call(monkeypatch, [granted(call=9.0)], caller="asha").begun()
    await call.spoke(0.5)
    await call.spoke(1.25)
    await call.over(outcome=0.25)
    assert call.claims.about == ("address", "call-1", 0, date(2026, 11, 29))
    assert call.claims.made == [
        ("asha", 0.0, DEAREST), ("asha", 0.5, DEAREST), ("asha", 1.25, DEAREST), ("asha", 1.25, AFTERWARDS),
        ("asha", 1.5, 0.0),
    ]  # fmt: skip
    assert call.did == []
    assert call.claims.closed


@pytest.mark.parametrize(
    ("limits", "left", "warns"),
    [
        (Limits(call=10.0), {"call": 2.01}, False),
        (Limits(call=10.0), {"call": 2.0}, True),  # a fifth of it
        (Limits(call=2.0), {"call": 1.5}, True),  # two usual turns, though most of it is left
        (Limits(day=1000.0), {"day": 100.0}, False),  # a fifth of a day's is not this call's
        (Limits(day=1000.0), {"day": 1.5}, True),
        (Limits(caller_day=50.0), {"caller_day": 1.51}, False),
        (Limits(caller_day=50.0), {"caller_day": 1.5}, True),
    ],
)
async def test_a_caller_is_warned_when_little_is_left(monkeypatch, limits, left, warns):
    call = await Call(monkeypatch, [granted(**left)], limits).begun()
    assert call.did == []  # not before the greeting
    await call.spoke(0.0)
    (scope,) = left
    warning = [f"logs {log_events.BUDGET_NEARLY_USED_UP}, {scope}", "tells budget_warning", "says budget_warning"]
    assert call.did == (warning if warns else [])
    await call.over()


async def test_a_caller_is_warned_once_and_not_in_the_middle_of_an_answer(monkeypatch):
    call = await Call(monkeypatch, [granted(call=1.0)]).begun()
    await call.spoke(0.5, then="thinking")  # the caller has said something meanwhile
    assert call.did == []
    await call.spoke(0.75)
    await call.spoke(1.0)
    assert call.did.count("says budget_warning") == 1
    await call.over()


async def test_dear_turns_are_warned_of_sooner(monkeypatch):
    call = await Call(monkeypatch, [granted(day=9.0), granted(day=5.0)], Limits(day=100.0)).begun()
    await call.spoke(3.0)
    assert "says budget_warning" in call.did  # two more such turns do not fit
    await call.over()


@pytest.mark.parametrize(
    ("scope", "phrase"),
    [(Scope.CALL, "budget_up"), (Scope.CALLER_DAY, "day_is_up"), (Scope.DAY, "day_is_up")],
)
async def test_with_nothing_left_the_caller_is_told_and_the_call_ends_once(monkeypatch, scope, phrase):
    call = await Call(monkeypatch, [granted(), used_up(scope)]).begun()
    await call.spoke(2.0)
    await call.spoke(3.0)
    assert call.did == [
        f"logs {log_events.BUDGET_USED_UP}, {scope}", f"tells budget_{scope}", f"ends: budget, {phrase}",
    ]  # fmt: skip
    await call.over()


@pytest.mark.parametrize(("second", "ends"), [(granted(call=9.0), False), (used_up(Scope.CALL), True)])
async def test_who_takes_a_call_over_waits_for_the_agent_before_to_settle(monkeypatch, second, ends):
    monkeypatch.setattr(module, "SETTLING_SECONDS", 0.01)
    call = await Call(monkeypatch, [used_up(Scope.CALL), second], generation=1).begun()
    assert not call.ending.begun
    await call.claims.answered(2)
    assert call.ending.begun is ends
    await call.over()


async def test_who_was_called_is_not_asked_to_call_again_tomorrow(monkeypatch):
    call = await Call(monkeypatch, [used_up(Scope.DAY)], is_outbound=True).begun()
    assert call.did[-1] == "ends: budget, budget_up"
    await call.over()


async def test_a_used_up_day_is_said_before_any_greeting(monkeypatch):
    call = await Call(monkeypatch, [used_up(Scope.DAY)]).begun()
    assert call.did == [
        f"logs {log_events.BUDGET_USED_UP}, day", f"logs {log_events.CALL_REFUSED}, budget_day", "tells budget_day",
        "ends: budget, day_is_up",
    ]  # fmt: skip
    await call.over()


async def test_nobody_waits_for_a_verdict_that_does_not_come(monkeypatch):
    monkeypatch.setattr(module, "FIRST_VERDICT_SECONDS", 0.01)
    call = Call(monkeypatch)
    async with asyncio.timeout(5):
        await call.begun()
        await call.spoke(1.0)
        await call.over()
    assert (call.did, call.ending.begun) == ([], False)


async def test_a_verdict_that_comes_late_ends_the_call_then(monkeypatch):
    monkeypatch.setattr(module, "FIRST_VERDICT_SECONDS", 0.01)
    call = await Call(monkeypatch).begun()
    call.claims.decided(used_up(Scope.CALLER_DAY))
    assert call.did[-1] == "ends: budget, day_is_up"
    await call.over()


async def test_a_turn_that_becomes_dear_claims_again(monkeypatch):
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    call = await Call(monkeypatch, [granted(committed=DEAREST, call=9.0)]).begun()
    call.rupees = 2.5  # more than half of what was granted, and the caller is silent on an open line
    await call.claims.answered(2)
    assert call.claims.made[1] == (None, 2.5, DEAREST)
    await call.over()


async def test_a_phone_is_known_by_its_number_and_a_page_by_its_ticket(monkeypatch):
    number = SimpleNamespace(attributes={"sip.phoneNumber": "+919876543210"}, kind=PHONE)
    for ticket, caller in (("", fingerprint("+919876543210", KEY)), ("asha", "asha")):
        call = Call(monkeypatch, [granted(call=9.0)], caller=ticket)
        call.spending.met(number)
        await call.begun()
        assert call.claims.made[0][0] == caller
        await call.over()
    for said in ({}, {"sip.phoneNumber": "+919876543210"}):  # a page can say that it is anybody
        call = Call(monkeypatch, [granted(call=9.0)])
        call.spending.met(SimpleNamespace(attributes=said, kind=PAGE))
        await call.begun()
        assert call.claims.made[0][0] is None
        await call.over()


async def test_a_caller_who_leaves_is_told_nothing(monkeypatch):
    call = await Call(monkeypatch, [granted(call=1.0)], listens=False).begun()
    await call.spoke(0.5)
    assert "says budget_warning" not in call.did
    await call.over()


async def test_a_day_is_a_day_where_the_deployment_is(monkeypatch):
    call = Call(monkeypatch, [granted(call=9.0)])
    await call.spending.begin(NOON_IN_INDIA - 11.9 * 3600)  # 00:06 in India, the day before in UTC
    assert call.claims.about[3] == date(2026, 11, 29)
    await call.over()


async def test_without_budgets_nothing_is_done(monkeypatch):
    session = SimpleNamespace(on=lambda *_: None)
    spending = Spending(session, None, None, None, None)
    spending.met(SimpleNamespace(attributes={"sip.phoneNumber": "+919876543210"}, kind=PHONE))
    await spending.begin(NOON_IN_INDIA)
    await spending.aclose()
