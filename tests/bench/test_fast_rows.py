"""The rows of providers that answer at once: their names and goals, and honest when nobody was answered."""

import pytest

from bench.contenders import VAANI, VAANI_STREAMING
from bench.fast_providers import PROVIDERS, rows_of
from bench.records import TurnRecord


def turn(contender, wait):
    return TurnRecord(contender, "unchosen", "espeak", "en-IN", False, False, False, wait, False, False, chosen=False)


def test_each_worker_has_its_median_beside_the_floor():
    turns = [turn(VAANI.name, wait) for wait in (0.7, 0.9, 0.72)] + [turn(VAANI_STREAMING.name, 0.6)]
    usual, streaming = rows_of(turns, sum(PROVIDERS.values()))
    assert (usual["name"], usual["n"], usual["met"]) == ("voice_to_voice_p50_fast", 3, True)
    assert usual["values"] == {"vaani": 0.72, "p90": pytest.approx(0.86, abs=0.01), "floor": pytest.approx(0.52)}
    assert (streaming["name"], streaming["met"]) == ("voice_to_voice_p50_fast_streaming", False)


def test_without_an_answer_there_is_no_median():
    rows = rows_of([turn(VAANI.name, None)], 0.52)
    assert [one["n"] for one in rows] == [0, 0]
    assert [one["met"] for one in rows] != [True, True]
