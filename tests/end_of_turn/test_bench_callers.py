"""The callers of `make bench`, written without knowledge of the word lists, judged by their words alone."""

import pytest

from bench.utterances import load_table
from worker.end_of_turn import Completeness, Evidence, how_long_to_wait

ROWS = load_table()


@pytest.mark.parametrize("row", [row for row in ROWS if row.paused and row.unfinished], ids=lambda row: row.id)
def test_nobody_is_cut_off_in_the_middle_of_a_sentence(row):
    heard = row.parts[0].rstrip(".?")  # a recogniser may or may not put a full stop at a pause
    assert how_long_to_wait(Evidence(heard, row.language)).seconds > row.pause_seconds


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
@pytest.mark.parametrize("punctuated", [True, False])
def test_nobody_waits_long_after_a_whole_turn(row, punctuated):
    text = row.text if punctuated else row.text.replace("?", "").replace(".", "").replace("।", "")
    assert how_long_to_wait(Evidence(text, row.language)).completeness is not Completeness.UNFINISHED
