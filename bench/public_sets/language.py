"""Count how often a call in one language is answered in another: `python -m bench.public_sets.language FOLDER`.

Every call of Code-Mixed-Dialog is held in one language from its first turn to its last, so each answer in another is a
mistake. The recogniser is played at its least helpful: once without a tag, once with `en-IN` at 0.6 on every turn.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bench.public_sets.code_mixed import FILES, FOLDERS, Exchange, calls
from worker.language import HeardTurn, LanguageState, decide

CLAIMS: dict[str, tuple[str | None, float | None]] = {"no tag": (None, None), "en-IN at 0.6": ("en-IN", 0.6)}


@dataclass(slots=True)
class Jumps:
    """What was counted over the calls of one language."""

    calls: int = 0
    turns: int = 0
    wrong_turns: int = 0
    calls_to_english: int = 0
    calls_to_third_language: int = 0
    causes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(turn that moved the call, language it went to, reason) -> how often."""


def count_jumps(language: str, held: Iterable[list[Exchange]], claim: tuple[str | None, float | None]) -> Jumps:
    """Decide every turn of every call as a call would, begun in its own language."""
    jumps = Jumps()
    for exchanges in held:
        state = LanguageState.start(language)
        answered_in: set[str] = set()
        for exchange in exchanges:
            decision = decide(HeardTurn(exchange.said, *claim), state)
            if decision.language not in (state.language, language):
                jumps.causes[exchange.said, decision.language, decision.reason] += 1
            state = decision.state
            answered_in.add(decision.language)
            jumps.turns += 1
            jumps.wrong_turns += decision.language != language
        jumps.calls += 1
        jumps.calls_to_english += "en-IN" in answered_in and language != "en-IN"
        jumps.calls_to_third_language += bool(answered_in - {language, "en-IN"})
    return jumps


def _row(language: str, claim: str, jumps: Jumps) -> str:
    return (
        f"{language}  {claim:13} {jumps.calls:6} calls, {jumps.turns:6} turns: answered in another language "
        f"{jumps.wrong_turns / jumps.turns:6.2%}, calls to English {jumps.calls_to_english / jumps.calls:6.2%}, "
        f"to a third language {jumps.calls_to_third_language / jumps.calls:6.2%}\n"
    )


def main() -> None:
    """Print one row per language and claim, and on request the turns that moved calls."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="a copy of Code-Mixed-Dialog (with its folder data/)")
    parser.add_argument("--part", choices=sorted(FILES), default="dev", help="test is held back: not for developing")
    parser.add_argument(
        "--causes", type=int, default=0, metavar="N", help="also print the N commonest turns that moved a call"
    )
    options = parser.parse_args()
    if not (options.folder / "data").is_dir():
        parser.error(f"{options.folder} has no folder data/: clone github.com/sumanbanerjee1/Code-Mixed-Dialog there")
    for language in FOLDERS:
        held = list(calls(options.folder, language, options.part))
        for name, claim in CLAIMS.items():
            jumps = count_jumps(language, held, claim)
            sys.stdout.write(_row(language, name, jumps))
            for (said, to, reason), times in jumps.causes.most_common(options.causes):
                sys.stdout.write(f"    {times:4}  {to} ({reason}): {said}\n")


if __name__ == "__main__":
    main()
