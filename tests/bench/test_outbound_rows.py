"""What the list of a hundred comes to, in the bench's rows."""

from bench.outbound import CALLS_A_MINUTE, CALLS_AT_ONCE, PARTS, Findings, _busiest_minute, people_of, rows_of


def test_a_good_list_meets_every_goal_and_a_bad_one_none():
    good = rows_of(Findings(calls=100, busiest_minute=CALLS_A_MINUTE))
    bad = rows_of(Findings(100, 1, 1, [("busy", "human")], 2, CALLS_A_MINUTE + CALLS_AT_ONCE + 1))
    assert {row["name"] for row in good} == {
        "outbound_hundred_called_twice", "outbound_hundred_left_in_rooms", "outbound_hundred_wrong_outcomes",
        "outbound_hundred_busiest_minute",
    }  # fmt: skip
    assert all(row["met"] and row["n"] == 100 for row in good)
    assert not any(row["met"] for row in bad)


def test_no_call_is_no_good_row():
    assert not any(row["met"] for row in rows_of(Findings()))


def test_the_list_is_a_hundred_people_and_every_stretch_of_it_is_mixed():
    people = list(people_of(PARTS).values())
    assert len(people) == 100
    assert {part: people.count(part) for part in PARTS} == dict(PARTS)
    assert all(len({part.outcome for part in people[at : at + 10]}) >= 4 for at in range(0, 100, 10))


def test_the_busiest_minute_is_found_wherever_it_is():
    assert _busiest_minute([]) == 0
    assert _busiest_minute([0.0, 59.0, 60.0, 61.0, 300.0]) == 3
