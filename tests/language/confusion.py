"""Print how often each language of the corpus is answered in each language: `python -m tests.language.confusion`.

So that a change to a word list shows at once which neighbour it took from. Exits 1 below the goal of 99 %.
"""

from __future__ import annotations

import sys
from collections import Counter

from corpora.language import CORPUS, INDEPENDENT, Turn, turns
from worker.language import SUPPORTED, HeardTurn, LanguageState, decide

GOAL = 0.99


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def answered(turn: Turn) -> tuple[str, str]:
    """The language and reason of the reply to one line of the corpus."""
    decision = decide(HeardTurn(turn.text, turn.tag, 1.0), LanguageState.start(turn.current))
    return decision.language, decision.reason


def report(name: str, corpus: list[Turn]) -> float:
    """Write one table, rows expected and columns answered, then every miss. Returns the share that was right."""
    table = Counter((turn.expected, answered(turn)[0]) for turn in corpus)
    _say(f"\n{name}: {len(corpus)} turns; rows: right reply language, columns: ours")
    _say("       " + "".join(f"{code[:2]:>5}" for code in SUPPORTED))
    for expected in SUPPORTED:
        row = (table[expected, answer] for answer in SUPPORTED)
        _say(f"{expected:7}" + "".join(f"{count or '.':>5}" for count in row))
    misses = [(turn, *answered(turn)) for turn in corpus if answered(turn)[0] != turn.expected]
    for turn, answer, reason in misses:
        _say(f"  {turn.source}: {turn.text!r} -> {answer} ({reason}), right: {turn.expected}")
    share = 1 - len(misses) / len(corpus)
    _say(f"{name}: {share:.1%} right")
    return share


def main() -> int:
    shares = [report("published corpus", turns(CORPUS)), report("independent corpus", turns(INDEPENDENT))]
    return 0 if min(shares) >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
