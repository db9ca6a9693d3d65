"""Measure what one language decision costs: it is paid on every turn, before the reply can start."""

from __future__ import annotations

import time
from typing import Any

from corpora.language import turns
from worker.language import HeardTurn, LanguageState, decide

GOAL_SECONDS = 0.001
_ROUNDS, _QUICK_ROUNDS = 20, 4


def best_p99_seconds(rounds: int = 5) -> float:
    """The p99 over all turns of what each one costs at best: what the code costs on a machine that others load."""
    corpus = _turns()
    state = LanguageState.start("hi-IN")
    return _p99([min(_cost(turn, state)[0] for _ in range(rounds)) for turn in corpus])


def measure(quick: bool) -> list[dict[str, Any]]:
    """Decide every turn of the published corpus, and long ones made of them; the p99 of one decision.

    The goal is judged on processor time: a decision waits for nothing, so what the wall clock adds is other processes.
    """
    corpus = _turns()
    state = LanguageState.start("hi-IN")
    decide(corpus[0], state)  # the word lists are read once per process, at its start
    processor, wall = [], []
    for _ in range(_QUICK_ROUNDS if quick else _ROUNDS):
        for turn in corpus:
            cost, waited = _cost(turn, state)
            processor.append(cost)
            wall.append(waited)
    p99 = _p99(processor)
    return [
        {
            "name": "language_decision_p99",
            "unit": "seconds",
            "n": len(processor),
            "values": {"vaani": p99, "vaani_wall_clock": _p99(wall)},
            "goal": {"kind": "at_most", "value": GOAL_SECONDS},
            "met": p99 <= GOAL_SECONDS,
        }
    ]


def _turns() -> list[HeardTurn]:
    corpus = [HeardTurn(turn.text, turn.tag, 1.0) for turn in turns()]
    # A caller who tells a whole story in one breath: forty words.
    stories = [turn.text for turn in turns() if not turn.source.startswith("wishes")]
    words = " ".join(stories).split()
    return corpus + [HeardTurn(" ".join(words[start : start + 40])) for start in range(0, len(words) - 40, 40)]


def _cost(turn: HeardTurn, state: LanguageState) -> tuple[float, float]:
    """Processor seconds and wall-clock seconds of one decision."""
    started, started_processor = time.perf_counter(), time.thread_time()
    decide(turn, state)
    return time.thread_time() - started_processor, time.perf_counter() - started


def _p99(samples: list[float]) -> float:
    return sorted(samples)[int(len(samples) * 0.99)]


if __name__ == "__main__":
    for row in measure(quick=False):
        print(row)
