"""Calls are ranked by what a supervisor should hear first, and each says why."""

import pytest

from records.attention import WEIGHTS, JudgedCall, JudgedTurn, judged

FINE = {
    "answered": True,
    "end_reason": "said_goodbye",
    "failed": False,
    "rescues": 0,
    "apologies": 0,
    "promise_without_tool": False,
}


def turn(heard="where is my order", *, answered=True, interrupted=False, latency_seconds=1.0):
    return JudgedTurn(heard, answered, interrupted, latency_seconds)


OTHER = turn("and what does it cost then")


@pytest.mark.parametrize(
    ("fields", "turns", "reasons"),
    [
        ({}, [turn(), OTHER], []),
        ({}, [], []),
        ({"end_reason": "busy", "answered": False}, [], ["turned_away"]),
        ({"end_reason": "budget", "answered": False}, [], ["turned_away"]),
        ({"end_reason": "budget"}, [turn(), OTHER], []),
        ({"answered": False}, [], ["unanswered"]),
        ({}, [turn(answered=False), OTHER], []),
        ({"answered": False, "end_reason": "nobody_came"}, [], []),
        ({}, [turn(), turn("where is it then", answered=False)], ["unanswered"]),
        ({}, [turn(), turn("thanks", answered=False)], []),
        ({}, [turn(), turn(None, answered=False)], ["unanswered"]),
        ({"failed": True}, [], ["failed"]),
        ({"rescues": 1}, [], ["rescued"]),
        ({"promise_without_tool": True}, [], ["promise_without_tool"]),
        ({"apologies": 1}, [], ["apologies"]),
        ({}, [turn(), turn("Where is my order?")], ["repeated"]),
        ({}, [turn("मेरा ऑर्डर कब"), turn("mera order kab")], ["repeated"]),
        ({}, [turn("yes"), turn("yes")], []),
        ({}, [turn(None), turn(None)], []),
        ({}, [turn("yes", interrupted=True)] * 2, []),
        ({}, [turn("yes", interrupted=True)] * 3, ["interrupted"]),
        ({}, [turn(latency_seconds=2.1)], ["slow"]),
        ({}, [turn(), OTHER, turn("ok", latency_seconds=4.1)], ["slow"]),
        ({}, [turn(latency_seconds=None)], []),
    ],
)
def test_a_call_has_the_reasons_that_it_has(fields, turns, reasons):
    judgement = judged(JudgedCall(**FINE | fields, turns=turns))
    assert judgement.reasons == reasons
    assert judgement.attention == sum(WEIGHTS[reason] for reason in reasons)


def test_asking_more_often_is_more_urgent_up_to_a_bound():
    attention = [judged(JudgedCall(**FINE, turns=[turn()] * times)).attention for times in range(1, 7)]
    assert attention == [0, 40, 80, 120, 120, 120]


def test_the_latency_of_a_call_is_the_median_of_its_turns():
    judgement = judged(JudgedCall(**FINE, turns=[turn("a", latency_seconds=each) for each in (3.0, 1.0, None, 1.5)]))
    assert (judgement.latency_seconds, judgement.slowest_seconds) == (1.5, 3.0)
