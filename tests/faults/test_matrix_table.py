"""The table of faults: a cell without a row is a hole, and a bad row does not fill one."""

from types import SimpleNamespace

import pytest

from faults.cells import FAULTS, PHASES, PROVIDERS, Cell, every_cell, quick, runnable, tours, why_not
from faults.one_call import Row, judge
from faults.records_line import missing_in
from faults.table import PAGE, cells_in, holes, page


def row(cell, **changes):
    plain = {
        "heard": "the answer",
        "heard_after_seconds": 1.2,
        "longest_silence_seconds": 1.2,
        "goes_on": True,
        "ended_by": "caller",
        "end_reason": "",
        "logged": ("provider.fault llm timeout",),
        "problems": (),
    }
    return Row(cell.provider, cell.fault, cell.phase, **{**plain, **changes})


def test_every_combination_is_run_or_has_a_reason():
    assert len(every_cell()) == len(PROVIDERS) * len(FAULTS) * len(PHASES)
    assert all((why_not(cell) is None) == (cell in runnable()) for cell in every_cell())


def test_a_page_of_all_rows_has_no_hole_and_a_missing_row_is_one():
    rows = {cell.name: row(cell) for cell in runnable()}
    assert holes(rows) == []
    assert cells_in(page(rows)) == set(rows)
    del rows["llm-hang-mid"]
    assert holes(rows) == ["llm-hang-mid"]
    assert "llm-hang-mid" not in cells_in(page(rows))


def test_a_bad_row_is_shown_and_does_not_count():
    cell = Cell("tts", "drop", "never")
    rows = {cell.name: row(cell, problems=("silent for 9.0 s",))}
    assert "silent for 9.0 s" in page(rows)
    assert cells_in(page(rows)) == set()


def test_the_quick_run_meets_every_pair_of_provider_and_fault_once():
    pairs = [cell.pair for cell in quick()]
    assert sorted(pairs) == sorted({cell.pair for cell in runnable()})


def test_calls_with_several_faults_meet_each_of_their_cells_once():
    shared = [cell for tour in tours(runnable()) for cell in tour]
    assert len(shared) == len(set(shared))
    passing = {cell for cell in runnable() if cell.phase in ("mid", "recovers")}
    assert set(shared) == {cell for cell in passing if cell.provider != "records"}
    assert all(len({cell.provider for cell in tour}) == 1 for tour in tours(runnable()))


REPLIES = [SimpleNamespace(answered=True)] * 2
RECORD = {"room": "r", "ended_at": "then", "events_dropped": 0, "turns": [{"replied_at": "then"}] * 2}


@pytest.mark.parametrize(
    ("records", "problem"),
    [
        ([RECORD, RECORD | {"room": "another"}], None),
        ([], "0 records"),
        ([RECORD, RECORD], "2 records"),
        ([RECORD | {"ended_at": None}], "does not end"),
        ([RECORD | {"turns": RECORD["turns"][:1]}], "has 1 replies"),
        ([RECORD | {"events_dropped": 3}], "not whole"),
    ],
)
def test_a_fault_of_the_database_may_cost_no_record_and_no_turn_of_one(records, problem):
    problems = missing_in(records, SimpleNamespace(room="r", turns=REPLIES))
    assert problems == [] if problem is None else problem in problems[0]


def test_a_caller_who_notices_that_the_database_is_away_makes_a_bad_row():
    cell = Cell("records", "refused", "never")
    turn = SimpleNamespace(reply="One moment please.", voice_to_voice_seconds=1.0, started_seconds=1, ended_seconds=2)
    call = SimpleNamespace(
        turns=[turn], ended_by="caller", greeting_seconds=0.5, agent_audio=[(3, 4)], duration_seconds=5, errors=[]
    )
    waits = [{"message": "records.waiting"}, {"message": "apology.spoken", "phrase": "one_moment"}]
    assert "the caller has noticed" in judge(cell, call, waits).problems
    assert judge(cell, call, waits[:1]).good
    assert "not logged" in judge(cell, call, []).problems


@pytest.mark.parametrize(("until_seconds", "good"), [(9.5, True), (14.0, False)])
def test_a_caller_who_hangs_up_with_the_goodbye_is_served_one_who_sits_in_silence_is_not(until_seconds, good):
    """Pins a row that was bad in one run of several: caller and agent hang up in the same moment."""
    turns = [
        SimpleNamespace(reply="", voice_to_voice_seconds=wait, started_seconds=at, ended_seconds=at + 1)
        for at, wait in ((1, 1.0), (6, None))
    ]
    call = SimpleNamespace(
        turns=turns, ended_by="caller", greeting_seconds=0.5, agent_audio=[(3, 5), (8, 9)],
        duration_seconds=until_seconds, errors=[],
    )  # fmt: skip
    told = [{"message": "apology.spoken", "phrase": phrase} for phrase in ("one_moment", "give_up")]
    fault = {"message": "provider.fault", "provider": "stt", "kind": "timeout"}
    row = judge(Cell("stt", "malformed", "never"), call, [fault, *told])
    assert row.heard == "a phrase, then goodbye"
    assert ("neither answered nor ended" not in row.problems) == good


def test_the_documented_table_has_no_hole_and_no_bad_row():
    """A failure is mended by `make matrix` (`python -m faults.matrix --missing` for what changed)."""
    assert {cell.name for cell in runnable()} - cells_in(PAGE.read_text(encoding="utf-8")) == set()
