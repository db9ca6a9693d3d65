"""The rows about killed calls: what counts as whole, from when a webhook is late, and that either database can miss."""

import pytest

from bench.killed_calls import Found, Plan, Webhook200, is_whole, rows_of

TURNS = [{"number": number, "heard": f"question {number}", "reply": f"answer {number}"} for number in range(1, 5)]
WHOLE = {"end_reason": "said_goodbye", "turns": TURNS, "outcome_status": "ok", "events_dropped": 0}
CUT = WHOLE | {"end_reason": "agent_died", "turns": [TURNS[0], TURNS[1] | {"reply": None}]}


@pytest.mark.parametrize(
    ("record", "whole"),
    [
        (WHOLE, True),
        (CUT, True),
        (WHOLE | {"turns": TURNS[:3]}, False),
        (WHOLE | {"turns": [*TURNS[:2], *TURNS[1:]]}, False),
        (WHOLE | {"turns": [*TURNS[:3], TURNS[3] | {"reply": None}]}, False),
        (CUT | {"turns": TURNS[:1]}, False),
        (WHOLE | {"outcome_status": None}, False),
        (WHOLE | {"events_dropped": 1}, False),
    ],
)
def test_a_record_with_a_turn_too_few_or_too_many_is_not_whole(record, whole):
    assert is_whole(record) is whole


@pytest.mark.parametrize(
    ("ended_at", "arrived_at", "late"),
    [(100, 101, 1), (150, 205, 5), (199, 203, 3), (210, 214, 4), (105, 203, 3), (90, 203, 113), (100, None, None)],
    ids=["before", "while away", "just before its return", "after", "met nobody", "long before it went", "never"],
)
def test_a_webhook_is_late_from_its_calls_end_or_from_when_its_receiver_is_back(ended_at, arrived_at, late):
    receiver = Webhook200(Plan(), away_from=110, back_at=200)
    if arrived_at is not None:
        receiver.arrived["call"] = [arrived_at]
    assert receiver.seconds_late("call", ended_at) == late


@pytest.mark.parametrize(
    ("postgresql", "met"),
    [(Found(0, 0, 9.0), [True, True]), (Found(1, 0, 9.0), [False, True]), (Found(0, 0, None), [True, False])],
)
def test_a_row_is_met_where_both_databases_have_met_it(postgresql, met):
    rows = rows_of({"vaani": Found(0, 0, 2.0), "vaani_postgresql": postgresql}, 200)
    assert [row["met"] for row in rows] == met
