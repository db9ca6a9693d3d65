"""Reads what a run of the bench is told by the environment."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PARTS = (
    "calls", "unchosen", "fast", "telephone", "outbound", "recording", "telemetry", "overload", "token", "language",
    "end_of_turn", "barge_in", "records", "console",
)  # fmt: skip
SETTINGS = {
    "BENCH_QUICK": "1 makes a short run: a few utterances, one start of each worker",
    "BENCH_OUT": "where the files go, by default out",
    "BENCH_CALLS": "at most so many calls to each contender, for work on the bench itself",
    "BENCH_CAPACITY_MAX": "`make capacity` goes on to so many calls at once, by default 24",
    "BENCH_CAPACITY_TURNS": "so many turns has each of its calls, by default 7",
    "BENCH_PARTS": f"some of {','.join(PARTS)}; by default all",
}
CAPACITY_MAX, CAPACITY_TURNS = 24, 7
FEWEST_CAPACITY_TURNS = 3  # the first and the last are spoken while other callers come and go


@dataclass(frozen=True, slots=True)
class BenchSettings:
    """What a run of the bench measures, and where its files go."""

    quick: bool = False
    out: Path = Path("out")
    most_calls: int = 0
    parts: tuple[str, ...] = PARTS
    capacity_max: int = CAPACITY_MAX
    capacity_turns: int = CAPACITY_TURNS

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> BenchSettings:
        """Raises ValueError with all problems."""
        given = {name: value for name, value in environment.items() if name.startswith("BENCH_") and value}
        problems = [
            f"{name} is not a setting; the nearest is {difflib.get_close_matches(name, SETTINGS, n=1, cutoff=0)[0]}"
            for name in sorted(given.keys() - SETTINGS.keys())
        ]
        quick = given.get("BENCH_QUICK", "0").casefold()
        if quick not in ("0", "1", "true", "false"):
            problems.append("BENCH_QUICK must be 1 or 0")
        calls = given.get("BENCH_CALLS", "0")
        if not calls.isdecimal():
            problems.append("BENCH_CALLS must be a whole number")
        parts = tuple(given.get("BENCH_PARTS", ",".join(PARTS)).split(","))
        if unknown := [part for part in parts if part not in PARTS]:
            problems.append(f"BENCH_PARTS: {', '.join(unknown)} is none of {', '.join(PARTS)}")
        most = _at_least(1, given, "BENCH_CAPACITY_MAX", CAPACITY_MAX, problems)
        turns = _at_least(FEWEST_CAPACITY_TURNS, given, "BENCH_CAPACITY_TURNS", CAPACITY_TURNS, problems)
        if problems:
            raise ValueError("\n".join(problems))
        return cls(quick in ("1", "true"), Path(given.get("BENCH_OUT", "out")), int(calls), parts, most, turns)


def _at_least(fewest: int, given: Mapping[str, str], name: str, otherwise: int, problems: list[str]) -> int:
    value = given.get(name, str(otherwise))
    if value.isdecimal() and int(value) >= fewest:
        return int(value)
    problems.append(f"{name} must be a whole number from {fewest}, not {value!r}")
    return otherwise
