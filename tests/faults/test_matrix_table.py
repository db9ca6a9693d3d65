"""The table of faults: a cell without a row is a hole, and a bad row does not fill one."""

from faults.cells import FAULTS, PHASES, PROVIDERS, Cell, every_cell, quick, runnable, tours, why_not
from faults.one_call import Row
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
    assert set(shared) == {cell for cell in runnable() if cell.phase in ("mid", "recovers")}
    assert all(len({cell.provider for cell in tour}) == 1 for tour in tours(runnable()))


def test_the_documented_table_has_no_hole_and_no_bad_row():
    """A failure is mended by `make matrix` (`python -m faults.matrix --missing` for what changed)."""
    assert {cell.name for cell in runnable()} - cells_in(PAGE.read_text(encoding="utf-8")) == set()
